//! What responses say the cache did.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderName, Request, Response};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bytes::Bytes;
use cachefn::cached;
use cachefn::http::{CacheHeader, CacheLayer};
use cachefn_tests::logs;
use http_body_util::{BodyExt, Full};
use sfv::{BareItem, ListEntry, Parser};
use tower::{Layer, ServiceExt, service_fn};

use crate::{Headers, Runs, answer, cache, header, seen};

const NOTHING: &str = "no-cache, no-store, must-revalidate, max-age=0";

#[cached(namespace = "layer", key = id, expire = 60)]
async fn one(id: u32) -> u32 {
    id
}

#[cached(namespace = "layer", key = id, expire = 7)]
async fn short(id: u32) -> u32 {
    id
}

fn routes() -> Router {
    Router::new()
        .route("/none", get(|| async { "nothing cached" }))
        .route("/one/{id}", get(|Path(id): Path<u32>| async move { one(id).await.to_string() }))
        .route(
            "/two/{id}",
            get(|Path(id): Path<u32>| async move { (one(id).await + short(id).await).to_string() }),
        )
        .route("/post/{id}", post(|Path(id): Path<u32>| async move { one(id).await.to_string() }))
        .route("/own", get(|| async { ([("cache-control", "max-age=5")], one(900).await.to_string()) }))
        .route("/fails", get(|| async { (axum::http::StatusCode::INTERNAL_SERVER_ERROR, "oh") }))
}

#[tokio::test]
async fn a_request_without_a_cached_call_is_told_nothing_of_the_cache() {
    let _cache = cache().await;
    let app = routes().layer(CacheLayer::new().with_key());
    let (response, _) = answer(&app, "GET /none", &[]).await;
    for name in ["x-cache", "x-cache-ttl-remaining", "cache-status", "x-cache-key"] {
        assert!(!response.headers().contains_key(name), "{name}");
    }
    for request in ["GET /none", "GET /fails", "GET /one/1", "POST /post/1", "GET /nowhere"] {
        let (response, _) = answer(&app, request, &[]).await;
        assert_eq!(header(&response, "cache-control"), NOTHING, "{request}");
        assert!(!response.headers().contains_key("expires"));
    }
    assert_eq!(header(&answer(&app, "GET /own", &[]).await.0, "cache-control"), "max-age=5");
}

#[tokio::test]
async fn of_several_calls_the_worst_counts_and_the_shortest_life() {
    let _cache = cache().await;
    let app = routes().layer(CacheLayer::new());
    assert_eq!(seen(&app, "GET /one/20", &[]).await.0, "MISS");
    assert_eq!(seen(&app, "GET /two/20", &[]).await.0, "MISS");
    let (response, _) = answer(&app, "GET /two/20", &[]).await;
    assert_eq!(header(&response, "x-cache"), "HIT");
    assert_eq!(header(&response, "x-cache-ttl-remaining"), "7");
    assert_eq!(seen(&app, "POST /post/20", &[]).await.0, "HIT", "plain functions know of no method");
}

