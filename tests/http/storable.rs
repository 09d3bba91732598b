//! Which responses are stored, and for which requests.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use cachefn::cached;
use cachefn::http::{CacheLayer, StoredResponse};
use cachefn_tests::logs;

use crate::{Headers, Runs, answer, cache, header, seen, send};

/// What the handler answers, by the name of the case.
fn made(case: &str) -> Response {
    let with = |name: &'static str, value: &'static str| ([(name, value)], "body").into_response();
    match case {
        "ok" | "ranged" => "body".into_response(),
        "no-content" => StatusCode::NO_CONTENT.into_response(),
        "partial" => (StatusCode::PARTIAL_CONTENT, "bo").into_response(),
        "moved" => (StatusCode::MOVED_PERMANENTLY, [("location", "/")]).into_response(),
        "not-modified" => StatusCode::NOT_MODIFIED.into_response(),
        "bad" => StatusCode::BAD_REQUEST.into_response(),
        "missing" => StatusCode::NOT_FOUND.into_response(),
        "failed" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "cookie" => with("set-cookie", "session=1"),
        "no-store" => with("cache-control", "max-age=5, No-Store"),
        "private" => with("cache-control", "private=\"x-user\""),
        "max-age" => with("cache-control", "max-age=5"),
        "varies-on-all" => with("vary", "accept, *"),
        "varies-oddly" => with("vary", "a name"),
        "varies" => with("vary", "accept"),
        "events" => with("content-type", "Text/Event-Stream; charset=utf-8"),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn only_what_is_anybodys_and_whole_is_stored() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "storable-a", key = case)]
    async fn page(Path(case): Path<String>) -> Response {
        RUNS.next();
        made(&case)
    }

    let _cache = cache().await;
    let app = Router::new().route("/{case}", any(page)).layer(CacheLayer::new());
    let credentials: Headers<'_> = &[("cookie", "a=b")];
    let rows: [(&str, Headers<'_>, &[&str]); 24] = [
        ("GET /ok", &[("authorization", "Bearer x")], &["BYPASS", "BYPASS"]),
        ("GET /ok", credentials, &["BYPASS", "BYPASS"]),
        ("HEAD /ok", &[], &["MISS", "MISS"]),
        ("POST /ok", &[], &["BYPASS", "BYPASS"]),
        ("DELETE /ok", &[], &["BYPASS", "BYPASS"]),
        ("GET /ok", &[("range", "bytes=0-1")], &["MISS", "MISS"]),
        ("GET /ok", &[], &["MISS", "HIT"]),
        ("HEAD /ok", &[], &["HIT", "HIT"]),
        ("GET /ok", &[("range", "bytes=0-1")], &["HIT", "HIT"]),
        ("GET /ok", credentials, &["BYPASS", "BYPASS"]),
        ("POST /ok", &[], &["BYPASS", "BYPASS"]),
        ("GET /no-content", &[], &["MISS", "HIT"]),
        ("GET /partial", &[], &["MISS", "MISS"]),
        ("GET /moved", &[], &["MISS", "MISS"]),
        ("GET /not-modified", &[], &["MISS", "MISS"]),
        ("GET /bad", &[], &["MISS", "MISS"]),
        ("GET /missing", &[], &["MISS", "MISS"]),
        ("GET /failed", &[], &["MISS", "MISS"]),
        ("GET /cookie", &[], &["MISS", "MISS"]),
        ("GET /no-store", &[], &["MISS", "MISS"]),
        ("GET /private", &[], &["MISS", "MISS"]),
        ("GET /max-age", &[], &["MISS", "HIT"]),
        ("GET /varies-on-all", &[], &["MISS", "MISS"]),
        ("GET /varies", &[], &["MISS", "HIT"]),
    ];
    for (request, headers, outcomes) in rows {
        for outcome in outcomes {
            let before = RUNS.get();
            let (response, _) = answer(&app, request, headers).await;
            assert_eq!(header(&response, "x-cache"), *outcome, "{request} {headers:?}");
            assert_eq!(RUNS.get() - before, u32::from(*outcome != "HIT"), "{request} {headers:?}");
        }
    }
    assert_eq!(seen(&app, "GET /events", &[]).await.0, "MISS");
    assert_eq!(seen(&app, "GET /events", &[]).await.0, "MISS");
}

