//! A plain value is stored; of an `Option`, also behind an alias, `Some` is and `None` is not.
#![deny(warnings)]
use cachefn::{Config, cached};
use std::cell::Cell;

type Maybe<T> = Option<T>;

#[cached(key = id)]
async fn plain(id: u32, runs: &Cell<u32>) -> [u32; 2] {
    runs.set(runs.get() + 1);
    [id; 2]
}

#[cached(key = id)]
async fn maybe(id: u32, runs: &Cell<u32>) -> Maybe<String> {
    runs.set(runs.get() + 1);
    (id > 0).then(|| id.to_string())
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let runs = Cell::new(0);
    assert_eq!((plain(7, &runs).await, plain(7, &runs).await, runs.take()), ([7, 7], [7, 7], 1));
    assert_eq!((maybe(0, &runs).await, maybe(0, &runs).await, runs.take()), (None, None, 2));
    assert_eq!((maybe(7, &runs).await, maybe(7, &runs).await), (Some("7".into()), Some("7".into())));
    assert_eq!(runs.take(), 1);
}
