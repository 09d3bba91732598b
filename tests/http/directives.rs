//! What requests want of the cache, and get.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use cachefn::cached;
use cachefn::http::{CacheLayer, RequestDirective};
use tokio::sync::Semaphore;

use crate::{Runs, answer, cache, header, moving, seen, until};

const CC: &str = "cache-control";

/// One route, whose answer tells which run it is of.
macro_rules! app {
    ($namespace:literal, $runs:ident, $layer:expr $(, $argument:ident = $value:tt)*) => {{
        #[cached(namespace = $namespace, key = id, expire = 60 $(, $argument = $value)*)]
        async fn count(id: u32) -> u32 {
            let _ = id;
            $runs.next()
        }
        async fn handler(Path(id): Path<u32>) -> String {
            format!("run {}", count(id).await)
        }
        Router::new().route("/{id}", get(handler)).layer($layer)
    }};
}

fn pair(outcome: &str, body: &str) -> (String, String) {
    (outcome.into(), body.into())
}

#[tokio::test]
async fn no_cache_runs_the_body_and_stores_what_it_returns() {
    static RUNS: Runs = Runs::new();

    let _cache = cache().await;
    let app = app!("directives-a", RUNS, CacheLayer::new());
    assert_eq!(seen(&app, "GET /1", &[]).await, pair("MISS", "run 1"));
    let (response, _) = answer(&app, "GET /1", &[(CC, "No-Cache")]).await;
    assert_eq!(header(&response, "x-cache"), "BYPASS");
    assert_eq!(header(&response, "cache-status"), "cachefn; fwd=request; stored");
    assert_eq!(seen(&app, "GET /1", &[]).await, pair("HIT", "run 2"));
    assert_eq!(seen(&app, "GET /1", &[("pragma", "no-cache")]).await, pair("BYPASS", "run 3"));
    assert_eq!(seen(&app, "GET /1", &[("pragma", "no-cache"), (CC, "x")]).await, pair("HIT", "run 3"));
}

#[tokio::test]
async fn no_store_neither_reads_nor_stores() {
    static RUNS: Runs = Runs::new();

    let _cache = cache().await;
    let app = app!("directives-b", RUNS, CacheLayer::new());
    let (response, _) = answer(&app, "GET /1", &[(CC, "no-store")]).await;
    assert_eq!(header(&response, "x-cache"), "BYPASS");
    assert_eq!(header(&response, "cache-status"), "cachefn; fwd=bypass");
    assert_eq!(seen(&app, "GET /1", &[]).await, pair("MISS", "run 2"));
    assert_eq!(seen(&app, "GET /1", &[(CC, "no-cache, no-store")]).await, pair("BYPASS", "run 3"));
    assert_eq!(seen(&app, "GET /1", &[]).await, pair("HIT", "run 2"));
}

#[tokio::test]
async fn what_is_older_than_max_age_is_a_miss_and_is_filled_anew() {
    static RUNS: Runs = Runs::new();

    let (_moving, clock) = moving().await;
    let app = app!("directives-c", RUNS, CacheLayer::new());
    assert_eq!(seen(&app, "GET /1", &[]).await, pair("MISS", "run 1"));
    clock.advance(Duration::from_secs(10));
    assert_eq!(seen(&app, "GET /1", &[(CC, "max-age=10")]).await, pair("HIT", "run 1"));
    assert_eq!(seen(&app, "GET /1", &[(CC, "min-fresh=50")]).await, pair("HIT", "run 1"));
    let (response, _) = answer(&app, "GET /1", &[(CC, "max-age=9")]).await;
    assert_eq!(header(&response, "x-cache"), "MISS");
    assert_eq!(header(&response, "cache-status"), "cachefn; fwd=request; stored");
    assert_eq!(seen(&app, "GET /1", &[]).await, pair("HIT", "run 2"));
    clock.advance(Duration::from_secs(1));
    assert_eq!(seen(&app, "GET /1", &[(CC, "min-fresh=60")]).await, pair("MISS", "run 3"));
    assert_eq!(seen(&app, "GET /1", &[(CC, "max-age=x")]).await, pair("HIT", "run 3"), "no time has gone by");
    clock.advance(Duration::from_millis(1));
    assert_eq!(seen(&app, "GET /1", &[(CC, "max-age=x")]).await, pair("MISS", "run 4"));
}

#[tokio::test]
async fn who_says_how_old_takes_what_has_expired_only_if_that_is_said_too() {
    static RUNS: Runs = Runs::new();

    let (_moving, clock) = moving().await;
    let app = app!("directives-d", RUNS, CacheLayer::new(), stale = 60, refresh = caller);
    seen(&app, "GET /1", &[]).await;
    clock.advance(Duration::from_secs(65));
    let rows = [
        ("only-if-cached", Some("STALE")),
        ("only-if-cached, max-age=100", None),
        ("only-if-cached, min-fresh=0", None),
        ("only-if-cached, max-stale=4", None),
        ("only-if-cached, max-stale=5", Some("STALE")),
        ("only-if-cached, max-stale=5, max-age=65", Some("STALE")),
        ("only-if-cached, max-stale=5, max-age=64", None),
        ("only-if-cached, max-stale", Some("STALE")),
    ];
    for (directives, outcome) in rows {
        let (response, _) = answer(&app, "GET /1", &[(CC, directives)]).await;
        let served = (response.status() == StatusCode::OK).then(|| header(&response, "x-cache"));
        assert_eq!(served.as_deref(), outcome, "{directives}");
    }
    assert_eq!(RUNS.get(), 1);
    assert_eq!(seen(&app, "GET /1", &[(CC, "max-age=100")]).await, pair("MISS", "run 2"));
}