#[tokio::test]
async fn why_a_response_is_not_stored_is_in_its_headers_in_the_log_and_counted() {
    #[cached(response, namespace = "storable-w", key = case, when = |response| response.headers().is_empty() || !response.headers().contains_key("x-unwanted"))]
    async fn explained(Path(case): Path<String>) -> Response {
        match case.as_str() {
            "unwanted" => ([("x-unwanted", "1")], "body").into_response(),
            "large" => vec![0_u8; (1 << 20) + 1].into_response(),
            "unclear" => ([("content-length", "many")], "body").into_response(),
            "short" => ([("content-length", "9")], "body").into_response(),
            case => made(case),
        }
    }

    let _cache = cache().await;
    logs::capture();
    let app = Router::new().route("/{case}", any(explained)).layer(CacheLayer::new());
    let rows: [(&str, Headers<'_>, &str); 22] = [
        ("GET /ok", &[("authorization", "Bearer x")], "fwd=bypass; detail=credentials"),
        ("POST /ok", &[], "fwd=bypass; detail=method"),
        ("HEAD /ok", &[], "fwd=uri-miss; detail=method"),
        ("GET /ok", &[("range", "bytes=0-1")], "fwd=uri-miss; detail=range"),
        ("GET /ok", &[("cache-control", "no-store")], "fwd=bypass"),
        ("GET /ok", &[], "fwd=uri-miss; stored"),
        ("GET /ok", &[], "hit; ttl=300"),
        ("GET /bad", &[], "fwd=uri-miss; detail=status"),
        ("GET /failed", &[], "fwd=uri-miss; detail=status"),
        ("GET /moved", &[], "fwd=uri-miss; detail=status"),
        ("GET /missing", &[], "fwd=uri-miss; detail=none"),
        ("GET /cookie", &[], "fwd=uri-miss; detail=set-cookie"),
        ("GET /no-store", &[], "fwd=uri-miss; detail=no-store"),
        ("GET /private", &[], "fwd=uri-miss; detail=private"),
        ("GET /varies-on-all", &[], "fwd=uri-miss; detail=vary"),
        ("GET /varies-oddly", &[], "fwd=uri-miss; detail=vary"),
        ("GET /events", &[], "fwd=uri-miss; detail=event-stream"),
        ("GET /unwanted", &[], "fwd=uri-miss; detail=when"),
        ("GET /large", &[], "fwd=uri-miss; detail=too-large"),
        ("GET /unclear", &[], "fwd=uri-miss; detail=content-length"),
        ("GET /failed", &[("cache-control", "no-cache")], "fwd=request; detail=status"),
        ("GET /ok", &[("cache-control", "no-cache")], "fwd=request; stored"),
    ];
    for (request, headers, status) in rows {
        let response = send(&app, request, headers).await;
        assert_eq!(header(&response, "cache-status"), format!("cachefn; {status}"), "{request} {headers:?}");
    }
    let response = send(&app, "GET /short", &[]).await;
    assert_eq!(header(&response, "cache-status"), "cachefn; fwd=uri-miss; detail=broken-off");
    let logged = logs::lines("::explained (");
    assert_eq!(logged.iter().filter(|line| line.text.contains("CACHE NOT STORED")).count(), 19);
    let stats = cachefn::stats();
    let unstored = stats.functions.iter().find(|one| one.function.ends_with("explained")).unwrap().unstored;
    assert_eq!(unstored, 19);
}

#[tokio::test]
async fn a_404_is_remembered_for_as_long_as_none_says() {
    #[cached(response, namespace = "storable-b", key = case, expire = 60, none = 30)]
    async fn page(Path(case): Path<String>) -> Response {
        made(&case)
    }

    let _cache = cache().await;
    let app = Router::new().route("/{case}", any(page)).layer(CacheLayer::new());
    assert_eq!(seen(&app, "GET /missing", &[]).await.0, "MISS");
    let (response, _) = answer(&app, "GET /missing", &[]).await;
    assert_eq!(
        (response.status(), header(&response, "x-cache-ttl-remaining")),
        (StatusCode::NOT_FOUND, "30".into())
    );
}

#[tokio::test]
async fn a_response_is_one_users_where_the_key_names_the_user() {
    static RUNS: Runs = Runs::new();

    #[cached(response = private, namespace = "storable-c", key = (user(&headers), case))]
    async fn page(headers: HeaderMap, Path(case): Path<String>) -> impl IntoResponse {
        (
            made(&case).status(),
            [("cache-control", "private, max-age=5")],
            format!("{}, run {}", user(&headers), RUNS.next()),
        )
    }
    fn user(headers: &HeaderMap) -> String {
        headers.get("authorization").map_or("nobody", |user| user.to_str().unwrap()).to_owned()
    }

    let _cache = cache().await;
    let app = Router::new().route("/{case}", any(page)).layer(CacheLayer::new());
    let rows = [("ada", "MISS", "ada, run 1"), ("bob", "MISS", "bob, run 2"), ("ada", "HIT", "ada, run 1")];
    for (user, outcome, body) in rows {
        assert_eq!(seen(&app, "GET /ok", &[("authorization", user)]).await, (outcome.into(), body.into()));
    }
    assert_eq!(seen(&app, "POST /ok", &[("authorization", "ada")]).await.0, "BYPASS");
}

#[tokio::test]
async fn what_a_handler_makes_of_anothers_stored_response_is_its_own() {
    #[cached(response, namespace = "storable-d", key = "inner")]
    async fn inner() -> impl IntoResponse {
        "inner"
    }
    #[cached(response, namespace = "storable-d", key = "cookie")]
    async fn with_cookie() -> Response {
        let mut response = inner().await;
        response.headers_mut().insert("set-cookie", "session=1".parse().unwrap());
        response
    }
    #[cached(response, namespace = "storable-d", key = "header")]
    async fn with_header() -> Response {
        let mut response = inner().await;
        response.headers_mut().insert("x-mine", "1".parse().unwrap());
        response
    }

    let _cache = cache().await;
    let app = Router::new().route("/cookie", any(with_cookie)).route("/header", any(with_header));
    let app = app.layer(CacheLayer::new());
    for _ in 0..3 {
        let (response, body) = answer(&app, "GET /cookie", &[]).await;
        assert_eq!((header(&response, "set-cookie").as_str(), &body[..]), ("session=1", &b"inner"[..]));
        assert_eq!(header(&response, "x-cache"), "MISS");
    }
    for outcome in ["MISS", "HIT", "HIT"] {
        let (response, body) = answer(&app, "GET /header", &[]).await;
        assert_eq!((header(&response, "x-mine").as_str(), &body[..]), ("1", &b"inner"[..]));
        assert_eq!(header(&response, "x-cache"), outcome);
    }
}

#[tokio::test]
async fn an_older_response_stands_in_for_a_5xx_where_the_function_says_so() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "storable-e", key = "page", expire = "10ms", stale_if_error = 600)]
    async fn page() -> Response {
        if RUNS.next() == 1 { "good".into_response() } else { StatusCode::BAD_GATEWAY.into_response() }
    }

    let (_moving, clock) = crate::moving().await;
    let app = Router::new().route("/", any(page)).layer(CacheLayer::new());
    assert_eq!(seen(&app, "GET /", &[]).await, ("MISS".into(), "good".into()));
    clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(seen(&app, "GET /", &[]).await, ("STALE".into(), "good".into()));
    assert_eq!(RUNS.get(), 2);
}

