//! Parentheses around a value change nothing.
#![deny(warnings)]
#![allow(unused_parens)]
use cachefn::{Config, cached};

#[cached(key = ("{id}:twice"), expire = (300), when = (|double: &u64| *double > 1), tags = [("doubles")])]
async fn double(id: u64) -> u64 {
    id * 2
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((double(7).await, double(7).await), (14, 14));
    let _ = invalidate_double(7).await;
}
