//! `Arc<T>` is stored as its `T`, which need not be `Clone`; a hit is the same allocation.
#![deny(warnings)]
use std::sync::Arc;

use cachefn::cached;

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Large(Vec<u8>);

type Shared<T> = Arc<T>;

#[cached(when = |large: &Large| !large.0.is_empty())]
async fn large(size: usize) -> Result<Shared<Large>, std::convert::Infallible> {
    Ok(Arc::new(Large(vec![0; size])))
}

#[cached]
async fn text(size: usize) -> Arc<str> {
    "x".repeat(size).into()
}

#[cached]
async fn maybe(size: usize) -> Option<Arc<[u8]>> {
    (size > 0).then(|| vec![0; size].into())
}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert!(Arc::ptr_eq(&large(3).await.unwrap(), &large(3).await.unwrap()));
    assert!(!Arc::ptr_eq(&large(0).await.unwrap(), &large(0).await.unwrap()));
    assert!(Arc::ptr_eq(&text(3).await, &text(3).await));
    assert!(Arc::ptr_eq(&maybe(3).await.unwrap(), &maybe(3).await.unwrap()));
    assert_eq!(maybe(0).await, None);
}
