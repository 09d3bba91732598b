//! How old an answer is, and how long clients may keep what ends.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Path;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use cachefn::cached;
use cachefn::http::{CacheLayer, ClientCache};

use crate::{Headers, Runs, answer, header, moving};

#[tokio::test]
async fn every_answer_out_of_the_cache_says_how_old_it_is() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "age-a", key = id, expire = 60, stale_if_error = "1h")]
    async fn page(Path(id): Path<u32>) -> Response {
        match (id, RUNS.next()) {
            (1, run) if run > 1 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            (2, _) => ([("age", "100")], "from elsewhere").into_response(),
            _ => "page".into_response(),
        }
    }
    #[cached(namespace = "age-a", key = id, expire = 60)]
    async fn value(Path(id): Path<u32>) -> Json<u32> {
        Json(id)
    }

    let (_moving, clock) = moving().await;
    let layer = CacheLayer::new().client_cache(ClientCache::public(Duration::from_secs(60)));
    let app = Router::new().route("/{id}", get(page)).route("/value/{id}", get(value)).layer(layer);
    let mut tag = String::new();
    for (request, age) in [("GET /1", ""), ("GET /2", "100"), ("GET /value/1", "")] {
        let (response, _) = answer(&app, request, &[]).await;
        assert_eq!((header(&response, "x-cache"), header(&response, "age")), ("MISS".into(), age.into()));
        if request == "GET /1" {
            tag = header(&response, "etag");
        }
    }
    let none_match: Headers<'_> = &[("if-none-match", &tag)];
    let rows: [(&str, Headers<'_>, u16, &str, u64); 6] = [
        ("GET /1", &[], 200, "HIT", 0),
        ("HEAD /1", &[], 200, "HIT", 0),
        ("GET /1", none_match, 304, "HIT", 0),
        ("GET /1", &[("range", "bytes=0-1")], 200, "HIT", 0),
        ("GET /value/1", &[], 200, "HIT", 0),
        ("GET /2", &[], 200, "HIT", 100),
    ];
    for seconds in [0_u64, 20, 39] {
        clock.advance(Duration::from_secs(seconds));
        let passed = if seconds == 39 { 59 } else { seconds };
        for (request, headers, status, outcome, before) in rows {
            let (response, _) = answer(&app, request, headers).await;
            let seen = (response.status().as_u16(), header(&response, "x-cache"), header(&response, "age"));
            assert_eq!(
                seen,
                (status, outcome.into(), (before + passed).to_string()),
                "{request} {headers:?}"
            );
        }
    }
    clock.advance(Duration::from_secs(11));
    let (stale, _) = answer(&app, "GET /1", &[]).await;
    assert_eq!((header(&stale, "x-cache"), header(&stale, "age")), ("STALE".into(), "70".into()));
    assert_eq!(header(&stale, "cache-control"), "public, max-age=60", "which it is past already");
}

#[tokio::test]
async fn clients_keep_nothing_for_longer_than_it_lives() {
    #[cached(response, namespace = "age-b", key = id, expire = 60)]
    async fn page(Path(id): Path<u32>) -> impl IntoResponse {
        id.to_string()
    }
    #[cached(namespace = "age-b", key = (), expire = 30)]
    async fn short() -> u32 {
        30
    }
    async fn both(id: Path<u32>) -> impl IntoResponse {
        let _ = short().await;
        page(id).await
    }

    let (_moving, clock) = moving().await;
    let client = ClientCache::public(Duration::from_secs(300)).s_maxage(Duration::from_secs(600));
    let routes = Router::new()
        .route("/{id}", get(page))
        .route("/both/{id}", get(both))
        .route("/plain", get(|| async { "plain" }));
    let app = routes.clone().layer(CacheLayer::new().client_cache(client.clone()));
    let control = async |app: &Router, request: &str| {
        let (response, _) = answer(app, request, &[]).await;
        (header(&response, "cache-control"), header(&response, "age"))
    };
    let sent = |control: &str, age: &str| (control.to_owned(), age.to_owned());
    assert_eq!(control(&app, "GET /1").await, sent("public, max-age=60, s-maxage=60", ""));
    clock.advance(Duration::from_secs(20));
    // 40 seconds are left of it, for who counts from its birth.
    assert_eq!(control(&app, "GET /1").await, sent("public, max-age=60, s-maxage=60", "20"));
    // The shorter life counts, and nothing is known of what was not cached.
    assert_eq!(control(&app, "GET /both/2").await, sent("public, max-age=30, s-maxage=30", ""));
    assert_eq!(control(&app, "GET /both/1").await, sent("public, max-age=50, s-maxage=50", "20"));
    assert_eq!(control(&app, "GET /plain").await, sent("public, max-age=300, s-maxage=600", ""));
    let app = routes.layer(CacheLayer::new().client_cache(client.exceed_expiry().must_revalidate()));
    let all = "public, max-age=300, s-maxage=600, must-revalidate";
    assert_eq!(control(&app, "GET /1").await, sent(all, "20"));
}

