//! Every receiver works; the key may use `self`, or leave it out.
#![deny(warnings)]
use cachefn::{Config, cached};
use std::sync::Arc;

struct Repo(u64);

impl Repo {
    #[cached(key = (self.0, id))]
    pub async fn shared(&self, id: u64) -> u64 {
        self.0 + id
    }
    #[cached(skip(self))]
    pub async fn unique(&mut self, id: u64) -> u64 {
        self.0 += id;
        self.0
    }
    #[cached(key = "{self.0}:{id}", namespace = "repo:{self.0}")]
    pub async fn counted(self: Arc<Self>, id: u64) -> u64 {
        self.0 + id
    }
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let (repo, mut other) = (Arc::new(Repo(1)), Repo(2));
    assert_eq!((repo.shared(7).await, other.shared(7).await, repo.clone().counted(7).await), (8, 9, 8));
    assert_eq!((other.unique(7).await, other.unique(7).await, other.refresh_unique(7).await), (9, 9, 16));
}
