//! What returns nothing is done once in a lifetime.
#![deny(warnings)]
use std::sync::atomic::{AtomicU32, Ordering};

use cachefn::cached;

static RUNS: AtomicU32 = AtomicU32::new(0);

#[cached(expire = 60, key = user)]
async fn remind(user: u64, text: &str) {
    if text.is_empty() {
        return;
    }
    RUNS.fetch_add(1, Ordering::SeqCst);
}

#[cached(expire = 60, key = user)]
async fn try_to_remind(user: u64) -> Result<(), String> {
    RUNS.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    remind(7, "the bins").await;
    remind(7, "the bins").await;
    assert_eq!(RUNS.load(Ordering::SeqCst), 1);
    invalidate_remind(7).await;
    remind(7, "the bins").await;
    refresh_remind(7, "the bins").await;
    assert_eq!(RUNS.load(Ordering::SeqCst), 3);

    try_to_remind(8).await.unwrap();
    try_to_remind(8).await.unwrap();
    assert_eq!(RUNS.load(Ordering::SeqCst), 4);
}
