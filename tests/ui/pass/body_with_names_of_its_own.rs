//! Items inside and outside the body keep their meaning: what the expansion adds is not in the body's scope.
#![deny(warnings)]
#![allow(non_camel_case_types)]
use cachefn::{Config, cached};

const SITE: u64 = 100;
struct Shape;
struct begin(u64);

#[cached]
async fn sum(id: u64) -> u64 {
    const CALL: u64 = SITE;
    fn run(begin(value): begin) -> u64 {
        value
    }
    let _: Shape = Shape;
    run(begin(id)) + CALL
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((sum(7).await, sum(7).await, refresh_sum(7).await), (107, 107, 107));
}
