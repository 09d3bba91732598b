//! Bodies that are too long, never end, fail, or are given up, and clients that go away.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use cachefn::http::CacheLayer;
use cachefn::testing::isolated;
use cachefn::{Config, cached};
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::sync::Semaphore;

use crate::{Runs, answer, cache, header, seen, send, until};

const LIMIT: usize = 1 << 20;

/// What a body does next.
#[derive(Clone)]
enum Step {
    Data(usize),
    Trailers,
    Fail,
    /// Nothing more, ever.
    Hang,
    /// Data without end.
    Forever(usize),
}

/// A body of steps, which counts the bytes that were taken of it.
struct Steps {
    steps: VecDeque<Step>,
    taken: Arc<AtomicUsize>,
}

impl http_body::Body for Steps {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let data = |bytes: usize, taken: &AtomicUsize| {
            taken.fetch_add(bytes, Ordering::SeqCst);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b'x'; bytes])))))
        };
        match self.steps.pop_front() {
            None => Poll::Ready(None),
            Some(Step::Data(bytes)) => data(bytes, &self.taken),
            Some(Step::Trailers) => Poll::Ready(Some(Ok(Frame::trailers(HeaderMap::new())))),
            Some(Step::Fail) => Poll::Ready(Some(Err(std::io::Error::other("cut")))),
            Some(Step::Hang) => {
                self.steps.push_front(Step::Hang);
                Poll::Pending
            }
            Some(Step::Forever(bytes)) => {
                self.steps.push_front(Step::Forever(bytes));
                data(bytes, &self.taken)
            }
        }
    }
}

fn steps(case: &str) -> Vec<Step> {
    use Step::{Data, Fail, Forever, Hang, Trailers};
    match case {
        "short" => vec![Data(3), Data(4)],
        "limit" => vec![Data(LIMIT - 1), Data(1)],
        "over" => vec![Data(LIMIT), Data(1), Data(5)],
        "trailers" => vec![Data(3), Trailers],
        "fails" => vec![Data(3), Data(4), Fail],
        "fails-late" => vec![Data(LIMIT), Data(4), Fail],
        "hangs" => vec![Data(3), Hang],
        "forever" => vec![Forever(LIMIT / 4)],
        other => panic!("{other}"),
    }
}

static TAKEN: std::sync::LazyLock<Arc<AtomicUsize>> = std::sync::LazyLock::new(Arc::default);
static RUNS: Runs = Runs::new();

#[cached(response, namespace = "bodies", key = case)]
async fn page(Path(case): Path<String>) -> Response {
    RUNS.next();
    let steps = steps(&case).into();
    Body::new(Steps { steps, taken: Arc::clone(&TAKEN) }).into_response()
}

/// The frames of a body: how many bytes came, and how it ended.
async fn taken(response: Response, most: usize) -> (usize, &'static str) {
    let (mut body, mut bytes) = (response.into_body(), 0);
    while bytes < most {
        let frame = tokio::time::timeout(std::time::Duration::from_millis(200), body.frame());
        match frame.await {
            Err(_) => return (bytes, "hangs"),
            Ok(None) => return (bytes, "ended"),
            Ok(Some(Err(error))) => {
                assert!(error.to_string().contains("cut"));
                return (bytes, "failed");
            }
            Ok(Some(Ok(frame))) if frame.is_trailers() => return (bytes, "trailers"),
            Ok(Some(Ok(frame))) => bytes += frame.into_data().unwrap().len(),
        }
    }
    (bytes, "goes on")
}

