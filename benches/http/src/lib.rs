//! What HTTP responses cost, by the way they are made: see `benches/`.
//!
//! All of them are a list of 50 users, 3 KB of JSON:
//!
//! ```text
//! bytes               they are at hand: the limit
//! bytes, as ours      likewise, with the headers that `CacheLayer` sets, behind a layer that does nothing
//! handler             it makes the list and writes it as JSON, each time
//! cached              the list is cached, and written as JSON each time
//! cached(response)    the response is cached
//! tower-http-cache    likewise, by its layer
//! ```

use std::time::Duration;

use axum::body::Bytes;
use axum::error_handling::HandleError;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{BoxError, Json, Router};
use cachefn::cached;
use cachefn::http::CacheLayer;
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use tower::ServiceBuilder;
use tower::layer::util::Identity;
use tower_http_cache::prelude::{CacheLayer as PeersLayer, InMemoryBackend};

/// What makes the response, and its path in [`app`]. The first is the limit.
pub const VARIANTS: [(&str, &str); 6] = [
    ("bytes", "/bytes"),
    ("bytes, as ours", "/as-ours"),
    ("handler", "/handler"),
    ("cached", "/value"),
    ("cached(response)", "/response"),
    ("tower-http-cache", "/peer"),
];

const JSON: (&str, &str) = ("content-type", "application/json");

/// What a hit says of itself.
const HIT: [(&str, &str); 4] = [
    ("x-cache", "HIT"),
    ("x-cache-ttl-remaining", "3599"),
    ("cache-status", "cachefn; hit; ttl=3599"),
    ("cache-control", "no-cache, no-store, must-revalidate, max-age=0"),
];

#[derive(Clone, Serialize, Deserialize)]
struct User {
    id: u32,
    name: String,
    email: String,
}

fn users() -> Vec<User> {
    (0..50)
        .map(|id| User { id, name: format!("User number {id}"), email: format!("user{id}@example.com") })
        .collect()
}

async fn handler() -> Json<Vec<User>> {
    Json(users())
}

#[cached(expire = 3600, key = "list")]
async fn value() -> Json<Vec<User>> {
    Json(users())
}

#[cached(response, expire = 3600, key = "response")]
async fn response() -> impl IntoResponse {
    Json(users())
}

/// All of them, each at its path. Caching has to be on.
///
/// # Panics
///
/// Never: the list is JSON.
pub fn app() -> Router {
    let bytes = Bytes::from(serde_json::to_vec(&users()).expect("it is JSON"));
    let same = bytes.clone();
    let as_ours = get(move || std::future::ready(([JSON], HIT, same.clone())));
    let ours = Router::new().route("/value", get(value)).route("/response", get(response));
    Router::new()
        .route("/as-ours", as_ours)
        .layer(Identity::new())
        .route("/bytes", get(move || std::future::ready(([JSON], bytes.clone()))))
        .route("/handler", get(handler))
        .merge(ours.layer(CacheLayer::new()))
        .merge(peer())
}

fn peer() -> Router {
    let layer = PeersLayer::builder(InMemoryBackend::new(1_000)).ttl(Duration::from_secs(3600)).build();
    // It takes bodies that are `Sync`, which axum's are not, and has errors, which axum's services have not.
    let peer = ServiceBuilder::new().layer(layer).service_fn(async |_: Request| {
        let list = serde_json::to_vec(&users()).expect("it is JSON");
        let response = Response::builder().header(CONTENT_TYPE, "application/json");
        Ok::<_, BoxError>(response.body(Full::new(Bytes::from(list)))?)
    });
    let peer = HandleError::new(peer, async |_: BoxError| StatusCode::INTERNAL_SERVER_ERROR);
    Router::new().route_service("/peer", peer)
}
