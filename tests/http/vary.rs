//! Responses whose handlers set `Vary`.

use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{any, get};
use cachefn::cached;
use cachefn::http::CacheLayer;
use tokio::sync::Semaphore;

use crate::{Headers, Runs, answer, cache, header, moving, seen, until};

fn of(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).map_or("-", |value| value.to_str().unwrap()).to_owned()
}

#[tokio::test]
async fn a_stored_response_is_for_those_who_agree_in_what_it_varies_by() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "vary-a", key = id)]
    async fn page(Path(id): Path<u32>, headers: HeaderMap) -> Response {
        let _ = id;
        let origin = of(&headers, "origin");
        let body = format!("{} run {}", of(&headers, "accept-language"), RUNS.next());
        let allowed = ("access-control-allow-origin", origin);
        let headers = [("vary", "accept-language".to_owned()), ("vary", "Origin".to_owned()), allowed];
        (AppendHeaders(headers), body).into_response()
    }

    let _cache = cache().await;
    let app = Router::new().route("/{id}", any(page)).layer(CacheLayer::new());
    let rows: [(Headers<'_>, &str, &str, &str); 12] = [
        (&[("accept-language", "de"), ("origin", "https://a")], "MISS", "de run 1", "https://a"),
        (&[("accept-language", "de"), ("origin", "https://a")], "HIT", "de run 1", "https://a"),
        (&[("accept-language", "fr"), ("origin", "https://a")], "MISS", "fr run 2", "https://a"),
        (&[("accept-language", "de"), ("origin", "https://b")], "MISS", "de run 3", "https://b"),
        (&[], "MISS", "- run 4", "-"),
        (&[("accept-language", "fr"), ("origin", "https://a")], "HIT", "fr run 2", "https://a"),
        (&[("accept-language", "de"), ("origin", "https://b")], "HIT", "de run 3", "https://b"),
        (&[], "HIT", "- run 4", "-"),
        (&[("user-agent", "x")], "HIT", "- run 4", "-"),
        (&[("accept-language", "de"), ("origin", "https://a")], "HIT", "de run 1", "https://a"),
        (&[("origin", "")], "MISS", " run 5", ""),
        (&[("origin", "")], "HIT", " run 5", ""),
    ];
    for (headers, outcome, body, allowed) in rows {
        let (response, bytes) = answer(&app, "GET /7", headers).await;
        assert_eq!(header(&response, "x-cache"), outcome, "{headers:?}");
        assert_eq!(header(&response, "access-control-allow-origin"), allowed, "{headers:?}");
        assert!(std::str::from_utf8(&bytes).unwrap().ends_with(body), "{headers:?}");
    }
    assert_eq!(seen(&app, "HEAD /7", &[("accept-language", "fr"), ("origin", "https://a")]).await.0, "HIT");
    assert_eq!(seen(&app, "HEAD /7", &[("accept-language", "it")]).await.0, "MISS");
    let (only, _) =
        answer(&app, "GET /7", &[("accept-language", "it"), ("cache-control", "only-if-cached")]).await;
    assert_eq!(only.status(), StatusCode::GATEWAY_TIMEOUT);
    let (only, _) = answer(
        &app,
        "GET /7",
        &[("accept-language", "fr"), ("origin", "https://a"), ("cache-control", "only-if-cached")],
    )
    .await;
    assert_eq!((only.status(), header(&only, "x-cache")), (StatusCode::OK, "HIT".into()));
}

#[tokio::test]
async fn each_variant_is_filled_by_one_of_many_who_come_at_once() {
    static RUNS: Runs = Runs::new();
    static GATE: Semaphore = Semaphore::const_new(0);

    #[cached(response, namespace = "vary-b", key = id)]
    async fn page(Path(id): Path<u32>, headers: HeaderMap) -> impl IntoResponse {
        let _ = id;
        let run = RUNS.next();
        GATE.acquire().await.unwrap().forget();
        ([("vary", "accept-language")], format!("{} run {run}", of(&headers, "accept-language")))
    }

    let _cache = cache().await;
    let app = Router::new().route("/{id}", get(page)).layer(CacheLayer::new());
    let mut tasks = Vec::new();
    for call in 0..40 {
        let (app, language) = (app.clone(), ["de", "fr", "en", "it"][call % 4]);
        tasks.push(tokio::spawn(async move {
            (language, seen(&app, "GET /7", &[("accept-language", language)]).await.1)
        }));
    }
    until("the first body runs", || RUNS.get() == 1).await;
    for _ in 0..40 {
        tokio::task::yield_now().await;
    }
    GATE.add_permits(100);
    for task in tasks {
        let (language, body) = task.await.unwrap();
        assert!(body.starts_with(&format!("{language} run ")), "{language}: {body}");
    }
    assert_eq!(RUNS.get(), 4);
}

