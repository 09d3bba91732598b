//! Every receiver works; `pub` methods have companions, private ones of a trait or on request.
#![deny(warnings)]
use cachefn::{Config, cached};
use std::sync::Arc;

#[derive(Clone, Default)]
struct Repo { region: u64, reads: u64 }

impl Repo {
    #[cached(key = (self.region, id))]
    pub async fn shared(&self, id: u64) -> u64 { self.reads + id }
    #[cached(skip(self))]
    pub async fn unique(&mut self, id: u64) -> u64 { self.reads += 1; self.reads + id }
    #[cached(key = "{self.region}:{id}", namespace = "repo:{self.region}")]
    pub async fn counted(self: Arc<Self>, id: u64) -> u64 { self.reads + id }
    #[cached(key = id, companions = true)]
    async fn owned(mut self, id: u64) -> u64 { self.reads += 1; self.reads + id }
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let mut repo = Repo::default();
    assert_eq!((repo.unique(1).await, repo.unique(1).await, repo.refresh_unique(1).await), (2, 2, 3));
    assert_eq!((repo.shared(1).await, Arc::new(repo.clone()).counted(1).await, repo.clone().owned(1).await), (3, 3, 4));
    repo.reads = 9;
    assert_eq!((repo.shared(1).await, Arc::new(repo.clone()).counted(1).await, repo.clone().owned(1).await), (3, 3, 4));
    let _ = (repo.invalidate_shared(1).await, repo.invalidate_counted(1).await, Repo::invalidate_owned(1).await);
    assert_eq!((repo.shared(1).await, Arc::new(repo.clone()).counted(1).await, repo.owned(1).await), (10, 10, 11));
}
