//! Values past their life: in real time, for Redis has no other. What needs a clock that can be moved is in `fresh/`.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use cachefn::{Outcome, cached};
use cachefn_tests::pause;

use super::Runs;
use crate::cache;

async fn seen<T>(call: impl Future<Output = T>) -> (T, Outcome) {
    let (value, report) = cachefn::observe(call).await;
    (value, report.calls[0].outcome)
}

/// Calls until there is a hit, of what came after `old`.
async fn refreshed<F: Future<Output = Result<u32, u32>>>(call: impl Fn() -> F, old: u32) -> u32 {
    for _ in 0..2_000 {
        let (value, outcome) = seen(call()).await;
        match (value.unwrap(), outcome) {
            (new, Outcome::Hit) if new > old => return new,
            (same, Outcome::Stale | Outcome::Hit) => assert_eq!(same, old),
            other => panic!("{other:?}"),
        }
        pause(Duration::from_millis(2)).await;
    }
    panic!("waited in vain");
}

#[tokio::test]
async fn an_old_value_is_served_while_it_is_refreshed() {
    #[cached(expire = "200ms", stale = "1h", key = id)]
    async fn old(id: u32, runs: Arc<Runs>) -> Result<u32, u32> {
        Ok(runs.next())
    }
    let _cache = cache().await;
    let runs = Arc::new(Runs::default());
    assert_eq!(seen(old(1, Arc::clone(&runs))).await, (Ok(1), Outcome::Miss));
    pause(Duration::from_millis(220)).await;
    assert_eq!(seen(old(1, Arc::clone(&runs))).await, (Ok(1), Outcome::Stale));
    assert_eq!(refreshed(|| old(1, Arc::clone(&runs)), 1).await, 2);
}

#[tokio::test]
async fn a_value_that_is_due_is_served_while_it_is_refreshed() {
    #[cached(expire = "1h", refresh_ahead = 0.00001, key = id)]
    async fn due(id: u32, runs: Arc<Runs>) -> Result<u32, u32> {
        Ok(runs.next())
    }
    let _cache = cache().await;
    let runs = Arc::new(Runs::default());
    assert_eq!(seen(due(1, Arc::clone(&runs))).await, (Ok(1), Outcome::Miss));
    pause(Duration::from_millis(60)).await;
    assert_eq!(seen(due(1, Arc::clone(&runs))).await, (Ok(1), Outcome::Hit));
    assert_eq!(refreshed(|| due(1, Arc::clone(&runs)), 1).await, 2);
}

#[tokio::test]
async fn who_finds_a_value_old_refreshes_it() {
    #[cached(expire = "50ms", stale = "1h", refresh = caller, key = id)]
    async fn borrowed(id: u32, runs: &Runs) -> Result<u32, u32> {
        let run = runs.next();
        if run == 2 { Err(run) } else { Ok(run) }
    }
    let _cache = cache().await;
    let runs = Runs::default();
    assert_eq!(seen(borrowed(1, &runs)).await, (Ok(1), Outcome::Miss));
    pause(Duration::from_millis(70)).await;
    assert_eq!(seen(borrowed(1, &runs)).await, (Ok(1), Outcome::Stale), "its body has failed");
    assert_eq!(runs.get(), 2);
    pause(Duration::from_millis(1_050)).await;
    assert_eq!(seen(borrowed(1, &runs)).await, (Ok(3), Outcome::Miss));
}

#[tokio::test]
async fn an_old_value_is_returned_where_the_body_fails() {
    #[cached(expire = "50ms", stale_if_error = "1h", key = id)]
    async fn kept(id: u32, runs: &Runs) -> Result<u32, u32> {
        let run = runs.next();
        if run > 1 { Err(run) } else { Ok(run) }
    }
    let _cache = cache().await;
    let runs = Runs::default();
    assert_eq!(seen(kept(1, &runs)).await, (Ok(1), Outcome::Miss));
    pause(Duration::from_millis(70)).await;
    assert_eq!(seen(kept(1, &runs)).await, (Ok(1), Outcome::Stale));
    assert_eq!(runs.get(), 2);
    invalidate_kept(1).await;
    assert_eq!(kept(1, &runs).await, Err(3));
}