#[tokio::test]
async fn variants_of_a_key_are_bounded_and_each_client_is_answered_in_its_own_way() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "vary-c", key = id)]
    async fn page(Path(id): Path<u32>, headers: HeaderMap) -> impl IntoResponse {
        let _ = id;
        RUNS.next();
        ([("vary", "accept-language")], of(&headers, "accept-language"))
    }

    let (_moving, _) = moving().await;
    let app = Router::new().route("/{id}", get(page)).layer(CacheLayer::new());
    let before = cachefn::stats().entries;
    for _ in 0..2 {
        for language in 0..500 {
            let language = format!("x-{language}");
            assert_eq!(seen(&app, "GET /7", &[("accept-language", &language)]).await.1, language);
        }
    }
    let entries = cachefn::stats().entries - before;
    assert!((10..=17).contains(&entries), "{entries}");
    // As many as pages usually have are all kept.
    for language in ["de", "fr", "en", "it", "es", "pt"] {
        seen(&app, "GET /8", &[("accept-language", language)]).await;
    }
    let ran = RUNS.get();
    for language in ["pt", "de", "es", "fr", "it", "en"] {
        assert_eq!(
            seen(&app, "GET /8", &[("accept-language", language)]).await,
            ("HIT".into(), language.into())
        );
    }
    assert_eq!(RUNS.get(), ran);
}

#[tokio::test]
async fn an_older_response_is_served_to_those_alone_whom_it_is_for() {
    static RUNS: Runs = Runs::new();

    #[cached(response, namespace = "vary-d", key = id, expire = 60, stale_if_error = "1h")]
    async fn page(Path(id): Path<u32>, headers: HeaderMap) -> Response {
        let _ = id;
        RUNS.next();
        if headers.contains_key("x-fail") {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        ([("vary", "accept-language")], of(&headers, "accept-language")).into_response()
    }

    let (_moving, clock) = moving().await;
    let app = Router::new().route("/{id}", get(page)).layer(CacheLayer::new());
    let (de, fr, fail) = (("accept-language", "de"), ("accept-language", "fr"), ("x-fail", "1"));
    assert_eq!(seen(&app, "GET /7", &[de]).await, ("MISS".into(), "de".into()));
    clock.advance(Duration::from_secs(61));
    assert_eq!(seen(&app, "GET /7", &[fr, fail]).await, ("MISS".into(), String::new()));
    assert_eq!(seen(&app, "GET /7", &[de, fail]).await, ("STALE".into(), "de".into()));
    let fresh = ("cache-control", "no-cache");
    assert_eq!(seen(&app, "GET /7", &[fr, fail, fresh]).await.1, "");
}

#[tokio::test]
async fn what_varies_by_who_asks_is_one_users() {
    static RUNS: Runs = Runs::new();

    #[cached(response = private, namespace = "vary-e", key = "fixed")]
    async fn page(headers: HeaderMap) -> impl IntoResponse {
        ([("vary", "Cookie")], format!("{} run {}", of(&headers, "cookie"), RUNS.next()))
    }

    let _cache = cache().await;
    let app = Router::new().route("/", get(page)).layer(CacheLayer::new());
    for (cookie, outcome, body) in [
        ("user=ada", "MISS", "user=ada run 1"),
        ("user=bob", "MISS", "user=bob run 2"),
        ("user=ada", "HIT", "user=ada run 1"),
        ("user=bob", "HIT", "user=bob run 2"),
    ] {
        assert_eq!(seen(&app, "GET /", &[("cookie", cookie)]).await, (outcome.into(), body.into()));
    }
}