#[tokio::test]
async fn whatever_a_body_does_the_client_gets_it_and_only_what_is_whole_is_stored() {
    let _cache = cache().await;
    let app = Router::new().route("/{case}", get(page)).layer(CacheLayer::new());
    let rows = [
        ("short", (7, "ended"), "HIT"),
        ("limit", (LIMIT, "ended"), "HIT"),
        ("over", (LIMIT + 6, "ended"), "MISS"),
        ("trailers", (3, "trailers"), "MISS"),
        ("fails", (7, "failed"), "MISS"),
        ("fails-late", (LIMIT + 4, "failed"), "MISS"),
        ("hangs", (3, "hangs"), "MISS"),
        ("forever", (4 * LIMIT, "goes on"), "MISS"),
    ];
    for (case, expected, then) in rows {
        let path = format!("GET /{case}");
        for outcome in ["MISS", then] {
            TAKEN.store(0, Ordering::SeqCst);
            let response = send(&app, &path, &[]).await;
            assert_eq!(header(&response, "x-cache"), outcome, "{case}");
            let before = TAKEN.load(Ordering::SeqCst);
            assert!(before <= LIMIT + LIMIT / 4, "{case}: {before} bytes were taken before the client asked");
            assert_eq!(taken(response, 4 * LIMIT).await, expected, "{case}");
        }
    }
}

#[tokio::test]
async fn a_client_that_goes_away_half_way_leaves_the_key_usable() {
    static GATE: Semaphore = Semaphore::const_new(0);
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "bodies-b", key = "slow")]
    async fn slow() -> impl IntoResponse {
        let run = RUNS.next();
        if run == 1 {
            GATE.acquire().await.unwrap().forget();
        }
        if run == 2 {
            let taken = Arc::default();
            return Body::new(Steps { steps: [Step::Data(3), Step::Hang].into(), taken }).into_response();
        }
        format!("run {run}").into_response()
    }

    let _cache = cache().await;
    let app = Router::new().route("/", get(slow)).layer(CacheLayer::new());
    for gone in 1..3 {
        let client = tokio::spawn({
            let app = app.clone();
            async move { drop(seen(&app, "GET /", &[]).await) }
        });
        until("the handler runs", || RUNS.get() == gone).await;
        tokio::task::yield_now().await;
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
    }
    assert_eq!(seen(&app, "GET /", &[]).await, ("MISS".into(), "run 3".into()));
    assert_eq!(seen(&app, "GET /", &[]).await, ("HIT".into(), "run 3".into()));
}

#[tokio::test]
async fn a_follower_of_a_client_that_goes_away_runs_its_own_handler() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "bodies-c", key = "slow")]
    async fn slow() -> impl IntoResponse {
        if RUNS.next() == 1 {
            std::future::pending::<()>().await;
        }
        "there"
    }

    let _cache = cache().await;
    let app = Router::new().route("/", get(slow)).layer(CacheLayer::new());
    let ask = || {
        let app = app.clone();
        tokio::spawn(async move { seen(&app, "GET /", &[]).await })
    };
    let leader = ask();
    until("the handler runs", || RUNS.get() == 1).await;
    let follower = ask();
    tokio::task::yield_now().await;
    leader.abort();
    assert_eq!(follower.await.unwrap(), ("MISS".into(), "there".into()));
    assert_eq!(RUNS.get(), 2);
}

#[tokio::test]
async fn ten_thousand_queries_stay_within_the_memory() {
    #[cached(response, namespace = "bodies-d", key = query)]
    async fn search(Query(query): Query<Vec<(String, String)>>) -> impl IntoResponse {
        let _ = query;
        vec![b'x'; 4096]
    }

    // A cache of its own: a full memory has no room for what other tests expect to find again.
    let config = Config::builder().enabled(true).max_bytes(8 << 20).build().unwrap();
    isolated(config, async {
        let app = Router::new().route("/", get(search)).layer(CacheLayer::new().ignore_request_directives());
        for query in 0..10_000 {
            let (response, body) = answer(&app, &format!("GET /?q={query}"), &[]).await;
            assert_eq!((header(&response, "x-cache").as_str(), body.len()), ("MISS", 4096));
        }
        until("what is too much is let go", || cachefn::stats().bytes <= 8 << 20).await;
    })
    .await;
}
