//! Other attributes stay where they are: above they see the function, below they see it with its cache.
#![deny(warnings)]
use cachefn::{cached, invalidates};

/// Documented.
#[must_use]
#[cached(expire = 300)]
#[tracing::instrument(skip(name))]
#[inline]
pub async fn greet(id: u64, name: &str) -> String {
    tracing::info!("not a hit");
    format!("{id} {name}")
}

#[tracing::instrument]
#[cached(key = id)]
#[allow(clippy::unused_async)]
async fn double(id: u64) -> Result<u64, std::fmt::Error> {
    Ok(id * 2)
}

#[invalidates(double(id), greet(*))]
#[tracing::instrument(err)]
async fn write(id: u64) -> Result<(), std::fmt::Error> {
    if id == 0 { Err(std::fmt::Error) } else { Ok(()) }
}

#[cached(key = "{fn}:{id}")]
#[invalidates(double(id))]
async fn both(id: u64) -> u64 {
    id
}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!(greet(1, "Ada").await, "1 Ada");
    assert_eq!((double(2).await, double(2).await), (Ok(4), Ok(4)));
    assert!(write(0).await.is_err() && write(2).await.is_ok());
    assert_eq!((both(1).await, both(1).await), (1, 1));
}
