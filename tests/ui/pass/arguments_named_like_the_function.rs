//! An argument may hide the function's own name, from the body and from `refresh_…`.
#![deny(warnings)]
use cachefn::{Config, cached};

#[cached]
async fn page(page: u64) -> u64 {
    page + 1
}

struct Repo;

impl Repo {
    #[cached(key = find)]
    pub async fn find(&self, find: u64) -> u64 {
        find + 1
    }
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((page(7).await, refresh_page(7).await, page(7).await), (8, 8, 8));
    assert_eq!((Repo.find(7).await, Repo.refresh_find(7).await, Repo.find(7).await), (8, 8, 8));
    let _ = (invalidate_page(7).await, Repo::invalidate_find(7).await);
}
