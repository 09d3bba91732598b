//! `impl Trait` in an argument and named generics, of which no argument tells the companions.
#![deny(warnings)]
use cachefn::{Config, cached};

trait Loader {
    fn n() -> u64;
}

struct Seven;

impl Loader for Seven {
    fn n() -> u64 {
        7
    }
}

#[cached(key = id.as_ref())]
async fn load<T: Loader>(id: impl AsRef<str>) -> u64 {
    let _ = id;
    T::n()
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((load::<Seven>("a").await, refresh_load::<Seven>("a").await), (7, 7));
    let _ = invalidate_load("a").await;
}
