//! What stays stored when a handler answers with something that is not, and calls past a layer.

use std::pin::Pin;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;
use cachefn::cached;
use cachefn::http::CacheLayer;
use http_body::Frame;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{Headers, Runs, answer, cache, header, moving, seen};

const NO_CACHE: Headers<'_> = &[("cache-control", "no-cache")];

/// About the request, or a part of the resource.
const UNRELATED: [u16; 12] = [206, 301, 302, 304, 400, 401, 403, 408, 409, 421, 429, 451];

/// The status that handlers answer with from now on; of 404 and 410 with a body, which may be stored.
static STATUS: AtomicU16 = AtomicU16::new(200);

fn answers(status: u16) {
    STATUS.store(status, Ordering::SeqCst);
}

fn made(run: u32) -> Response {
    let status = StatusCode::from_u16(STATUS.load(Ordering::SeqCst)).unwrap();
    (status, format!("run {run}")).into_response()
}

#[tokio::test]
async fn what_answers_the_request_alone_leaves_the_last_good_response_for_errors() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "kept-a", key = id, expire = 60, stale_if_error = "1h")]
    async fn page(Path(id): Path<u16>) -> Response {
        let _ = id;
        made(RUNS.next())
    }

    let (_moving, clock) = moving().await;
    let app = Router::new().route("/{id}", any(page)).layer(CacheLayer::new());
    for status in UNRELATED {
        let request = format!("GET /{status}");
        answers(200);
        let (_, good) = seen(&app, &request, &[]).await;
        clock.advance(Duration::from_secs(61));
        answers(status);
        let (response, _) = answer(&app, &request, &[]).await;
        assert_eq!((response.status().as_u16(), header(&response, "x-cache")), (status, "MISS".into()));
        answers(503);
        assert_eq!(seen(&app, &request, &[]).await, ("STALE".into(), good), "{status}");
    }
}

#[tokio::test]
async fn what_a_no_cache_request_is_answered_with_takes_nothing_away_unless_it_is_newer() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "kept-b", key = id, expire = 60)]
    async fn page(Path(id): Path<u16>) -> Response {
        let run = RUNS.next();
        match id {
            // A newer one, which is not stored.
            1 if run.is_multiple_of(2) => {
                ([("cache-control", "no-store")], format!("run {run}")).into_response()
            }
            2 if run.is_multiple_of(2) => {
                ([("set-cookie", "session=1")], format!("run {run}")).into_response()
            }
            // One that breaks off.
            3 if run.is_multiple_of(2) => ([("content-length", "100")], Body::new(Broken)).into_response(),
            _ => made(run),
        }
    }

    let (_moving, _) = moving().await;
    let app = Router::new().route("/{id}", any(page)).layer(CacheLayer::new());
    for status in UNRELATED.into_iter().chain([500, 503]) {
        let request = format!("GET /{status}");
        answers(200);
        let (_, good) = seen(&app, &request, &[]).await;
        answers(status);
        let (response, _) = answer(&app, &request, NO_CACHE).await;
        assert_eq!((response.status().as_u16(), header(&response, "x-cache")), (status, "BYPASS".into()));
        assert_eq!(seen(&app, &request, &[]).await, ("HIT".into(), good), "{status}");
    }
    for gone in [404, 410] {
        let request = format!("GET /{gone}");
        answers(200);
        seen(&app, &request, &[]).await;
        answers(gone);
        answer(&app, &request, NO_CACHE).await;
        assert_eq!(seen(&app, &request, &[]).await.0, "MISS", "{gone}: it is not there any more");
    }
    answers(200);
    for (id, then) in [(1, "MISS"), (2, "MISS"), (3, "HIT")] {
        let request = format!("GET /{id}");
        if RUNS.get() % 2 == 1 {
            RUNS.next();
        }
        assert_eq!(seen(&app, &request, &[]).await.0, "MISS");
        assert_eq!(seen(&app, &request, &[]).await.0, "HIT");
        let request_past = Request::builder().uri(format!("/{id}")).header("cache-control", "no-cache");
        let past = app.clone().oneshot(request_past.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(past.into_body().collect().await.is_err(), id == 3);
        assert_eq!(seen(&app, &request, &[]).await.0, then, "{id}");
    }
}

/// A body that fails at once.
struct Broken;

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Err(std::io::Error::other("cut"))))
    }
}

#[tokio::test]
async fn a_410_is_remembered_as_a_404_is() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "kept-c", key = id, expire = 60, none = 30)]
    async fn page(Path(id): Path<u16>) -> Response {
        RUNS.next();
        (StatusCode::from_u16(id).unwrap(), "gone").into_response()
    }

    let _cache = cache().await;
    let app = Router::new().route("/{id}", any(page)).layer(CacheLayer::new());
    for id in [404, 410] {
        let request = format!("GET /{id}");
        assert_eq!(seen(&app, &request, &[]).await.0, "MISS");
        let (response, _) = answer(&app, &request, &[]).await;
        assert_eq!(header(&response, "x-cache-ttl-remaining"), "30", "{id}");
        assert_eq!(response.status().as_u16(), id);
    }
    assert_eq!(RUNS.get(), 2);
}

#[tokio::test]
async fn a_program_that_bypasses_does_so_through_a_layer() {
    static RUNS: Runs = Runs::new();

    #[cached(namespace = "kept-d", key = "count", expire = 60)]
    async fn count() -> u32 {
        RUNS.next()
    }
    let handler = || async { count().await.to_string() };

    let _cache = cache().await;
    let layered = Router::new().route("/", any(handler)).layer(CacheLayer::new());
    let twice = layered.clone().layer(CacheLayer::new().ignore_request_directives());
    assert_eq!(seen(&layered, "GET /", &[]).await, ("MISS".into(), "1".into()));
    for (run, app) in [(2, &layered), (3, &twice)] {
        let past = cachefn::bypass(answer(app, "GET /", &[]));
        let (response, body) = past.await;
        assert_eq!((header(&response, "x-cache"), body), ("BYPASS".into(), run.to_string().into()));
        assert_eq!(header(&response, "cache-status"), "cachefn; fwd=bypass; stored");
        assert_eq!(seen(app, "GET /", &[]).await, ("HIT".into(), run.to_string()));
    }
    // What the request wants holds beside it: nothing is to be stored.
    let past = cachefn::bypass(answer(&layered, "GET /", &[("cache-control", "no-store")])).await;
    assert_eq!((header(&past.0, "x-cache"), past.1), ("BYPASS".into(), "4".into()));
    assert_eq!(seen(&layered, "GET /", &[]).await, ("HIT".into(), "3".into()));
    // An outer layer's `no-cache` ends at an inner one that refuses it.
    let inner = Router::new().route("/", any(handler)).layer(CacheLayer::new().ignore_request_directives());
    let outer = inner.layer(CacheLayer::new());
    assert_eq!(seen(&outer, "GET /", NO_CACHE).await, ("HIT".into(), "3".into()));
}
