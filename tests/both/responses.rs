//! Responses that are cached whole, in memory and in Redis.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, extract::Path};
use cachefn::http::CacheLayer;
use cachefn::{Outcome, cached, observe};
use tower::ServiceExt;

use super::Runs;
use crate::cache;

async fn ask(app: &Router, path: &str, control: &str) -> (String, Vec<u8>, Response<()>) {
    let request = Request::builder().uri(path).header("cache-control", control).body(Body::empty()).unwrap();
    let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let outcome = parts.headers.get("x-cache").map_or("", |outcome| outcome.to_str().unwrap()).to_owned();
    (outcome, body.to_vec(), Response::from_parts(parts, ()))
}

#[tokio::test]
async fn a_response_is_stored_as_it_is_whatever_bytes_it_has() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "responses", key = id, expire = 60)]
    async fn page(Path(id): Path<u32>) -> impl IntoResponse {
        RUNS.next();
        let mut response =
            (StatusCode::NON_AUTHORITATIVE_INFORMATION, (0..=255).collect::<Vec<u8>>()).into_response();
        let odd = HeaderValue::from_bytes(b"caf\xe9").unwrap();
        response.headers_mut().append("x-odd", odd);
        response.headers_mut().append("x-twice", HeaderValue::from_static("one"));
        response.headers_mut().append("x-twice", HeaderValue::from_static("two"));
        response.headers_mut().insert("x-id", id.into());
        response
    }

    let _cache = cache().await;
    let app = Router::new().route("/{id}", get(page)).layer(CacheLayer::new());
    let (outcome, first, _) = ask(&app, "/1", "x").await;
    assert_eq!((outcome.as_str(), first.len()), ("MISS", 256));
    let (outcome, second, response) = ask(&app, "/1", "x").await;
    assert_eq!((outcome.as_str(), second), ("HIT", first));
    assert_eq!(response.status(), StatusCode::NON_AUTHORITATIVE_INFORMATION);
    let all = |name: &'static str| {
        let name = HeaderName::from_static(name);
        response.headers().get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>()
    };
    assert_eq!(all("x-odd"), [b"caf\xe9"]);
    assert_eq!(all("x-twice"), [b"one", b"two"]);
    assert_eq!(all("x-id"), [b"1"]);
    assert_eq!(RUNS.get(), 1);
    invalidate_page(Path(1)).await;
    assert_eq!(ask(&app, "/1", "x").await.0, "MISS");
}

#[tokio::test]
async fn what_a_request_wants_it_gets_of_either_store() {
    static RUNS: Runs = Runs::new();

    #[cached(namespace = "responses-b", key = id, expire = 60)]
    async fn count(id: u32) -> u32 {
        let _ = id;
        RUNS.next()
    }
    let handler = |Path(id): Path<u32>| async move { count(id).await.to_string() };

    let _cache = cache().await;
    let app = Router::new().route("/{id}", get(handler)).layer(CacheLayer::new());
    let rows = [
        ("only-if-cached", "MISS", ""),
        ("no-store", "BYPASS", "1"),
        ("x", "MISS", "2"),
        ("x", "HIT", "2"),
        ("max-age=60", "HIT", "2"),
        ("min-fresh=61", "MISS", "3"),
        ("only-if-cached", "HIT", "3"),
        ("no-cache", "BYPASS", "4"),
        ("only-if-cached", "HIT", "4"),
    ];
    for (control, outcome, body) in rows {
        let (seen, text, response) = ask(&app, "/1", control).await;
        assert_eq!((seen.as_str(), text), (outcome, body.as_bytes().to_vec()), "{control}");
        let status = response.headers()["cache-status"].to_str().unwrap();
        let stores = control != "no-store" && control != "only-if-cached" && outcome != "HIT";
        assert_eq!(status.contains("stored"), stores, "{control}: {status}");
    }
    let (_, report) = observe(cachefn::bypass(count(1))).await;
    assert_eq!((report.count(Outcome::Bypassed), report.calls[0].stored), (1, true));
    assert_eq!(count(1).await, 5);
}

#[tokio::test]
async fn a_refusal_takes_no_response_away() {
    static STATUS: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(200);
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "responses-c", key = id, expire = "150ms", stale_if_error = "1h")]
    async fn page(Path(id): Path<u32>) -> impl IntoResponse {
        let status = STATUS.load(std::sync::atomic::Ordering::SeqCst);
        (StatusCode::from_u16(status).unwrap(), format!("{id}, run {}", RUNS.next()))
    }
    #[cached(response, namespace = "responses-c", key = "long:{id}", expire = 60)]
    async fn long(Path(id): Path<u32>) -> impl IntoResponse {
        let status = STATUS.load(std::sync::atomic::Ordering::SeqCst);
        (StatusCode::from_u16(status).unwrap(), format!("long {id}"))
    }
    let answers = |status| STATUS.store(status, std::sync::atomic::Ordering::SeqCst);

    let _cache = cache().await;
    let app = Router::new().route("/{id}", get(page)).route("/long/{id}", get(long)).layer(CacheLayer::new());
    let (_, good, _) = ask(&app, "/1", "x").await;
    cachefn_tests::pause(std::time::Duration::from_millis(200)).await;
    answers(429);
    let (outcome, _, response) = ask(&app, "/1", "x").await;
    assert_eq!((outcome.as_str(), response.status().as_u16()), ("MISS", 429));
    answers(503);
    let (outcome, body, _) = ask(&app, "/1", "x").await;
    assert_eq!((outcome.as_str(), body), ("STALE", good));

    answers(200);
    ask(&app, "/long/1", "x").await;
    answers(429);
    assert_eq!(ask(&app, "/long/1", "no-cache").await.2.status().as_u16(), 429);
    assert_eq!(ask(&app, "/long/1", "x").await.0, "HIT");
}
