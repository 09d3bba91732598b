//! Types and modules may be called like those of the standard library: generated paths start at the root.
#![deny(warnings)]
#![allow(dead_code)]
use cachefn::cached;
use std::cell::Cell;

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Result(u64);
struct Option;
struct Box;
struct String;
struct Some;
struct Ok;
struct Site;
mod core {}

#[cached(key = id)]
async fn wrapped(id: u64, runs: &Cell<u64>, _: (Option, Box, String, Some, Ok, Site)) -> Result {
    runs.set(runs.get() + 1);
    Result(id + runs.get())
}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let (runs, handles) = (Cell::new(0), || (Option, Box, String, Some, Ok, Site));
    assert_eq!(wrapped(7, &runs, handles()).await, Result(8));
    assert_eq!(wrapped(7, &runs, handles()).await, Result(8));
}
