//! A key is a tuple, a call, a macro or a constant, and what it does not use changes nothing.
#![deny(warnings)]
use cachefn::{Config, cached};

const REGION: &str = "eu";

mod keys {
    pub(crate) fn lower(name: &str) -> String {
        name.to_lowercase()
    }
}

#[cached(key = (org, name.to_uppercase(), REGION))]
async fn tuple(org: u64, name: &str, n: u64) -> String {
    format!("{org}{name}{n}")
}

#[cached(key = format!("{org}-{}", [0].map(|_| keys::lower(name)).concat()))]
async fn written(org: u64, name: &str, n: u64) -> String {
    format!("{org}{name}{n}")
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((tuple(1, "a", 2).await, tuple(1, "A", 3).await), ("1a2".into(), "1a2".to_owned()));
    assert_eq!((written(1, "a", 2).await, written(1, "A", 3).await), ("1a2".into(), "1a2".to_owned()));
    let _ = (invalidate_tuple(1, "A").await, invalidate_written(1, "A").await);
    assert_eq!((tuple(1, "A", 3).await, written(1, "A", 3).await), ("1A3".into(), "1A3".to_owned()));
}
