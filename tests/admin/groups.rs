//! Invalidations of groups.

use axum::http::StatusCode;
use cachefn::cached;
use serde_json::json;

use super::{Runs, delete, get};

#[cached(namespace = "groups:a", key = id, tags = ["org:{id}"])]
async fn one(id: u8, runs: &Runs) -> u32 {
    runs.next() + u32::from(id)
}

#[cached(namespace = "groups:b", key = id)]
async fn other(id: u8, runs: &Runs) -> u32 {
    runs.next() + u32::from(id)
}

/// How many of four calls ran their bodies.
async fn bodies(runs: &Runs) -> u32 {
    let before = runs.get();
    for id in 0..2 {
        one(id, runs).await;
        other(id, runs).await;
    }
    runs.get() - before
}

#[cachefn::test]
async fn a_group_is_invalidated_and_nothing_else() {
    let runs = Runs::default();
    assert_eq!((bodies(&runs).await, bodies(&runs).await), (4, 0));
    for (query, struck) in [
        ("?namespace=groups", 4),
        ("?namespace=groups%3Aa", 2),
        ("?namespace=group", 0),
        ("?tag=org:1", 1),
        ("?function=groups::other", 2),
        ("", 4),
    ] {
        let answer = delete(query).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {answer:?}");
        assert_eq!(answer.body["invalidated"], "applied");
        assert_eq!(bodies(&runs).await, struck, "{query}");
    }
    assert_eq!(delete("?tag=org:1").await.body, json!({"tag": "org:1", "invalidated": "applied"}));
}

#[cachefn::test]
async fn what_is_not_understood_invalidates_nothing() {
    mod twice {
        #[cachefn::cached(namespace = "groups:c", key = 1)]
        pub(super) async fn other() -> u8 {
            1
        }
    }
    let runs = Runs::default();
    bodies(&runs).await;
    twice::other().await;
    for (query, status) in [
        ("?namepsace=groups", StatusCode::BAD_REQUEST),
        ("?namespace=", StatusCode::BAD_REQUEST),
        ("?namespace", StatusCode::BAD_REQUEST),
        ("?namespace=groups&tag=org:1", StatusCode::BAD_REQUEST),
        ("?tag=a&tag=b", StatusCode::BAD_REQUEST),
        ("?function=nobody", StatusCode::NOT_FOUND),
        ("?function=other", StatusCode::CONFLICT),
    ] {
        let answer = delete(query).await;
        assert_eq!(answer.status, status, "{query}: {answer:?}");
        assert!(!answer.error().is_empty());
    }
    assert_eq!(bodies(&runs).await, 0);
}

#[cachefn::test(config = cachefn::Config::default())]
async fn nothing_is_invalidated_where_nothing_is_cached() {
    for path in ["", "?tag=a", "/cachefn:groups:one:1"] {
        assert_eq!(delete(path).await.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
    }
    assert_eq!(get("/keys").await.status, StatusCode::SERVICE_UNAVAILABLE);
    let health = get("/health").await;
    assert_eq!((health.status, &health.body["mode"]), (StatusCode::OK, &json!("disabled")));
}
