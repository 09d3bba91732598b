//! Tasks that do nothing but call let others run.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::IntoResponse;
use axum::routing::get;
use cachefn::http::CacheLayer;
use cachefn::{cached, observe};
use tower::ServiceExt;

use crate::cache;

#[cached(expire = "1h", namespace = "budget", key = id)]
async fn number(id: u32) -> u32 {
    id
}

#[cached(response, expire = "1h", namespace = "budget", key = "page")]
async fn page() -> impl IntoResponse {
    "page"
}

/// Calls until another task of this thread was let run.
async fn lets_others_run<F: Future>(what: &str, call: impl Fn() -> F) {
    call().await;
    let ran = Arc::new(AtomicBool::new(false));
    let other = tokio::spawn({
        let ran = Arc::clone(&ran);
        async move { ran.store(true, Ordering::SeqCst) }
    });
    for _ in 0..2_000 {
        call().await;
        if ran.load(Ordering::SeqCst) {
            return other.await.unwrap();
        }
    }
    panic!("{what}: nobody else was let run");
}

#[tokio::test]
async fn hits_of_every_kind_let_other_tasks_run() {
    let _cache = cache().await;
    let store = cachefn::cache().namespace("budget");
    store.set("there", 7).await;
    lets_others_run("a hit", || async { assert_eq!(number(1).await, 1) }).await;
    lets_others_run("observe", || async { assert_eq!(observe(number(1)).await.0, 1) }).await;
    lets_others_run("get", || async { assert_eq!(store.get::<i32>("there").await, Some(7)) }).await;
    lets_others_run("get of nothing", || async { assert_eq!(store.get::<i32>("absent").await, None) }).await;
    lets_others_run("get_or_fill", || store.get_or_fill("filled", || async { 8 })).await;
    lets_others_run("try_get_or_fill", || store.try_get_or_fill("tried", || async { Ok::<_, ()>(8) })).await;
    lets_others_run("set", || async { store.set("set", 9).await }).await;
    let app = Router::new().route("/", get(page)).layer(CacheLayer::new());
    lets_others_run("a response", || async {
        let response = app.clone().oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 200);
    })
    .await;
}

#[tokio::test]
async fn a_timeout_ends_a_loop_of_hits() {
    let _cache = cache().await;
    number(2).await;
    let began = Instant::now();
    let endless = async {
        // Only a call that is polled without end gets here.
        while began.elapsed() < Duration::from_secs(20) {
            number(2).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_millis(100), endless).await.is_err());
}
