//! The admin router, asked as a server would ask it, with memory and with Redis behind it.
//!
//! With memory each test has a cache of its own. With Redis the cache is mostly the process's, as in a server, so those
//! tests take turns.
#![allow(missing_docs)]

mod access;
mod entries;
mod figures;
mod groups;
mod keys;
mod levels;
mod others;
mod redis;

use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use cachefn::http::admin;
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};
use tower::ServiceExt as _;

const TOKEN: &str = "0123456789abcdef";

/// The cache of this process, for as long as a test has its turn.
struct Turn(#[expect(dead_code, reason = "it is held")] MutexGuard<'static, ()>);

impl Turn {
    async fn take(config: cachefn::ConfigBuilder) -> Self {
        static TURN: Mutex<()> = Mutex::const_new(());
        let turn = TURN.lock().await;
        cachefn::shutdown().await;
        cachefn::init_with(config.build().unwrap()).await.unwrap();
        Self(turn)
    }
}

/// What was answered.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_else(|| panic!("{self:?} is no error"))
    }
}

/// Sends it to a router that is mounted below a path, as most are.
async fn send(request: Request<Body>) -> Answer {
    let app: Router = Router::new().nest("/tenants/{key}/cache", admin::router().token(TOKEN).unwrap());
    answer(app, request).await
}

async fn answer(app: Router, request: Request<Body>) -> Answer {
    let response = app.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer { status: parts.status, headers: parts.headers, body }
}

fn request(method: Method, path: &str) -> axum::http::request::Builder {
    let uri = format!("/tenants/7/cache{path}");
    Request::builder().method(method).uri(uri).header("authorization", format!("Bearer {TOKEN}"))
}

async fn get(path: &str) -> Answer {
    send(request(Method::GET, path).body(Body::empty()).unwrap()).await
}

async fn delete(path: &str) -> Answer {
    send(request(Method::DELETE, path).body(Body::empty()).unwrap()).await
}

async fn post(path: &str, body: impl Into<Body>) -> Answer {
    send(request(Method::POST, path).body(body.into()).unwrap()).await
}

/// The path of a key.
fn at(key: &str) -> String {
    let escaped = key.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b':' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    });
    format!("/{}", escaped.collect::<String>())
}

/// How often bodies ran.
#[derive(Default)]
struct Runs(AtomicU32);

impl Runs {
    fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn get(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}
