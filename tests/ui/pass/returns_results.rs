//! Of a `Result` only `Ok` is stored, and of `Ok(Option)` only `Some`, also behind aliases.
#![deny(warnings)]
use cachefn::{Config, cached};
use std::cell::Cell;

type Rows = Result<Option<u32>, std::fmt::Error>;

#[cached(key = id)]
async fn one(id: u32, runs: &Cell<u32>) -> std::io::Result<u32> {
    runs.set(runs.get() + 1);
    if id > 0 { Ok(id) } else { Err(std::io::ErrorKind::Other.into()) }
}

#[cached(key = id)]
async fn rows(id: u32, runs: &Cell<u32>) -> Rows {
    runs.set(runs.get() + 1);
    if id > 9 { Err(std::fmt::Error) } else { Ok(Some(id).filter(|id| *id > 0)) }
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let runs = Cell::new(0);
    assert_eq!((one(7, &runs).await.ok(), one(7, &runs).await.ok(), runs.take()), (Some(7), Some(7), 1));
    assert!(one(0, &runs).await.is_err() && one(0, &runs).await.is_err() && runs.take() == 2);
    assert!(rows(10, &runs).await.is_err() && rows(10, &runs).await.is_err() && runs.take() == 2);
    assert_eq!((rows(0, &runs).await, rows(0, &runs).await, runs.take()), (Ok(None), Ok(None), 2));
    assert_eq!((rows(7, &runs).await, rows(7, &runs).await, runs.take()), (Ok(Some(7)), Ok(Some(7)), 1));
}
