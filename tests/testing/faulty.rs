//! A backend that fails when it is told to.

use std::time::{Duration, Instant};

use cachefn::testing::{Clock, FaultyBackend, isolated};
use cachefn::{Config, Invalidated, Mode, cached};
use cachefn_tests::until;

use super::Runs;

#[cached(namespace = "faulty", key = id, expire = 60)]
async fn get(id: u64, runs: &Runs) -> u32 {
    runs.next()
}

#[cached(namespace = "faulty", key = id, expire = 60, tags = ["faulty"], tags_with = |run: &u32| [format!("run:{run}")])]
async fn tagged(id: u64, runs: &Runs) -> u32 {
    runs.next()
}

/// Everything a process of its own would say.
fn process(backend: &FaultyBackend) -> Config {
    Config::builder().enabled(true).backend(backend).build().unwrap()
}

fn connected() -> bool {
    cachefn::status().redis.is_some_and(|redis| redis.connected)
}

#[tokio::test]
async fn caches_share_what_is_in_it() {
    let (backend, runs) = (FaultyBackend::new(), Runs::default());
    let get = || isolated(process(&backend), get(1, &runs));
    assert_eq!((get().await, get().await), (1, 1));
    isolated(process(&backend), async {
        assert_eq!(cachefn::status().mode, Mode::Redis);
        assert_eq!(invalidate_get(1).await, Invalidated::Applied);
    })
    .await;
    assert_eq!((get().await, get().await), (2, 2));
    let tagged = || isolated(process(&backend), tagged(1, &runs));
    assert_eq!((tagged().await, tagged().await), (3, 3));
    isolated(process(&backend), async { cachefn::invalidate_tag("run:3").await }).await;
    assert_eq!((tagged().await, tagged().await), (4, 4));
    assert_eq!((get().await, runs.next()), (2, 5));
    let other = Config::builder().enabled(true).prefix("other").backend(&backend).build().unwrap();
    assert_eq!(isolated(other, super::faulty::get(1, &runs)).await, 6);
    isolated(process(&backend), async { cachefn::cache().set("it", 7).await }).await;
    let found = isolated(process(&backend), async { cachefn::cache().get::<i32>("it").await }).await;
    assert_eq!(found, Some(7));
}

#[tokio::test]
async fn what_it_does_never_reaches_a_caller_and_no_invalidation_is_lost() {
    type Break = fn(&FaultyBackend);
    let ways: [(&str, Break); 3] = [
        ("fails", FaultyBackend::fail),
        ("hangs", FaultyBackend::hang),
        ("delays", |backend| backend.delay(Duration::from_secs(60))),
    ];
    for (way, break_it) in ways {
        let backend = FaultyBackend::new().timeout(Duration::from_millis(20));
        let runs = Runs::default();
        isolated(process(&backend), async {
            assert_eq!((get(1, &runs).await, get(2, &runs).await), (1, 2), "{way}");
            break_it(&backend);
            let began = Instant::now();
            assert_eq!((get(1, &runs).await, get(1, &runs).await), (3, 3), "{way}: from memory");
            assert!(began.elapsed() < Duration::from_secs(10), "{way}");
            assert!(!connected(), "{way}");
            let asked = backend.operations();
            for _ in 0..100 {
                assert_eq!(get(1, &runs).await, 3, "{way}");
            }
            assert_eq!(backend.operations(), asked, "{way}: nobody waits for it any more");
            assert_eq!(invalidate_get(1).await, Invalidated::Queued, "{way}");
            assert_eq!(get(1, &runs).await, 4, "{way}: it holds here at once");
            assert_eq!(cachefn::status().redis.map(|redis| redis.journal), Some(1), "{way}");
            backend.heal();
            assert!(connected(), "{way}");
            assert_eq!(get(1, &runs).await, 5, "{way}: what it had is gone");
            assert_eq!(get(2, &runs).await, 2, "{way}: and nothing else");
        })
        .await;
    }
}

