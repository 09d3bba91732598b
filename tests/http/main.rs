//! Routes of axum with cached calls inside, and responses that are cached whole; memory is behind them.

mod age;
mod bodies;
mod client;
mod directives;
mod hostile;
mod kept;
mod layer;
mod plain;
mod responses;
mod storable;
mod vary;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use cachefn::Config;
use cachefn::testing::Clock;
use http_body_util::BodyExt;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tower::ServiceExt;

/// The cache of this process, on a clock that stands still while the answer is held.
pub(crate) async fn cache() -> RwLockReadGuard<'static, ()> {
    set_up().await;
    MOVING.read().await
}

/// The same, with the clock to move it by.
pub(crate) async fn moving() -> (RwLockWriteGuard<'static, ()>, &'static Clock) {
    set_up().await;
    (MOVING.write().await, &CLOCK)
}

static MOVING: RwLock<()> = RwLock::const_new(());
static CLOCK: LazyLock<Clock> = LazyLock::new(Clock::new);

async fn set_up() {
    static READY: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    let init = || async {
        let config = Config::builder().enabled(true).clock(&CLOCK).max_bytes(8 << 20).build().unwrap();
        cachefn::init_with(config).await.unwrap();
    };
    READY.get_or_init(init).await;
}

/// Counts how often bodies run.
#[derive(Default)]
pub(crate) struct Runs(AtomicU32);

impl Runs {
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    pub(crate) fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Headers of a request.
pub(crate) type Headers<'a> = &'a [(&'a str, &'a str)];

/// Sends a request: `GET /path`, and headers.
pub(crate) async fn send(app: &Router, request: &str, headers: Headers<'_>) -> Response {
    let (method, path) = request.split_once(' ').expect("a method and a path");
    let mut request = axum::http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

/// Sends it and takes the whole body.
pub(crate) async fn answer(app: &Router, request: &str, headers: Headers<'_>) -> (Response<()>, Bytes) {
    let (parts, body) = send(app, request, headers).await.into_parts();
    (Response::from_parts(parts, ()), body.collect().await.unwrap().to_bytes())
}

/// What `X-Cache` says, with the body.
pub(crate) async fn seen(app: &Router, request: &str, headers: Headers<'_>) -> (String, String) {
    let (response, body) = answer(app, request, headers).await;
    (header(&response, "x-cache"), String::from_utf8(body.to_vec()).unwrap())
}

/// A header of a response; empty if it is not there.
pub(crate) fn header<B>(response: &Response<B>, name: &str) -> String {
    let lines = response.headers().get_all(name).iter();
    lines.map(|line| line.to_str().expect("ASCII")).collect::<Vec<_>>().join(", ")
}

/// Waits until something holds, ten seconds at most.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("{what}");
}
