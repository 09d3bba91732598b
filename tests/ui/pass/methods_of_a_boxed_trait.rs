//! Under `#[async_trait]`, which has rewritten the function before the attribute sees it.
#![deny(warnings)]
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use async_trait::async_trait;
use cachefn::{cached, invalidates};

#[async_trait]
trait Repo: Send + Sync {
    async fn get(&self, id: u64) -> Result<Option<String>, Box<dyn std::error::Error>>;
    async fn put(&self, id: u64, name: &str) -> Result<(), std::fmt::Error>;
    async fn count(of: &[u64]) -> usize
    where
        Self: Sized;

    #[cached(namespace = "boxed", key = (page, self.size()))]
    async fn page(self: Arc<Self>, page: u64) -> Vec<u64> {
        (page..page + self.size()).collect()
    }

    fn size(&self) -> u64 {
        3
    }
}

#[derive(Default)]
struct Rows<T> {
    reads: AtomicU64,
    marker: std::marker::PhantomData<fn() -> T>,
}

#[async_trait]
impl<T: 'static> Repo for Rows<T> {
    #[cached(expire = 300, namespace = "boxed:{id}", key = id, tags = ["boxed:{id}"])]
    async fn get(&self, id: u64) -> Result<Option<String>, Box<dyn std::error::Error>> {
        let read = self.reads.fetch_add(1, Ordering::SeqCst);
        if id == 0 {
            return Err("nobody")?;
        }
        Ok(Some(format!("{id} read {read}")))
    }

    #[invalidates(tag("boxed:{id}"))]
    async fn put(&self, id: u64, name: &str) -> Result<(), std::fmt::Error> {
        if name.is_empty() || id == 0 { Err(std::fmt::Error) } else { Ok(()) }
    }

    #[cached(companions = false)]
    async fn count(of: &[u64]) -> usize {
        of.len()
    }
}

fn is_send<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let rows = Arc::new(Rows::<u8>::default());
    for _ in 0..2 {
        assert_eq!(is_send(rows.get(7)).await.unwrap().unwrap(), "7 read 0");
    }
    rows.put(7, "").await.unwrap_err();
    assert_eq!(rows.get(7).await.unwrap().unwrap(), "7 read 0");
    rows.put(7, "x").await.unwrap();
    assert_eq!(rows.get(7).await.unwrap().unwrap(), "7 read 1");
    assert!(rows.get(0).await.is_err());
    assert_eq!((Rows::<u8>::count(&[1]).await, Rows::<u8>::count(&[1]).await), (1, 1));
    assert_eq!(Arc::clone(&rows).page(4).await, [4, 5, 6]);
    let other: Arc<dyn Repo> = rows;
    assert_eq!(other.page(4).await, [4, 5, 6]);
}
