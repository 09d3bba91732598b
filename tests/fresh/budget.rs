//! Hits spend tokio's cooperative budget, whatever their age.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cachefn::testing::{Clock, isolated};
use cachefn::{Outcome, cached};

use super::{Origin, on, seen};

#[cached(expire = 60, stale = "1h", key = id)]
async fn stale(id: u64, origin: Origin) -> Result<u32, &'static str> {
    origin.next().await
}

#[cached(expire = 60, stale = "1h", refresh = caller, key = id)]
async fn by_caller(id: u64, origin: &Origin) -> Result<u32, &'static str> {
    origin.next().await
}

#[cached(expire = 60, refresh_ahead = 0.5, key = id)]
async fn ahead(id: u64, origin: Origin) -> Result<u32, &'static str> {
    origin.next().await
}

/// Calls until another task of this thread was let run.
async fn lets_others_run<F: Future>(call: impl Fn(u64) -> F) {
    let ran = Arc::new(AtomicBool::new(false));
    tokio::spawn({
        let ran = Arc::clone(&ran);
        async move { ran.store(true, Ordering::SeqCst) }
    });
    for number in 0..2_000 {
        call(number).await;
        if ran.load(Ordering::SeqCst) {
            return;
        }
    }
    panic!("nobody else was let run");
}

#[tokio::test]
async fn old_values_let_other_tasks_run_too() {
    let (clock, origin) = (Clock::new(), Origin::default());
    isolated(on(&clock), async {
        stale(0, origin.clone()).await.unwrap();
        by_caller(0, &origin).await.unwrap();
        ahead(0, origin.clone()).await.unwrap();
        for id in 1..2_000 {
            stale(id, origin.clone()).await.unwrap();
        }
        clock.advance(Duration::from_secs(45));
        origin.close();
        lets_others_run(|_| async { assert!(ahead(0, origin.clone()).await.is_ok()) }).await;
        clock.advance(Duration::from_secs(45));
        origin.fail(true);
        assert_eq!(seen(stale(0, origin.clone())).await.1, Outcome::Stale);
        lets_others_run(|_| async { assert!(stale(0, origin.clone()).await.is_ok()) }).await;
        // Each of these is due, and begins a refresh.
        lets_others_run(|id| {
            let origin = origin.clone();
            async move { assert!(stale(id, origin).await.is_ok()) }
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn each_call_is_counted_once_and_returns_its_value() {
    isolated(on(&Clock::new()), async {
        let origin = Origin::default();
        for _ in 0..1_001 {
            assert_eq!(by_caller(7, &origin).await, Ok(1));
        }
        let stats = cachefn::stats();
        let function = stats.function("by_caller").unwrap();
        assert_eq!((function.hits, function.misses, function.fills), (1_000, 1, 1));
    })
    .await;
}

#[test]
fn where_there_is_no_tokio_a_hit_is_ready_at_once() {
    let origin = Origin::default();
    let calls = isolated(on(&Clock::new()), async {
        for _ in 0..1_000 {
            assert_eq!(by_caller(7, &origin).await, Ok(1));
        }
    });
    assert_eq!(pin!(calls).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()));
}
