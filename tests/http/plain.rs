//! Handlers that are plain cached functions: what they return is stored, and not the response made of it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use cachefn::cached;
use cachefn::http::CacheLayer;
use serde::{Deserialize, Serialize};

use crate::{Headers, Runs, answer, cache, header, seen};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Item {
    id: u32,
    run: u32,
}

#[derive(Clone, Debug, Deserialize)]
struct Page {
    page: u32,
    size: u32,
}

/// Whoever asks.
#[derive(Clone, Debug)]
struct User {
    id: u32,
}

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let id = parts.headers.get("x-user").and_then(|id| id.to_str().ok()?.parse().ok());
        Ok(Self { id: id.unwrap_or_default() })
    }
}

type Shared = State<Arc<Runs>>;

#[cached(namespace = "plain-a", key = id)]
async fn item(State(runs): Shared, Path(id): Path<u32>) -> Json<Item> {
    Json(Item { id, run: runs.next() })
}

#[cached(namespace = "plain-b", key = id)]
async fn fallible(State(runs): Shared, Path(id): Path<u32>) -> Result<Json<Item>, StatusCode> {
    let run = runs.next();
    if id == 0 { Err(StatusCode::IM_A_TEAPOT) } else { Ok(Json(Item { id, run })) }
}

#[cached(
    namespace = "plain-c",
    key = "{namespace}:page:{page.page}:size:{page.size}",
    expire = Duration::from_secs(if page.page == 1 { 10 } else { 100 })
)]
async fn listed(Query(page): Query<Page>, State(runs): Shared) -> Json<Vec<Item>> {
    let run = runs.next();
    Json((0..page.size).map(|at| Item { id: page.page * page.size + at, run }).collect())
}

#[cached(namespace = "plain-d", key = "{user.id}")]
async fn mine(user: User, State(runs): Shared) -> Json<Item> {
    Json(Item { id: user.id, run: runs.next() })
}

#[axum::debug_handler(state = Arc<Runs>)]
#[cached(namespace = "plain-e", skip(runs))]
async fn checked_above(State(runs): Shared, Path(id): Path<u32>) -> Json<Item> {
    Json(Item { id, run: runs.next() })
}

#[cached(namespace = "plain-f", skip(runs))]
#[axum::debug_handler(state = Arc<Runs>)]
async fn checked_below(State(runs): Shared, Path(id): Path<u32>) -> Json<Item> {
    Json(Item { id, run: runs.next() })
}

#[axum::debug_handler(state = Arc<Runs>)]
#[cached(response, namespace = "plain-g", key = id)]
async fn response_above(State(runs): Shared, Path(id): Path<u32>) -> impl IntoResponse {
    Json(Item { id, run: runs.next() })
}

#[cached(response, namespace = "plain-h", key = id)]
#[axum::debug_handler(state = Arc<Runs>)]
async fn response_below(State(runs): Shared, Path(id): Path<u32>) -> Result<impl IntoResponse, StatusCode> {
    Ok(Json(Item { id, run: runs.next() }))
}

fn app() -> Router {
    Router::new()
        .route("/item/{id}", get(item))
        .route("/fallible/{id}", get(fallible))
        .route("/listed", get(listed))
        .route("/mine", get(mine))
        .route("/checked/above/{id}", get(checked_above))
        .route("/checked/below/{id}", get(checked_below))
        .route("/response/above/{id}", get(response_above))
        .route("/response/below/{id}", get(response_below))
        .layer(CacheLayer::new())
        .with_state(Arc::new(Runs::default()))
}

#[tokio::test]
async fn handlers_are_cached_by_what_their_keys_say() {
    let _cache = cache().await;
    let app = app();
    let rows: [(&str, Headers<'_>, &str, &str); 20] = [
        ("GET /item/7", &[], "MISS", r#"{"id":7,"run":1}"#),
        ("GET /item/7", &[], "HIT", r#"{"id":7,"run":1}"#),
        ("GET /fallible/7", &[], "MISS", r#"{"id":7,"run":2}"#),
        ("GET /fallible/7", &[], "HIT", r#"{"id":7,"run":2}"#),
        ("GET /fallible/0", &[], "MISS", ""),
        ("GET /fallible/0", &[], "MISS", ""),
        ("GET /listed?page=1&size=1", &[], "MISS", r#"[{"id":1,"run":5}]"#),
        ("GET /listed?size=1&page=1", &[], "HIT", r#"[{"id":1,"run":5}]"#),
        ("GET /listed?page=2&size=1", &[], "MISS", r#"[{"id":2,"run":6}]"#),
        ("GET /mine", &[("x-user", "1")], "MISS", r#"{"id":1,"run":7}"#),
        ("GET /mine", &[("x-user", "2")], "MISS", r#"{"id":2,"run":8}"#),
        ("GET /mine", &[("x-user", "1")], "HIT", r#"{"id":1,"run":7}"#),
        ("GET /checked/above/1", &[], "MISS", r#"{"id":1,"run":9}"#),
        ("GET /checked/above/1", &[], "HIT", r#"{"id":1,"run":9}"#),
        ("GET /checked/below/1", &[], "MISS", r#"{"id":1,"run":10}"#),
        ("GET /checked/below/1", &[], "HIT", r#"{"id":1,"run":10}"#),
        ("GET /response/above/1", &[], "MISS", r#"{"id":1,"run":11}"#),
        ("GET /response/above/1", &[], "HIT", r#"{"id":1,"run":11}"#),
        ("GET /response/below/1", &[], "MISS", r#"{"id":1,"run":12}"#),
        ("GET /response/below/1", &[], "HIT", r#"{"id":1,"run":12}"#),
    ];
    for (request, headers, outcome, body) in rows {
        assert_eq!(seen(&app, request, headers).await, (outcome.into(), body.into()), "{request}");
    }
    for (request, left) in [("GET /listed?page=1&size=1", "10"), ("GET /listed?page=2&size=1", "100")] {
        assert_eq!(header(&answer(&app, request, &[]).await.0, "x-cache-ttl-remaining"), left);
    }
    assert_eq!(answer(&app, "GET /item/x", &[]).await.0.status(), StatusCode::BAD_REQUEST);
}
