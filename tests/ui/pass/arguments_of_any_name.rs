//! What the expansion names and what the arguments are called never meet.
#![deny(warnings)]
use cachefn::{Config, cached};

#[cached(key = (key, cache, result, value, call, site, body))]
async fn sum(key: u64, cache: u64, result: u64, value: u64, call: u64, site: u64, body: u64) -> u64 {
    key + cache + result + value + call + site + body
}

#[cached(key = "{r#type}:{r#in}:{fn}")]
async fn r#match(r#type: u64, r#in: u64) -> u64 {
    r#type + r#in
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((sum(1, 2, 3, 4, 5, 6, 7).await, refresh_sum(1, 2, 3, 4, 5, 6, 7).await), (28, 28));
    assert_eq!((r#match(1, 2).await, refresh_match(1, 2).await), (3, 3));
    let _ = (invalidate_sum(1, 2, 3, 4, 5, 6, 7).await, invalidate_match(1, 2).await);
}