#[tokio::test]
async fn only_if_cached_runs_nothing() {
    static RUNS: Runs = Runs::new();

    let _cache = cache().await;
    let app = app!("directives-e", RUNS, CacheLayer::new());
    let (response, body) = answer(&app, "GET /1", &[(CC, "only-if-cached")]).await;
    assert_eq!((response.status(), RUNS.get(), body.len()), (StatusCode::GATEWAY_TIMEOUT, 0, 0));
    assert_eq!(header(&response, "x-cache"), "MISS");
    assert_eq!(header(&response, "cache-status"), "cachefn; detail=only-if-cached");
    assert_eq!(seen(&app, "GET /1", &[]).await, pair("MISS", "run 1"), "the key is as it was");
    assert_eq!(seen(&app, "GET /1", &[(CC, "only-if-cached")]).await, pair("HIT", "run 1"));
    let both = [(CC, "only-if-cached, no-cache")];
    assert_eq!(answer(&app, "GET /1", &both).await.0.status(), StatusCode::GATEWAY_TIMEOUT);
}

#[tokio::test]
async fn only_if_cached_does_not_wait_for_anothers_body() {
    static GATE: Semaphore = Semaphore::const_new(0);
    static ENTERED: Runs = Runs::new();

    #[cached(namespace = "directives-f", key = "slow")]
    async fn slow() -> u32 {
        ENTERED.next();
        GATE.acquire().await.unwrap().forget();
        1
    }
    async fn handler() -> String {
        slow().await.to_string()
    }

    let _cache = cache().await;
    let app = Router::new().route("/", get(handler)).layer(CacheLayer::new());
    let leader = tokio::spawn({
        let app = app.clone();
        async move { seen(&app, "GET /", &[]).await }
    });
    until("the body runs", || ENTERED.get() == 1).await;
    let (response, _) = answer(&app, "GET /", &[(CC, "only-if-cached")]).await;
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    GATE.add_permits(1);
    assert_eq!(leader.await.unwrap(), pair("MISS", "1"));
}

#[tokio::test]
async fn directives_are_refused_one_by_one_or_all_together() {
    static RUNS: Runs = Runs::new();
    static ALONE: Runs = Runs::new();

    let _cache = cache().await;
    let app = app!("directives-g", RUNS, CacheLayer::new().ignore_request_directives());
    seen(&app, "GET /1", &[]).await;
    for directive in ["no-cache", "no-store", "max-age=0", "min-fresh=1000", "only-if-cached"] {
        assert_eq!(seen(&app, "GET /1", &[(CC, directive)]).await, pair("HIT", "run 1"), "{directive}");
    }
    assert_eq!(seen(&app, "GET /1", &[("pragma", "no-cache")]).await, pair("HIT", "run 1"));
    assert_eq!(seen(&app, "GET /2", &[(CC, "only-if-cached")]).await, pair("MISS", "run 2"));

    let app = app!("directives-h", ALONE, CacheLayer::new().ignore(RequestDirective::NoCache));
    seen(&app, "GET /1", &[]).await;
    assert_eq!(seen(&app, "GET /1", &[(CC, "no-cache")]).await, pair("HIT", "run 1"));
    assert_eq!(seen(&app, "GET /1", &[(CC, "no-cache, no-store")]).await, pair("BYPASS", "run 2"));
}

#[tokio::test]
async fn a_flood_of_no_cache_that_is_refused_runs_one_body() {
    static GATE: Semaphore = Semaphore::const_new(0);
    static RUNS: Runs = Runs::new();

    #[cached(namespace = "directives-i", key = "slow")]
    async fn slow() -> u32 {
        GATE.acquire().await.unwrap().forget();
        RUNS.next()
    }
    async fn handler() -> String {
        slow().await.to_string()
    }

    let _cache = cache().await;
    let app = Router::new().route("/", get(handler)).layer(CacheLayer::new().ignore_request_directives());
    let app = Arc::new(app);
    let flood = (0..500).map(|_| {
        let app = Arc::clone(&app);
        tokio::spawn(async move { seen(&app, "GET /", &[(CC, "no-cache, max-age=0")]).await.1 })
    });
    let flood: Vec<_> = flood.collect();
    tokio::task::yield_now().await;
    GATE.add_permits(500);
    for request in flood {
        assert_eq!(request.await.unwrap(), "1");
    }
    assert_eq!(RUNS.get(), 1);
}

#[tokio::test]
async fn a_bypass_of_the_program_itself_stores_too() {
    static RUNS: Runs = Runs::new();

    #[cached(namespace = "directives-j", key = "inner")]
    async fn inner() -> u32 {
        RUNS.next()
    }
    #[cached(namespace = "directives-j", key = "outer")]
    async fn outer() -> u32 {
        inner().await * 10
    }

    let _cache = cache().await;
    assert_eq!(outer().await, 10);
    let (fresh, report) = cachefn::observe(cachefn::bypass(outer())).await;
    assert_eq!((fresh, report.count(cachefn::Outcome::Bypassed)), (20, 2));
    assert!(report.calls.iter().all(|call| call.stored));
    assert_eq!((outer().await, inner().await), (20, 2));
}
