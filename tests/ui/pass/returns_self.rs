//! `Self` in the return type is the type of the `impl`, which the attribute does not see.
#![deny(warnings)]
use cachefn::{Config, cached};

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct User<T> {
    id: u64,
    tag: T,
}

impl User<u8> {
    #[cached(key = id)]
    async fn load(id: u64, tag: u8) -> Option<Self> {
        Some(Self { id, tag })
    }
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!(User::load(7, 1).await, Some(User { id: 7, tag: 1 }));
    assert_eq!(User::load(7, 2).await, Some(User { id: 7, tag: 1 }));
    assert_eq!(User::refresh_load(7, 3).await, User::load(7, 4).await);
    let _ = (User::invalidate_load(7).await, User::invalidate_all_load().await);
    assert_eq!(User::load(7, 5).await, Some(User { id: 7, tag: 5 }));
}
