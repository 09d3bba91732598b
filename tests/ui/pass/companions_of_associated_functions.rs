//! A function of a type that takes no `self` says `companions = Self` where nothing else shows where it stands.
#![deny(warnings)]
use cachefn::{Config, cached};

struct User;

impl User {
    #[cached(key = id, companions = Self)]
    pub async fn find(id: u64) -> u64 {
        id * 2
    }

    #[cached(key = id, companions = Self)]
    async fn held(&self, id: u64) -> u64 {
        id * 2
    }
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((User::find(7).await, User::refresh_find(7).await, User.refresh_held(7).await), (14, 14, 14));
    let _ = (User::invalidate_find(7).await, User::invalidate_all_find().await, User::invalidate_held(7).await);
    assert_eq!(User.held(7).await, 14);
}
