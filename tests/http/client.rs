//! What clients may keep, and how they ask whether it is still true.

use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use cachefn::cached;
use cachefn::http::{CacheLayer, ClientCache};

use crate::{Headers, answer, cache, header, send};

const MINUTE: Duration = Duration::from_secs(60);
const NOTHING: &str = "no-cache, no-store, must-revalidate, max-age=0";

fn routes() -> Router {
    let text = |text: &'static str| async move { text };
    Router::new()
        .route("/text", get(move || text("hello")).post(move || text("hello")))
        .route("/other", get(move || text("hallo")))
        .route("/cookie", get(|| async { ([("set-cookie", "a=b")], "hello") }))
        .route("/own", get(|| async { ([("cache-control", "max-age=1")], "hello") }))
        .route("/tagged", get(|| async { ([("etag", "W/\"mine\"")], "hello") }))
        .route("/varies", get(|| async { ([("vary", "Accept-Encoding, Origin")], "hello") }))
        .route("/created", post(|| async { StatusCode::CREATED }).get(|| async { StatusCode::CREATED }))
        .route("/missing", get(|| async { StatusCode::NOT_FOUND }))
}

#[tokio::test]
async fn presets_hold_for_what_may_be_kept_and_nothing_else() {
    let app = routes().layer(CacheLayer::new().client_cache(ClientCache::public(MINUTE)));
    let auth: Headers<'_> = &[("authorization", "Bearer x")];
    let cookie: Headers<'_> = &[("cookie", "session=ada")];
    let rows: [(&str, Headers<'_>, &str, bool); 11] = [
        ("GET /text", &[], "public, max-age=60", true),
        ("GET /text", auth, "private, max-age=60", true),
        ("GET /text", cookie, "private, max-age=60", true),
        ("HEAD /text", &[], "public, max-age=60", true),
        ("POST /text", &[], NOTHING, false),
        ("GET /cookie", &[], NOTHING, false),
        ("GET /own", &[], "max-age=1", false),
        ("GET /tagged", &[], "public, max-age=60", true),
        ("GET /created", &[], NOTHING, false),
        ("GET /missing", &[], NOTHING, false),
        ("GET /nowhere", &[], NOTHING, false),
    ];
    for (request, headers, control, tagged) in rows {
        let (response, _) = answer(&app, request, headers).await;
        assert_eq!(header(&response, "cache-control"), control, "{request}");
        assert_eq!(response.headers().contains_key("etag"), tagged, "{request}");
        assert!(!response.headers().contains_key("expires"), "{request}");
    }
    for (preset, control, vary) in [
        (ClientCache::public(MINUTE).immutable(), "public, max-age=60, immutable", "accept-encoding"),
        (
            ClientCache::private(MINUTE).stale_while_revalidate(MINUTE),
            "private, max-age=60, stale-while-revalidate=60",
            "accept-encoding, authorization, cookie",
        ),
        (
            ClientCache::revalidated().vary(HeaderName::from_static("accept-language")),
            "private, no-cache",
            "accept-encoding, authorization, cookie, accept-language",
        ),
    ] {
        let app = routes().layer(CacheLayer::new().client_cache(preset));
        let (response, _) = answer(&app, "GET /text", &[]).await;
        assert_eq!(header(&response, "cache-control"), control);
        assert_eq!(header(&response, "vary"), vary);
    }
}

#[tokio::test]
async fn vary_is_added_to() {
    let app = routes().layer(CacheLayer::new().client_cache(ClientCache::private(MINUTE)));
    let (response, _) = answer(&app, "GET /varies", &[]).await;
    assert_eq!(header(&response, "vary"), "Accept-Encoding, Origin, authorization, cookie");
}

#[tokio::test]
async fn whoever_has_the_content_is_told_so() {
    let app = routes().layer(CacheLayer::new().client_cache(ClientCache::public(MINUTE)));
    let tag = header(&answer(&app, "GET /text", &[]).await.0, "etag");
    assert_eq!(tag, header(&answer(&app, "GET /text", &[]).await.0, "etag"), "the content is the same");
    let (weak, list) = (format!("W/{tag}"), format!("\"x\", {tag}"));
    let none = "if-none-match";
    let rows: [(&str, Headers<'_>, StatusCode); 12] = [
        ("GET /text", &[(none, &tag)], StatusCode::NOT_MODIFIED),
        ("GET /text", &[(none, &weak)], StatusCode::NOT_MODIFIED),
        ("GET /text", &[(none, &list)], StatusCode::NOT_MODIFIED),
        ("GET /text", &[(none, "*")], StatusCode::NOT_MODIFIED),
        ("GET /text", &[(none, "\"x\"")], StatusCode::OK),
        (
            "GET /text",
            &[(none, "\"x\""), ("if-modified-since", "Sun, 06 Nov 2094 08:49:37 GMT")],
            StatusCode::OK,
        ),
        ("GET /other", &[(none, &tag)], StatusCode::OK),
        ("GET /tagged", &[(none, "\"mine\"")], StatusCode::NOT_MODIFIED),
        ("POST /text", &[(none, &tag)], StatusCode::OK),
        ("GET /cookie", &[(none, &tag)], StatusCode::OK),
        ("GET /missing", &[(none, "*")], StatusCode::NOT_FOUND),
        ("GET /created", &[(none, "*")], StatusCode::CREATED),
    ];
    for (request, headers, status) in rows {
        let (response, body) = answer(&app, request, headers).await;
        assert_eq!(response.status(), status, "{request} {headers:?}");
        if status == StatusCode::NOT_MODIFIED {
            assert!(body.is_empty());
            for name in ["etag", "cache-control", "vary"] {
                assert!(response.headers().contains_key(name), "{name}");
            }
            assert!(!response.headers().contains_key("content-type"));
            assert_eq!(header(&response, "content-length"), "5", "as that of the 200");
        }
    }
}

#[tokio::test]
async fn a_stored_response_tells_when_it_was_made_and_a_head_has_the_tag_of_its_get() {
    #[cached(response, namespace = "client", key = id)]
    async fn page(Path(id): Path<u32>) -> impl IntoResponse {
        format!("page {id}")
    }

    let _cache = cache().await;
    let layer = CacheLayer::new().client_cache(ClientCache::public(MINUTE));
    let app = Router::new().route("/{id}", get(page)).layer(layer);
    let (made, _) = answer(&app, "GET /1", &[]).await;
    assert_eq!(header(&made, "last-modified"), "", "another may be made in the same second");
    let deadline = SystemTime::now() + 10 * MINUTE / 60;
    let made = loop {
        let (made, _) = answer(&app, "GET /1", &[]).await;
        if made.headers().contains_key("last-modified") {
            break made;
        }
        assert!(SystemTime::now() < deadline, "its second is over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let (tag, modified) = (header(&made, "etag"), header(&made, "last-modified"));
    let age = SystemTime::now().duration_since(httpdate::parse_http_date(&modified).unwrap()).unwrap();
    assert!(age < Duration::from_secs(15), "{age:?}");
    let (head, body) = answer(&app, "HEAD /1", &[]).await;
    assert_eq!((header(&head, "x-cache").as_str(), body.len()), ("HIT", 0));
    assert_eq!((header(&head, "etag"), header(&head, "last-modified")), (tag.clone(), modified.clone()));
    let since = |date: &str| {
        let (app, date) = (app.clone(), date.to_owned());
        async move { answer(&app, "GET /1", &[("if-modified-since", &date)]).await.0.status() }
    };
    assert_eq!(since(&modified).await, StatusCode::NOT_MODIFIED);
    assert_eq!(since("Sun, 06 Nov 1994 08:49:37 GMT").await, StatusCode::OK);
    let (head, _) = answer(&app, "HEAD /1", &[("if-none-match", &tag)]).await;
    assert_eq!(head.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn what_is_changed_on_the_way_has_the_tag_of_what_leaves() {
    #[cached(response, namespace = "client", key = "changed")]
    async fn page() -> impl IntoResponse {
        "page"
    }
    async fn shout(response: Response) -> Response {
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 100).await.unwrap().to_ascii_uppercase();
        Response::from_parts(parts, Body::from(Bytes::from(body)))
    }

    let _cache = cache().await;
    let layer = CacheLayer::new().client_cache(ClientCache::public(MINUTE));
    let plain = Router::new().route("/", get(page)).layer(layer.clone());
    let loud = Router::new().route("/", get(page)).layer(axum::middleware::map_response(shout)).layer(layer);
    let (quiet, _) = answer(&plain, "GET /", &[]).await;
    let (changed, body) = answer(&loud, "GET /", &[]).await;
    assert_eq!((header(&changed, "x-cache").as_str(), &body[..]), ("HIT", &b"PAGE"[..]));
    assert_ne!(header(&quiet, "etag"), header(&changed, "etag"));
    assert!(!changed.headers().contains_key("last-modified"));
}

#[tokio::test]
async fn a_body_over_the_limit_passes_without_a_tag() {
    let body = |bytes: usize| async move { vec![7_u8; bytes] };
    let layer = CacheLayer::new().client_cache(ClientCache::public(MINUTE)).body_limit(100);
    let app = Router::new()
        .route("/100", get(move || body(100)))
        .route("/101", get(move || body(101)))
        .layer(layer);
    for (request, bytes, tagged) in [("GET /100", 100, true), ("GET /101", 101, false)] {
        let (response, body) = answer(&app, request, &[]).await;
        assert_eq!((body.len(), response.headers().contains_key("etag")), (bytes, tagged));
        assert_eq!(header(&response, "cache-control"), "public, max-age=60");
    }
    let response = send(&app, "GET /101", &[("if-none-match", "*")]).await;
    assert_eq!(response.status(), StatusCode::OK, "nothing is known of it");
}
