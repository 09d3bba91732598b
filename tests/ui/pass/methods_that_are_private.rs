//! A private method has companions where it is said that it is no trait's.
#![deny(warnings)]
use cachefn::{Config, cached};

#[derive(Clone)]
struct Repo(u64);

impl Repo {
    #[cached(key = (self.0, id), companions = true)]
    async fn asked(mut self, id: u64, more: u64) -> u64 {
        self.0 += more;
        self.0 + id
    }

    #[cached(key = id)]
    pub(self) async fn visible(self: Box<Self>, id: u64, more: u64) -> u64 {
        self.0 + id + more
    }
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let repo = Repo(1);
    assert_eq!((repo.clone().asked(7, 0).await, repo.clone().asked(7, 1).await), (8, 8));
    let _ = (repo.invalidate_asked(7).await, Repo::invalidate_visible(7).await);
    assert_eq!((repo.clone().asked(7, 2).await, repo.clone().refresh_asked(7, 3).await), (10, 11));
    assert_eq!((Box::new(repo.clone()).visible(7, 0).await, Box::new(repo).visible(7, 1).await), (8, 8));
}
