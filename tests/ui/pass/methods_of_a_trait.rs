//! A native `async fn` of a trait's implementation is cached, and nothing is added that the trait lacks.
#![deny(warnings)]
use cachefn::{Config, cached};

trait Find {
    fn find(&self, id: u64) -> impl Future<Output = Option<u64>> + Send;
    #[allow(async_fn_in_trait)]
    async fn list(&self) -> Vec<u64>;
    #[allow(async_fn_in_trait)]
    async fn count(of: &[u64]) -> usize;
}

struct Repo(Vec<u64>);

impl Find for Repo {
    #[cached(key = id)]
    async fn find(&self, id: u64) -> Option<u64> { self.0.iter().copied().find(|&known| known == id) }
    #[cached(skip(self))]
    async fn list(&self) -> Vec<u64> { self.0.clone() }
    #[cached(companions = false)]
    async fn count(of: &[u64]) -> usize { of.len() }
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let (full, empty) = (Repo(vec![7]), Repo(vec![]));
    assert_eq!((full.find(7).await, empty.find(7).await, full.list().await, empty.list().await), (Some(7), Some(7), vec![7], vec![7]));
    assert_eq!(Repo::count(&[7]).await, 1);
}
