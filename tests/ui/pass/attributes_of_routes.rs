//! A route attribute above takes the function with its cache; its companions are inside of what it makes of it.
#![deny(warnings)]
use std::sync::atomic::{AtomicU32, Ordering};

use cachefn::{cached, invalidates};
use cachefn_tests_routes::get;

static RUNS: AtomicU32 = AtomicU32::new(0);

/// Documented.
#[get("/users")]
#[cached(expire = 300, namespace = "routes")]
pub async fn users() -> String {
    format!("users, read {}", RUNS.fetch_add(1, Ordering::SeqCst))
}

#[get("/refresh")]
#[invalidates(namespace("routes"))]
async fn refresh() -> u8 {
    1
}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((users::PATH, refresh::PATH), ("/users", "/refresh"));
    users::call().await;
    users::call().await;
    assert_eq!(RUNS.load(Ordering::SeqCst), 1);
    refresh::call().await;
    users::call().await;
    assert_eq!(RUNS.load(Ordering::SeqCst), 2);
}
