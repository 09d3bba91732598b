//! `#[cached(response)]`: what is stored of whole responses, and for whom.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use cachefn::cached;
use cachefn::http::CacheLayer;

use crate::{Runs, answer, cache, header, seen};

#[tokio::test]
async fn a_hit_has_status_headers_and_body_and_runs_nothing() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "responses-a", key = id, expire = 60)]
    async fn page(Path(id): Path<u32>) -> Response {
        let run = RUNS.next();
        (StatusCode::CREATED, [("x-made", "by hand")], format!("page {id}, run {run}")).into_response()
    }

    let _cache = cache().await;
    let app = Router::new().route("/{id}", get(page)).layer(CacheLayer::new());
    let (first, body) = answer(&app, "GET /7", &[]).await;
    assert_eq!((header(&first, "x-cache"), &body[..]), ("MISS".into(), &b"page 7, run 1"[..]));
    assert_eq!(header(&first, "cache-status"), "cachefn; fwd=uri-miss; stored");
    let (second, body) = answer(&app, "GET /7", &[]).await;
    assert_eq!((header(&second, "x-cache"), &body[..]), ("HIT".into(), &b"page 7, run 1"[..]));
    assert_eq!(second.status(), StatusCode::CREATED);
    assert_eq!(header(&second, "x-made"), "by hand");
    assert_eq!(header(&second, "content-type"), "text/plain; charset=utf-8");
    assert_eq!(header(&second, "x-cache-ttl-remaining"), "60");
    assert_eq!(header(&second, "cache-status"), "cachefn; hit; ttl=60");
    assert_eq!(seen(&app, "GET /8", &[]).await.1, "page 8, run 2");
    assert_eq!(RUNS.get(), 2);
    invalidate_page(Path(7)).await;
    assert_eq!(seen(&app, "GET /7", &[]).await, ("MISS".into(), "page 7, run 3".into()));
}

#[tokio::test]
async fn whatever_becomes_a_response_may_be_returned() {
    static RUNS: Runs = Runs::new();
    type Answer = Result<Response, StatusCode>;

    #[cached(response, namespace = "responses-b", key = "opaque:{id}")]
    async fn opaque(Path(id): Path<u32>) -> impl IntoResponse {
        RUNS.next();
        if id == 0 {
            return (StatusCode::ACCEPTED, "nothing".to_owned());
        }
        (StatusCode::OK, format!("{id}"))
    }
    #[cached(response, namespace = "responses-b", key = "inside:{id}")]
    async fn inside(Path(id): Path<u32>) -> Result<impl IntoResponse, StatusCode> {
        RUNS.next();
        let half = id.checked_sub(1).ok_or(StatusCode::IM_A_TEAPOT)?;
        Ok(axum::Json(half))
    }
    #[cached(response, namespace = "responses-b", key = "alias:{id}")]
    async fn alias(Path(id): Path<u32>) -> Answer {
        RUNS.next();
        if id == 0 { Err(StatusCode::IM_A_TEAPOT) } else { Ok(id.to_string().into_response()) }
    }

    let _cache = cache().await;
    let app = Router::new()
        .route("/opaque/{id}", get(opaque))
        .route("/inside/{id}", get(inside))
        .route("/alias/{id}", get(alias))
        .layer(CacheLayer::new());
    let rows = [
        ("GET /opaque/0", "nothing", "HIT"),
        ("GET /opaque/5", "5", "HIT"),
        ("GET /inside/5", "4", "HIT"),
        ("GET /inside/0", "", "MISS"),
        ("GET /alias/5", "5", "HIT"),
        ("GET /alias/0", "", "MISS"),
    ];
    for (request, body, then) in rows {
        assert_eq!(seen(&app, request, &[]).await, ("MISS".into(), body.into()), "{request}");
        assert_eq!(seen(&app, request, &[]).await, (then.into(), body.into()), "{request}");
    }
    assert_eq!(RUNS.get(), 8);
}

#[tokio::test]
async fn types_that_become_a_response_are_stored_as_one() {
    static RUNS: Runs = Runs::new();

    struct Heading(u32);

    impl IntoResponse for Heading {
        fn into_response(self) -> Response {
            Html(format!("<h1>{}</h1>", self.0)).into_response()
        }
    }

    #[cached(response, namespace = "responses-c", key = "html:{id}")]
    async fn html(Path(id): Path<u32>) -> Html<String> {
        RUNS.next();
        Html(format!("<p>{id}</p>"))
    }
    #[cached(response, namespace = "responses-c", key = "status:{id}")]
    async fn status(Path(id): Path<u32>) -> (StatusCode, [(&'static str, &'static str); 1], Json<u32>) {
        RUNS.next();
        (StatusCode::CREATED, [("x-made", "by hand")], Json(id))
    }
    #[cached(response, namespace = "responses-c", key = "inside:{id}")]
    async fn inside(Path(id): Path<u32>) -> Result<(StatusCode, String), StatusCode> {
        RUNS.next();
        let half = id.checked_sub(1).ok_or(StatusCode::IM_A_TEAPOT)?;
        Ok((StatusCode::ACCEPTED, half.to_string()))
    }
    #[cached(response, namespace = "responses-c", key = "own:{id}")]
    async fn own(Path(id): Path<u32>) -> impl IntoResponse {
        RUNS.next();
        Heading(id)
    }

    let _cache = cache().await;
    let app = Router::new()
        .route("/html/{id}", get(html))
        .route("/status/{id}", get(status))
        .route("/inside/{id}", get(inside))
        .route("/own/{id}", get(own))
        .layer(CacheLayer::new());
    let rows = [
        ("GET /html/5", "<p>5</p>", "text/html; charset=utf-8", 200, "HIT"),
        ("GET /status/5", "5", "application/json", 201, "HIT"),
        ("GET /inside/5", "4", "text/plain; charset=utf-8", 202, "HIT"),
        ("GET /inside/0", "", "", 418, "MISS"),
        ("GET /own/5", "<h1>5</h1>", "text/html; charset=utf-8", 200, "HIT"),
    ];
    for (request, body, kind, status, then) in rows {
        for outcome in ["MISS", then] {
            let (response, sent) = answer(&app, request, &[]).await;
            assert_eq!(
                (header(&response, "x-cache"), &sent[..]),
                (outcome.into(), body.as_bytes()),
                "{request}"
            );
            assert_eq!(
                (header(&response, "content-type"), response.status().as_u16()),
                (kind.into(), status)
            );
        }
    }
    assert_eq!(RUNS.get(), 6);
    invalidate_html(Path(5)).await;
    assert_eq!(seen(&app, "GET /html/5", &[]).await.0, "MISS");
}