#[tokio::test]
async fn a_body_is_not_waited_for_longer_than_it_may_take() {
    #[cached(expire = "50ms", stale_if_error = "1h", timeout = "50ms", key = id)]
    async fn slow(id: u32, runs: Arc<Runs>, gate: Arc<tokio::sync::Semaphore>) -> Result<u32, u32> {
        let run = runs.next();
        gate.acquire().await.unwrap().forget();
        Ok(run)
    }
    let _cache = cache().await;
    let (runs, gate) = (Arc::new(Runs::default()), Arc::new(tokio::sync::Semaphore::new(1)));
    let call = || slow(1, Arc::clone(&runs), Arc::clone(&gate));
    assert_eq!(seen(call()).await, (Ok(1), Outcome::Miss));
    pause(Duration::from_millis(70)).await;
    assert_eq!(seen(call()).await, (Ok(1), Outcome::Stale));
    gate.add_permits(1_000);
    for _ in 0..2_000 {
        if call().await.unwrap() > 1 {
            return;
        }
    }
    panic!("the body went on for nothing");
}

#[tokio::test]
async fn a_refresh_that_fails_is_tried_once_a_second() {
    #[cached(expire = "50ms", stale = "1h", key = id)]
    async fn failing(id: u32, runs: Arc<Runs>) -> Result<u32, u32> {
        let run = runs.next();
        if run == 1 { Ok(run) } else { Err(run) }
    }
    let _cache = cache().await;
    let runs = Arc::new(Runs::default());
    failing(1, Arc::clone(&runs)).await.unwrap();
    pause(Duration::from_millis(70)).await;
    for _ in 0..50 {
        assert_eq!(failing(1, Arc::clone(&runs)).await, Ok(1));
        pause(Duration::from_millis(5)).await;
    }
    assert!(runs.get() <= 3, "{} bodies", runs.get());
}

#[tokio::test]
async fn a_slow_body_is_not_due_at_its_birth() {
    #[cached(expire = "300ms", refresh_ahead = 0.5, key = id)]
    async fn slow(id: u32, runs: Arc<Runs>) -> Result<u32, u32> {
        let run = runs.next();
        pause(Duration::from_millis(400)).await;
        Ok(run)
    }
    let _cache = cache().await;
    let runs = Arc::new(Runs::default());
    slow(1, Arc::clone(&runs)).await.unwrap();
    slow(1, Arc::clone(&runs)).await.unwrap();
    pause(Duration::from_millis(20)).await;
    assert_eq!(runs.get(), 1, "it has lived for less than half of its life");
}

#[tokio::test]
async fn a_success_that_is_not_stored_leaves_what_expired_for_errors() {
    static ANSWERS: Runs = Runs::new();

    #[cached(expire = "150ms", stale_if_error = "1h", key = id)]
    async fn found(id: u32) -> Result<Option<u32>, u32> {
        match ANSWERS.next() {
            1 => Ok(Some(id)),
            2 => Ok(None),
            _ => Err(id),
        }
    }
    let _cache = cache().await;
    assert_eq!(found(1).await, Ok(Some(1)));
    pause(Duration::from_millis(200)).await;
    assert_eq!(found(1).await, Ok(None));
    assert_eq!(seen(found(1)).await, (Ok(Some(1)), Outcome::Stale));
}

#[tokio::test]
async fn a_call_past_the_cache_has_the_last_value_where_its_body_fails() {
    static FAILS: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

    #[cached(expire = "1h", stale_if_error = "1h", bypass = fresh, key = id)]
    async fn passed(id: u32, fresh: bool) -> Result<u32, bool> {
        if FAILS.load(std::sync::atomic::Ordering::SeqCst) { Err(fresh) } else { Ok(id) }
    }
    let _cache = cache().await;
    passed(1, false).await.unwrap();
    FAILS.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(seen(passed(1, true)).await, (Ok(1), Outcome::Hit));
    assert_eq!(refresh_passed(1, true).await, Err(true));
    assert_eq!(seen(passed(1, false)).await, (Ok(1), Outcome::Hit), "and it is left to others");
    invalidate_passed(1).await;
    assert_eq!(passed(1, true).await, Err(true));
}