#[tokio::test]
async fn as_many_calls_as_there_may_be_are_one_answer_and_show_few_keys() {
    let _cache = cache().await;
    let many = || async {
        let mut sum = short(700).await;
        for id in 0..100_000 {
            sum += one(701 + id % 20).await;
        }
        sum.to_string()
    };
    let app = Router::new().route("/many", get(many)).layer(CacheLayer::new().with_key());
    let keys = |response: &Response<()>| {
        let values = response.headers().get_all("x-cache-key").iter();
        values.map(|key| key.to_str().unwrap().rsplit_once(':').unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    let shown: Vec<_> = (700..716).map(|id| id.to_string()).collect();
    // Only this: what other tests store meanwhile may take the place of an entry.
    let (response, _) = answer(&app, "GET /many", &[]).await;
    assert_eq!(header(&response, "x-cache"), "MISS");
    assert_eq!(header(&response, "x-cache-ttl-remaining"), "60");
    let status = header(&response, "cache-status");
    assert!(status.starts_with("cachefn; fwd=uri-miss; stored; key="), "{status}");
    assert_eq!(keys(&response), shown);
}

#[tokio::test]
async fn headers_have_other_names_or_none() {
    let _cache = cache().await;
    let layer = CacheLayer::new()
        .rename(CacheHeader::Outcome, HeaderName::from_static("x-fastapi-cache"))
        .without(CacheHeader::Remaining)
        .without(CacheHeader::Status)
        .with_key();
    let (response, _) = answer(&routes().layer(layer), "GET /two/30", &[]).await;
    assert_eq!(header(&response, "x-fastapi-cache"), "MISS");
    assert_eq!(header(&response, "x-cache-key"), "cachefn:layer:one:30, cachefn:layer:short:30");
    for name in ["x-cache", "x-cache-ttl-remaining", "cache-status"] {
        assert!(!response.headers().contains_key(name), "{name}");
    }
}

/// Who is asked, and what.
type Asked<'a> = (&'a Router, &'a str, Headers<'a>);

/// The parameters of the only member of `Cache-Status`, read as RFC 9651 says.
fn status(response: &Response<()>) -> Vec<(String, String)> {
    let text = header(response, "cache-status");
    let list = Parser::new(&text).parse::<sfv::List>().expect("a list");
    let [ListEntry::Item(item)] = list.as_slice() else { panic!("one item: {text}") };
    assert_eq!(item.bare_item, BareItem::Token(sfv::Token::from_string("cachefn".into()).unwrap()));
    let shown = |value: &BareItem| match value {
        BareItem::Token(token) => token.as_str().to_owned(),
        BareItem::String(string) => format!("{:?}", string.as_str()),
        BareItem::Integer(number) => number.to_string(),
        BareItem::Boolean(yes) => yes.to_string(),
        other => panic!("{other:?}"),
    };
    item.params.iter().map(|(name, value)| (name.as_str().to_owned(), shown(value))).collect()
}

#[tokio::test]
async fn cache_status_is_what_a_parser_of_structured_fields_reads() {
    let _cache = cache().await;
    let (plain, keyed) = (routes().layer(CacheLayer::new()), routes().layer(CacheLayer::new().with_key()));
    let key = ("key", "\"cachefn:layer:one:41\"");
    let rows: [(Asked<'_>, &[(&str, &str)]); 8] = [
        ((&plain, "GET /one/40", &[]), &[("fwd", "uri-miss"), ("stored", "true")]),
        ((&plain, "GET /one/40", &[]), &[("hit", "true"), ("ttl", "60")]),
        ((&plain, "GET /two/40", &[]), &[("fwd", "uri-miss"), ("stored", "true")]),
        (
            (&plain, "GET /two/40", &[("cache-control", "no-cache")]),
            &[("fwd", "request"), ("stored", "true")],
        ),
        ((&plain, "GET /two/40", &[("cache-control", "no-store")]), &[("fwd", "bypass")]),
        ((&plain, "GET /one/41", &[("cache-control", "only-if-cached")]), &[("detail", "only-if-cached")]),
        ((&keyed, "GET /one/41", &[]), &[("fwd", "uri-miss"), ("stored", "true"), key]),
        ((&keyed, "GET /one/41", &[]), &[("hit", "true"), ("ttl", "60"), key]),
    ];
    for ((app, request, headers), expected) in rows {
        let read = status(&answer(app, request, headers).await.0);
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, expected, "{request} {headers:?}");
    }
}

#[tokio::test]
async fn another_cache_on_the_way_is_added_to() {
    let _cache = cache().await;
    let handler = || async { ([("cache-status", "inner; hit")], one(50).await.to_string()) };
    let app = Router::new().route("/", get(handler)).layer(CacheLayer::new());
    let (response, _) = answer(&app, "GET /", &[]).await;
    assert_eq!(header(&response, "cache-status"), "inner; hit, cachefn; fwd=uri-miss; stored");
}

#[tokio::test]
async fn of_two_layers_the_inner_one_counts() {
    let _cache = cache().await;
    let inner = CacheLayer::new().ignore_request_directives().without(CacheHeader::Status);
    let app = routes().layer(inner).layer(CacheLayer::new().with_key());
    seen(&app, "GET /one/60", &[]).await;
    let (response, _) = answer(&app, "GET /one/60", &[("cache-control", "no-cache")]).await;
    assert_eq!(header(&response, "x-cache"), "HIT");
    assert!(
        !response.headers().contains_key("cache-status") && !response.headers().contains_key("x-cache-key")
    );
}

#[tokio::test]
async fn it_goes_around_any_service_of_http() {
    let _cache = cache().await;
    let inner = service_fn(|request: Request<()>| async move {
        let id = if request.uri().path() == "/x" { 2 } else { 0 };
        Ok::<_, std::io::Error>(Response::new(Full::new(Bytes::from(one(1000 + id).await.to_string()))))
    });
    let service = CacheLayer::new().layer(inner);
    for outcome in ["MISS", "HIT"] {
        let request = Request::builder().uri("/x").body(()).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-cache"], outcome);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "1002");
    }
    let failing =
        service_fn(|_: Request<Body>| async { Err::<Response<Body>, _>(std::io::Error::other("no")) });
    let failed = CacheLayer::new().layer(failing).oneshot(Request::new(Body::empty())).await;
    assert_eq!(failed.unwrap_err().to_string(), "no");
}

#[tokio::test]
async fn a_line_is_logged_that_shows_no_sensitive_argument() {
    static RUNS: Runs = Runs::new();

    #[cached(namespace = "layer", key = token, sensitive)]
    async fn secret(token: String) -> usize {
        RUNS.next();
        token.len()
    }
    let handler = |Path(token): Path<String>| async move { secret(token).await.to_string().into_response() };

    logs::capture();
    let _cache = cache().await;
    let app = routes().route("/secret/{token}", get(handler)).layer(CacheLayer::new());
    for _ in 0..2 {
        answer(&app, "GET /one/70?q=sesame", &[]).await;
        answer(&app, "GET /secret/sesame", &[]).await;
    }
    assert_eq!(logs::lines("CACHE MISS: GET /one/70 (").len(), 1);
    assert_eq!(logs::lines("CACHE HIT: GET /one/70 (").len(), 1);
    assert_eq!(logs::lines("CACHE HIT: GET (hidden) (").len(), 1);
    assert!(logs::lines("sesame").is_empty(), "{:?}", logs::lines("sesame"));
}
