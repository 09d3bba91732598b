//! What generated code names and what the arguments are named never meet; neither do items beside the body.
#![deny(warnings)]
use cachefn::{Config, cached};

#[allow(non_upper_case_globals)]
const SITE: u64 = 100;

#[cached(namespace = "names", key = (key, cache, result, value, r#type, r#in, call, site, body, site_))]
#[allow(clippy::too_many_arguments)]
async fn named(key: u64, cache: u64, result: u64, value: u64, r#type: u64, r#in: u64, call: u64, site: u64, body: u64, site_: u64) -> u64 {
    const LOCAL: u64 = SITE;
    fn run(value: u64) -> u64 { value }
    run(key + cache + result + value + r#type + r#in + call + site + body + site_ + LOCAL)
}

#[cached(key = "{r#type}:{fn}")]
async fn r#match(r#type: u64) -> u64 {
    r#type
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!(named(1, 2, 3, 4, 5, 6, 7, 8, 9, 10).await, 155);
    assert_eq!(refresh_named(1, 2, 3, 4, 5, 6, 7, 8, 9, 10).await, 155);
    assert_eq!(r#match(1).await, refresh_match(1).await);
    let _ = (invalidate_named(1, 2, 3, 4, 5, 6, 7, 8, 9, 10).await, invalidate_match(1).await);
}