#[tokio::test]
async fn closures_over_the_value_are_given_the_response() {
    #[cached(
        response, namespace = "storable-f", key = case,
        when = |page: &StoredResponse| page.headers().get("x-keep").is_some() && page.body().len() == 4,
        expire_with = |page: &StoredResponse| std::time::Duration::from_secs(page.status().as_u16().into())
    )]
    async fn page(Path(case): Path<String>) -> impl IntoResponse {
        ([(if case == "kept" { "x-keep" } else { "x-other" }, "1")], "body")
    }

    let _cache = cache().await;
    let app = Router::new().route("/{case}", any(page)).layer(CacheLayer::new());
    for (request, outcome, left) in [("GET /kept", "HIT", "200"), ("GET /dropped", "MISS", "")] {
        seen(&app, request, &[]).await;
        let (response, _) = answer(&app, request, &[]).await;
        assert_eq!(header(&response, "x-cache"), outcome);
        assert_eq!(header(&response, "x-cache-ttl-remaining"), left);
    }
}

#[tokio::test]
async fn without_a_layer_nothing_is_stored_and_one_warning_says_so() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "storable-g", key = "lonely")]
    async fn lonely() -> impl IntoResponse {
        format!("run {}", RUNS.next())
    }

    logs::capture();
    let _cache = cache().await;
    let app = Router::new().route("/", any(lonely));
    for run in 1..4 {
        assert_eq!(seen(&app, "GET /", &[]).await, (String::new(), format!("run {run}")));
    }
    let warned = |line: &logs::Line| line.text.contains("lonely") && line.level == tracing::Level::WARN;
    assert_eq!(logs::lines("no `CacheLayer` around it").iter().filter(|line| warned(line)).count(), 1);
    let layered = app.layer(CacheLayer::new());
    refresh_lonely().await;
    assert_eq!(
        seen(&layered, "GET /", &[]).await,
        ("HIT".into(), "run 4".into()),
        "the program asked for it"
    );
}
