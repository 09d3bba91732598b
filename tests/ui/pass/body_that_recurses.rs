//! A cached function may call itself through `Box::pin`, and every step of the way down is cached.
#![deny(warnings)]
use cachefn::{Config, cached};
use std::cell::Cell;

#[cached(key = n)]
async fn fibonacci(n: u64, runs: &Cell<u32>) -> u64 {
    runs.set(runs.get() + 1);
    if n < 2 {
        return n;
    }
    Box::pin(fibonacci(n - 1, runs)).await + Box::pin(fibonacci(n - 2, runs)).await
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let runs = Cell::new(0);
    assert_eq!((fibonacci(80, &runs).await, runs.get()), (23_416_728_348_467_685, 81));
}