#[tokio::test]
async fn an_invalidation_that_hangs_is_queued() {
    let backend = FaultyBackend::new().timeout(Duration::from_millis(20));
    let runs = Runs::default();
    isolated(process(&backend), async {
        assert_eq!(get(1, &runs).await, 1);
        backend.hang();
        assert_eq!(invalidate_get(1).await, Invalidated::Queued);
        backend.heal();
        assert_eq!(get(1, &runs).await, 2);
    })
    .await;
}

#[tokio::test]
async fn half_a_value_is_a_miss_and_what_is_slow_is_only_slow() {
    let (backend, runs) = (FaultyBackend::new().timeout(Duration::from_secs(20)), Runs::default());
    isolated(process(&backend), async {
        assert_eq!(get(1, &runs).await, 1);
        backend.truncate();
        assert_eq!(get(1, &runs).await, 2);
        assert_eq!(cachefn::stats().total().unreadable, 1);
        backend.heal();
        assert_eq!(get(1, &runs).await, 2, "the next fill has healed it");
        backend.delay(Duration::from_millis(5));
        let began = Instant::now();
        assert_eq!(get(1, &runs).await, 2);
        assert!(began.elapsed() >= Duration::from_millis(5));
        assert!(connected());
    })
    .await;
}

#[tokio::test]
async fn entries_live_by_the_clock_of_their_cache() {
    let (backend, clock, runs) = (FaultyBackend::new(), Clock::new(), Runs::default());
    let config = Config::builder().enabled(true).backend(&backend).clock(&clock).build().unwrap();
    isolated(config, async {
        assert_eq!((get(1, &runs).await, get(1, &runs).await), (1, 1));
        clock.advance(Duration::from_secs(61));
        assert_eq!(get(1, &runs).await, 2);
    })
    .await;
}

#[tokio::test]
async fn what_is_set_while_it_is_away_does_not_give_way_to_what_it_had() {
    let backend = FaultyBackend::new().timeout(Duration::from_millis(20));
    isolated(process(&backend), async {
        let values = cachefn::cache();
        values.set("it", 1).await;
        // Found out by the value itself, then known before.
        for (old, new) in [(1, 2), (2, 3)] {
            assert_eq!(values.get("it").await, Some(old));
            backend.hang();
            values.set("it", new).await;
            assert_eq!(values.get("it").await, Some(new), "in this process");
            backend.heal();
            assert_ne!(values.get("it").await, Some(old));
            values.set("it", new).await;
        }
        backend.fail();
        assert_eq!(values.get::<i32>("none").await, None);
        values.set("it", 4).await;
        backend.heal();
        assert_eq!(values.get::<i32>("it").await, None, "not what was set before that");
    })
    .await;
}

#[tokio::test]
async fn what_is_invalidated_before_it_could_be_announced_is_struck() {
    let backend = FaultyBackend::new().timeout(Duration::from_secs(20));
    isolated(process(&backend), async {
        let values = cachefn::cache().namespace("announced");
        let tagged = values.clone().tag("announced");
        values.set("other", 1).await;
        backend.delay(Duration::from_millis(20));
        let given = (values.set("it", 1), tagged.set("tagged", 1), values.set("other", 2));
        backend.heal();
        // No lease has been granted yet, so the backend alone could not tell.
        let struck = (values.remove("it"), cachefn::invalidate_tag("announced"));
        tokio::join!(given.0, given.1, given.2, struck.0, struck.1);
        assert_eq!((values.get::<i32>("it").await, values.get::<i32>("tagged").await), (None, None));
        assert_eq!(values.get("other").await, Some(2), "nobody has invalidated that");
        let refused = || cachefn::stats().function("cachefn::cache").map_or(0, |cache| cache.refused);
        until("both are refused", || refused() == 2).await;
    })
    .await;
}
