//! An `async fn` of a trait's implementation is cached, and nothing is added that the trait lacks.
#![deny(warnings)]
use cachefn::{Config, cached};

trait Find {
    fn find(&self, id: u64) -> impl Future<Output = Option<u64>> + Send;
    fn count(of: &[u64]) -> impl Future<Output = usize>;
}

struct Repo(Vec<u64>);

impl Find for Repo {
    #[cached(key = id)]
    async fn find(&self, id: u64) -> Option<u64> {
        self.0.iter().copied().find(|known| *known == id)
    }

    #[cached(companions = false)]
    async fn count(of: &[u64]) -> usize {
        of.len()
    }
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((Repo(vec![7]).find(7).await, Repo(vec![]).find(7).await), (Some(7), Some(7)));
    assert_eq!((Repo::count(&[7]).await, Repo::count(&[7]).await), (1, 1));
}
