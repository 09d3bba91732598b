//! What is counted, once.

use std::sync::atomic::Ordering;

use cachefn::testing::spawn;
use cachefn::{Outcome, cached};
use cachefn_tests::until;

use super::{Origin, pass, paused, seen};

#[cachefn::test(config = paused())]
async fn stale_answers_are_counted_as_hits_too() {
    #[cached(expire = 60, stale = 30, key = id)]
    async fn counted(id: u64, origin: Origin) -> Result<u32, &'static str> {
        origin.next().await
    }
    let origin = Origin::default();
    counted(1, origin.clone()).await.unwrap();
    pass(60).await;
    origin.fail(true);
    for _ in 0..3 {
        counted(1, origin.clone()).await.unwrap();
    }
    let stats = cachefn::stats().function("counted").cloned().unwrap();
    assert_eq!((stats.misses, stats.hits, stats.stale), (1, 3, 3));
}

#[cachefn::test(config = paused())]
async fn a_call_that_was_served_is_not_counted_again() {
    #[cached(expire = 60, stale = 30, key = id)]
    async fn once(id: u64, origin: Origin) -> Result<u32, &'static str> {
        origin.next().await
    }
    let origin = Origin::default();
    once(1, origin.clone()).await.unwrap();
    pass(60).await;
    assert_eq!(seen(once(1, origin.clone())).await, (Ok(1), Outcome::Stale));
    // Before the refresh is polled.
    refresh_once(1, origin.clone()).await.unwrap();
    until("nothing is under way", || cachefn::status().flights == 0).await;
    let stats = cachefn::stats().function("once").cloned().unwrap();
    assert_eq!(origin.runs(), 2, "what the refresh was for is there");
    assert_eq!((stats.misses, stats.hits, stats.stale, stats.collapsed), (1, 1, 1, 0));
}

#[cachefn::test(config = paused())]
async fn a_call_that_looks_again_is_counted_once() {
    #[cached(expire = 60, key = id)]
    async fn again(id: u64, origin: &Origin) -> Result<u32, &'static str> {
        origin.next().await
    }
    let origin = Origin::default();
    origin.close();
    let call = |origin: &Origin| {
        let origin = origin.clone();
        spawn(async move { again(1, &origin).await })
    };
    let leader = call(&origin);
    origin.entered().await;
    let follower = call(&origin);
    tokio::task::yield_now().await;
    invalidate_again(1).await;
    let newer = Origin::default();
    newer.0.runs.store(100, Ordering::SeqCst);
    assert_eq!(call(&newer).await.unwrap(), Ok(101));
    origin.open(1);
    assert_eq!(leader.await.unwrap(), Ok(1));
    assert_eq!(follower.await.unwrap(), Ok(101));
    let stats = cachefn::stats().function("again").cloned().unwrap();
    assert_eq!((stats.misses, stats.hits, stats.collapsed), (3, 0, 1));
}