#[tokio::test]
async fn a_handler_says_itself_what_clients_may_keep() {
    #[cached(response, namespace = "age-c", key = id, expire = 90, client = "private, must-revalidate, max-age=60")]
    async fn mine(Path(id): Path<u32>) -> Response {
        match id {
            0 => StatusCode::NOT_FOUND.into_response(),
            1 => ([("cache-control", "max-age=1")], "own").into_response(),
            id => id.to_string().into_response(),
        }
    }
    #[cached(
        response,
        namespace = "age-c",
        key = "shared",
        expire = 90,
        client = "public, max-age=300, s-maxage=30"
    )]
    async fn shared() -> impl IntoResponse {
        "shared"
    }

    let (_moving, clock) = moving().await;
    let nothing = "no-cache, no-store, must-revalidate, max-age=0";
    let routes = Router::new()
        .route("/{id}", get(mine).post(mine))
        .route("/shared", get(shared))
        .route("/plain", get(|| async { "plain" }));
    let whole = ClientCache::public(Duration::from_secs(5));
    let with_preset = routes.clone().layer(CacheLayer::new().client_cache(whole));
    let app = routes.layer(CacheLayer::new());
    let private = "private, max-age=60, must-revalidate";
    for outcome in ["MISS", "HIT"] {
        let (response, _) = answer(&app, "GET /7", &[]).await;
        assert_eq!(
            (header(&response, "x-cache"), header(&response, "cache-control")),
            (outcome.into(), private.into())
        );
        assert_eq!(header(&response, "vary"), "accept-encoding, authorization, cookie");
        let tag = header(&response, "etag");
        assert_eq!(tag.len(), 34);
        let (response, body) = answer(&app, "GET /7", &[("if-none-match", &tag)]).await;
        assert_eq!(
            (response.status(), header(&response, "etag"), body.len()),
            (StatusCode::NOT_MODIFIED, tag, 0)
        );
        assert_eq!(header(&response, "cache-control"), private);
        assert_eq!(header(&response, "age"), "0");
    }
    let rows = [
        ("GET /0", nothing),
        ("GET /1", "max-age=1"),
        ("POST /7", nothing),
        ("GET /shared", "public, max-age=90, s-maxage=30"),
        ("GET /plain", nothing),
    ];
    for (request, control) in rows {
        assert_eq!(header(&answer(&app, request, &[]).await.0, "cache-control"), control, "{request}");
    }
    for (request, control) in [("GET /7", private), ("GET /plain", "public, max-age=5")] {
        assert_eq!(
            header(&answer(&with_preset, request, &[]).await.0, "cache-control"),
            control,
            "{request}"
        );
    }
    clock.advance(Duration::from_secs(80));
    let (response, _) = answer(&app, "GET /shared", &[]).await;
    assert_eq!(
        (header(&response, "age"), header(&response, "cache-control")),
        ("80".into(), "public, max-age=90, s-maxage=30".into())
    );
}

/// Stands for a compression layer: other bytes where the client takes them.
async fn compress(request: Request, next: Next) -> Response {
    let takes = request.headers().get("accept-encoding").is_some_and(|encoding| encoding == "gzip");
    let mut response = next.run(request).await;
    response.headers_mut().append("vary", HeaderValue::from_static("accept-encoding"));
    if !takes {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let plain = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    parts.headers.remove("content-length");
    parts.headers.insert("content-encoding", HeaderValue::from_static("gzip"));
    Response::from_parts(parts, Body::from([b"gz:", &plain[..]].concat()))
}

#[tokio::test]
async fn compression_inside_of_the_layer_has_a_tag_for_each_encoding_of_one_stored_response() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "age-d", key = "page", client = "public, max-age=60")]
    async fn page() -> impl IntoResponse {
        format!("run {}", RUNS.next())
    }

    let (_moving, _) = moving().await;
    let app = Router::new().route("/", get(page)).layer(from_fn(compress)).layer(CacheLayer::new());
    let gzip = ("accept-encoding", "gzip");
    let (plain, body) = answer(&app, "GET /", &[]).await;
    assert_eq!((&body[..], header(&plain, "vary")), (&b"run 1"[..], "accept-encoding".into()));
    let (packed, body) = answer(&app, "GET /", &[gzip]).await;
    assert_eq!((&body[..], header(&packed, "x-cache")), (&b"gz:run 1"[..], "HIT".into()));
    let (plain, packed) = (header(&plain, "etag"), header(&packed, "etag"));
    assert!(plain != packed && plain.starts_with('"') && packed.starts_with('"'));
    let rows: [(Headers<'_>, u16); 4] = [
        (&[("if-none-match", &plain)], 304),
        (&[("if-none-match", &plain), gzip], 200),
        (&[("if-none-match", &packed), gzip], 304),
        (&[("if-none-match", &packed)], 200),
    ];
    for (headers, status) in rows {
        assert_eq!(answer(&app, "GET /", headers).await.0.status().as_u16(), status, "{headers:?}");
    }
    assert_eq!(RUNS.get(), 1);
}
