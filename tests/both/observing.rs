//! What is told of calls, to those who watch and in the statistics.

use std::sync::Arc;
use std::time::Duration;

use cachefn::{Outcome, cached, observe};
use tokio::sync::Semaphore;

use super::Runs;
use crate::cache;

#[tokio::test]
async fn every_call_inside_is_reported_with_what_it_came_to() {
    #[cached(namespace = "observing-a", key = id, expire = 60)]
    async fn inner(id: u64, runs: &Runs) -> u32 {
        runs.next()
    }
    #[cached(namespace = "observing-a", key = id, expire = 60)]
    async fn outer(id: u64, runs: &Runs) -> u32 {
        inner(id, runs).await + inner(id, runs).await
    }

    let (_cache, runs) = (cache().await, Runs::default());
    let (value, report) = observe(outer(1, &runs)).await;
    let calls: Vec<_> = report.calls.iter().map(|call| (call.function.as_str(), call.outcome)).collect();
    let named = |name: &str| format!("every_call_inside_is_reported_with_what_it_came_to::{name}");
    let (inside, outside) = (named("inner"), named("outer"));
    assert_eq!(value, 2);
    assert_eq!(calls, [(inside.as_str(), Outcome::Miss), (&inside, Outcome::Hit), (&outside, Outcome::Miss)]);
    let hit = &report.calls[1];
    assert_eq!(hit.namespace, "observing-a");
    assert!(hit.key.ends_with(":observing-a:every_call_inside_is_reported_with_what_it_came_to::inner:1"));
    let left = hit.remaining.expect("an entry has answered");
    assert!(left > Duration::from_secs(5) && left <= Duration::from_secs(60), "{left:?}");
    assert_eq!(report.calls[0].remaining, None);
    assert!(report.calls[2].elapsed >= report.calls[0].elapsed);

    let ((_, within), around) = observe(observe(outer(1, &runs))).await;
    assert_eq!((within.calls.len(), within.count(Outcome::Hit)), (1, 1));
    assert_eq!(around.calls, within.calls);
    let ((), nothing) = observe(async {}).await;
    assert!(nothing.calls.is_empty());
}

#[tokio::test]
async fn a_call_that_another_body_answers_is_collapsed() {
    #[cached(namespace = "observing-b", key = id)]
    async fn get(id: u64, gate: Arc<Semaphore>, entered: Arc<Semaphore>) -> u64 {
        entered.add_permits(1);
        gate.acquire().await.unwrap().forget();
        id
    }

    let _cache = cache().await;
    let (gate, entered) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let call = || observe(get(1, Arc::clone(&gate), Arc::clone(&entered)));
    let leader = tokio::spawn(call());
    entered.acquire().await.unwrap().forget();
    let follower = tokio::spawn(call());
    let joined = || {
        cachefn::stats().function("observing::a_call_that_another_body_answers_is_collapsed::get").cloned()
    };
    while joined().is_none_or(|function| function.misses < 2) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    gate.add_permits(2);
    let (first, second) = (leader.await.unwrap().1, follower.await.unwrap().1);
    assert_eq!((first.count(Outcome::Miss), second.count(Outcome::Collapsed)), (1, 1));
    let function = joined().expect("it was called");
    assert_eq!((function.misses, function.collapsed, function.body.count()), (2, 1, 1));
}

#[tokio::test]
async fn statistics_tell_why_calls_missed_and_how_long_bodies_took() {
    #[cached(namespace = "observing-c", key = id)]
    async fn get(id: u64) -> Result<u64, String> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if id == 0 { Err("nobody has it".into()) } else { Ok(id) }
    }

    let _cache = cache().await;
    let stats = || {
        let path = "statistics_tell_why_calls_missed_and_how_long_bodies_took::get";
        cachefn::stats().function(path).cloned().expect("it was called")
    };
    get(0).await.unwrap_err();
    assert_eq!((get(1).await, get(1).await), (Ok(1), Ok(1)));
    let before = stats();
    assert_eq!((before.misses, before.hits, before.errors, before.invalidated), (2, 1, 1, 0));
    cachefn::invalidate_namespace("observing-c").await;
    assert_eq!(get(1).await, Ok(1));
    let after = stats();
    assert_eq!((after.misses, after.hits, after.unreadable, after.body.count()), (3, 1, 0, 3));
    assert_eq!(after.invalidated, 1);
    assert!(after.body.p50().is_some_and(|time| time >= Duration::from_millis(20)), "{:?}", after.body.p50());
    // One hit in 64 is measured, and with Redis every one.
    for _ in 0..2_000 {
        assert_eq!(get(1).await, Ok(1));
    }
    let after = stats();
    let lookup = &after.lookup;
    assert!(lookup.count() >= 1 && lookup.p50() <= lookup.p99(), "{lookup:?}");
    if cachefn::status().mode == cachefn::Mode::Redis {
        assert_eq!(
            (after.redis_hits, after.redis_lookup.count()),
            (after.hits, after.hits),
            "each asks Redis"
        );
    } else {
        assert_eq!((after.redis_hits, after.redis_lookup.count()), (0, 0));
        let estimate = after.memory_lookup.count();
        assert!((1_000..=3_000).contains(&estimate) && estimate % 64 == 0, "{estimate} of {}", after.hits);
    }
}
