//! Responses that differ by what is in the headers of requests, in memory and in Redis.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, Request};
use axum::response::IntoResponse;
use axum::routing::get;
use cachefn::cached;
use cachefn::http::CacheLayer;
use tower::ServiceExt;

use super::Runs;
use crate::cache;

/// What `X-Cache` says, with the body.
async fn ask(app: &Router, path: &str, headers: &[(&str, &str)]) -> (String, String) {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, body) = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let outcome = parts.headers["x-cache"].to_str().unwrap().to_owned();
    assert_eq!(parts.headers.contains_key("age"), outcome == "HIT");
    (outcome, String::from_utf8(body.to_vec()).unwrap())
}

fn of<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("-", |value| value.to_str().unwrap())
}

fn expected(outcome: &str, body: &str) -> (String, String) {
    (outcome.into(), body.into())
}

#[tokio::test]
async fn each_variant_is_stored_and_the_invalidation_of_the_key_takes_all() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "variants:a", key = id, tags = ["variant:{id}"], expire = 60)]
    async fn page(Path(id): Path<u32>, headers: HeaderMap) -> impl IntoResponse {
        ([("vary", "Accept-Language")], format!("{} {}", of(&headers, "accept-language"), RUNS.next()))
    }

    let _cache = cache().await;
    let app = Router::new().route("/{id}", get(page)).layer(CacheLayer::new());
    let ask = async |language: &str| ask(&app, "/7", &[("accept-language", language)]).await;
    let mut run = 0;
    for round in 0..5 {
        for language in ["de", "fr", "en"] {
            run += 1;
            let body = format!("{language} {run}");
            assert_eq!(ask(language).await, expected("MISS", &body), "{round}");
        }
        for (ago, language) in [(2, "de"), (0, "en"), (1, "fr"), (2, "de")] {
            let body = format!("{language} {}", run - ago);
            assert_eq!(ask(language).await, expected("HIT", &body), "{round}");
        }
        match round {
            0 => invalidate_page(Path(7)).await,
            1 => cachefn::invalidate_tag("variant:7").await,
            2 => cachefn::invalidate_namespace("variants:a").await,
            _ => invalidate_all_page().await,
        };
    }
}

#[tokio::test]
async fn a_variant_that_is_loaded_while_its_key_is_invalidated_is_not_served_afterwards() {
    static RUNS: Runs = Runs::new();
    static GATE: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(0);
    static INSIDE: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(0);

    #[cached(response, namespace = "variants:b", key = id, expire = 60)]
    async fn page(Path(id): Path<u32>, headers: HeaderMap) -> impl IntoResponse {
        let _ = id;
        let (language, run) = (of(&headers, "accept-language").to_owned(), RUNS.next());
        if headers.contains_key("x-slow") {
            INSIDE.add_permits(1);
            GATE.acquire().await.unwrap().forget();
        }
        ([("vary", "Accept-Language")], format!("{language} {run}"))
    }

    let _cache = cache().await;
    let app = Router::new().route("/{id}", get(page)).layer(CacheLayer::new());
    assert_eq!(ask(&app, "/7", &[("accept-language", "de")]).await, expected("MISS", "de 1"));
    let slow = tokio::spawn({
        let app = app.clone();
        async move { ask(&app, "/7", &[("accept-language", "fr"), ("x-slow", "1")]).await }
    });
    INSIDE.acquire().await.unwrap().forget();
    invalidate_page(Path(7)).await;
    // The first response is there again before the older variant is.
    assert_eq!(ask(&app, "/7", &[("accept-language", "de")]).await, expected("MISS", "de 3"));
    GATE.add_permits(1);
    assert_eq!(slow.await.unwrap(), expected("MISS", "fr 2"));
    assert_eq!(ask(&app, "/7", &[("accept-language", "fr")]).await, expected("MISS", "fr 4"));
    assert_eq!(ask(&app, "/7", &[("accept-language", "fr")]).await, expected("HIT", "fr 4"));
    assert_eq!(ask(&app, "/7", &[("accept-language", "de")]).await, expected("HIT", "de 3"));
}

#[tokio::test]
async fn what_no_cache_has_replaced_no_variant_brings_back() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "variants:c", key = id, expire = 60)]
    async fn page(Path(id): Path<u32>, headers: HeaderMap) -> impl IntoResponse {
        let _ = id;
        ([("vary", "Accept-Language")], format!("{} {}", of(&headers, "accept-language"), RUNS.next()))
    }

    let _cache = cache().await;
    let app = Router::new().route("/{id}", get(page)).layer(CacheLayer::new());
    let (de, fr) = (("accept-language", "de"), ("accept-language", "fr"));
    let fresh = ("cache-control", "no-cache");
    assert_eq!(ask(&app, "/7", &[de]).await, expected("MISS", "de 1"));
    assert_eq!(ask(&app, "/7", &[fr]).await, expected("MISS", "fr 2"));
    assert_eq!(ask(&app, "/7", &[fr, fresh]).await, expected("BYPASS", "fr 3"));
    assert_eq!(ask(&app, "/7", &[fr]).await, expected("HIT", "fr 3"));
    assert_eq!(ask(&app, "/7", &[de, fresh]).await, expected("BYPASS", "de 4"));
    assert_eq!(ask(&app, "/7", &[fr]).await, expected("MISS", "fr 5"), "not what stood there before");
    assert_eq!(ask(&app, "/7", &[de]).await, expected("HIT", "de 4"));
    // Nothing is known of a request: what cannot be told to be for one is not stored, and what is older goes.
    refresh_page(Path(7), HeaderMap::new()).await;
    assert_eq!(ask(&app, "/7", &[de]).await, expected("MISS", "de 7"));
}
