//! Many callers of one key, of which one runs the body.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cachefn::cached;

use crate::memory::{AtomicCount, Db, User, memory, spawn};

#[tokio::test]
async fn a_thousand_callers_of_a_cold_key_run_one_body() {
    #[cached(namespace = "cold", key = id)]
    async fn get(id: u64, db: &Db) -> User {
        db.slow_user(id).await
    }

    memory().await;
    let db = Db::closed();
    let callers: Vec<_> = (0..1000)
        .map(|_| {
            let db = Arc::clone(&db);
            spawn(async move { get(1, &db).await })
        })
        .collect();
    db.entered().await;
    db.open(1);
    for caller in callers {
        assert_eq!(caller.await.unwrap().id, 1);
    }
    assert_eq!(db.reads(), 1);
}

#[tokio::test]
async fn a_dropped_leader_leaves_its_followers_to_one_of_them() {
    #[cached(namespace = "dropped", key = id)]
    async fn get(id: u64, db: &Db) -> User {
        db.slow_user(id).await
    }

    memory().await;
    let db = Db::closed();
    let call = || {
        let db = Arc::clone(&db);
        spawn(async move { get(1, &db).await })
    };
    let leader = call();
    db.entered().await;
    let followers: Vec<_> = (0..100).map(|_| call()).collect();
    tokio::task::yield_now().await;
    leader.abort();
    db.entered().await;
    db.open(1);
    for follower in followers {
        assert_eq!(follower.await.unwrap().id, 1);
    }
    assert_eq!(db.reads(), 2);
}

#[tokio::test]
async fn a_panicking_leader_strands_nobody() {
    #[cached(namespace = "panics", key = id)]
    async fn get(id: u64, db: &Db) -> User {
        let user = db.slow_user(id).await;
        assert!(db.reads() > 1, "the first body panics");
        user
    }

    memory().await;
    let db = Db::closed();
    let call = || {
        let db = Arc::clone(&db);
        spawn(async move { get(1, &db).await })
    };
    let leader = call();
    db.entered().await;
    let followers: Vec<_> = (0..10).map(|_| call()).collect();
    tokio::task::yield_now().await;
    db.open(2);
    assert!(leader.await.unwrap_err().is_panic());
    for follower in followers {
        assert_eq!(follower.await.unwrap().id, 1);
    }
    assert_eq!(db.reads(), 2);
}

#[tokio::test]
async fn an_error_is_its_callers_own() {
    #[cached(namespace = "errors", key = id)]
    async fn get(id: u64, who: u32, db: &Db) -> Result<User, u32> {
        db.slow_user(id).await;
        Err(who)
    }

    memory().await;
    let db = Db::closed();
    let callers: Vec<_> = (0..20)
        .map(|who| {
            let db = Arc::clone(&db);
            spawn(async move { get(1, who, &db).await })
        })
        .collect();
    db.open(20);
    for (who, caller) in (0..20).zip(callers) {
        assert_eq!(caller.await.unwrap(), Err(who));
    }
    assert_eq!(db.reads(), 20);
}

#[tokio::test]
async fn recursion_does_not_wait_for_itself() {
    #[cached(namespace = "recursion", key = n)]
    async fn fibonacci(n: u64, runs: &AtomicCount) -> u64 {
        runs.next();
        if n < 2 {
            return n;
        }
        Box::pin(fibonacci(n - 1, runs)).await + Box::pin(fibonacci(n - 2, runs)).await
    }
    #[cached(namespace = "recursion", key = "same")]
    async fn same(depth: u32) -> u32 {
        if depth == 0 { 0 } else { Box::pin(same(depth - 1)).await + 1 }
    }

    memory().await;
    let runs = AtomicCount::default();
    assert_eq!(fibonacci(40, &runs).await, 102_334_155);
    assert_eq!(runs.get(), 41);
    let answer = tokio::time::timeout(Duration::from_millis(900), same(5)).await;
    assert_eq!(answer.expect("a body waited for itself"), 5);
}

#[tokio::test]
async fn a_leader_that_is_not_polled_is_replaced() {
    #[cached(namespace = "parked", key = id)]
    async fn get(id: u64, db: &Db) -> User {
        db.slow_user(id).await
    }

    memory().await;
    let db = Db::closed();
    let mut parked = Box::pin(get(1, &db));
    let first_poll = std::future::poll_fn(|cx| std::task::Poll::Ready(parked.as_mut().poll(cx)));
    assert!(first_poll.await.is_pending());
    // Permits go in the order of waiting: the first is the parked body's.
    db.open(2);
    let start = Instant::now();
    assert_eq!(get(1, &db).await.id, 1);
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(db.reads(), 2);
    assert_eq!(parked.await.id, 1, "the parked body is still its caller's");
}
