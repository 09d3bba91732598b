//! Who may use it, and how.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::routing::get;
use cachefn::http::admin;
use tower::ServiceExt as _;

use super::{TOKEN, answer, send};

#[cachefn::test]
async fn every_path_but_the_page_asks_for_the_token() {
    let paths = [
        (Method::GET, "/stats"),
        (Method::GET, "/health"),
        (Method::GET, "/functions"),
        (Method::GET, "/keys"),
        (Method::GET, "/cachefn:a:b"),
        (Method::POST, "/cachefn:a:b"),
        (Method::DELETE, "/cachefn:a:b"),
        (Method::DELETE, ""),
        (Method::GET, "/a/b"),
    ];
    for (method, path) in paths {
        for given in [None, Some("Bearer guess"), Some("Bearer 0123456789abcdee"), Some(TOKEN)] {
            let mut request =
                Request::builder().method(method.clone()).uri(format!("/tenants/7/cache{path}"));
            if let Some(given) = given {
                request = request.header("authorization", given);
            }
            let answer = send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} with {given:?}");
            let challenge = answer.headers["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Bearer realm="), "{challenge}");
            assert!(!answer.error().is_empty());
        }
    }
}

#[tokio::test]
async fn the_page_is_there_for_everybody_and_runs_nothing_but_itself() {
    let app: Router = Router::new().nest("/admin", admin::router().token(TOKEN).unwrap());
    let page = || Request::get("/admin").body(Body::empty()).unwrap();
    let response = app.clone().oneshot(page()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let headers = response.headers().clone();
    let policy = headers["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'nonce-"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");

    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let html = String::from_utf8(body.to_vec()).unwrap();
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert_eq!(html.matches(&format!("nonce=\"{nonce}\"")).count(), 2, "the style and the script");
    assert!(!html.contains("innerHTML") && !html.contains("{nonce}") && !html.contains("https://"));
    let again = app.oneshot(page()).await.unwrap();
    assert_ne!(again.headers()["content-security-policy"], policy, "a nonce is used once");
}

#[cachefn::test]
async fn without_a_token_another_site_cannot_have_a_browser_change_anything() {
    let app: Router = admin::router().unprotected();
    let clear = |header: Option<(&str, &str)>| {
        let request = Request::delete("/");
        let request = match header {
            Some((name, value)) => request.header(name, value),
            None => request,
        };
        answer(app.clone(), request.body(Body::empty()).unwrap())
    };
    assert_eq!(clear(None).await.status, StatusCode::FORBIDDEN);
    assert_eq!(clear(Some(("sec-fetch-site", "cross-site"))).await.status, StatusCode::FORBIDDEN);
    assert_eq!(clear(Some(("sec-fetch-site", "same-origin"))).await.status, StatusCode::OK);
    assert_eq!(clear(Some(("x-cachefn-admin", "1"))).await.status, StatusCode::OK);
    let stats = Request::get("/stats").body(Body::empty()).unwrap();
    assert_eq!(answer(app, stats).await.status, StatusCode::OK);
}

#[cachefn::test]
async fn other_methods_are_not_allowed_and_the_answer_names_those_that_are() {
    for (method, path, allowed) in [
        (Method::PUT, "/stats", "GET"),
        (Method::PATCH, "/cachefn:a:b", "POST"),
        (Method::POST, "", "DELETE"),
    ] {
        let answer = send(super::request(method, path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert!(answer.headers["allow"].to_str().unwrap().contains(allowed), "{:?}", answer.headers);
        assert!(answer.error().contains("Allow"));
    }
}

#[cachefn::test]
async fn it_goes_into_any_router() {
    #[derive(Clone)]
    struct State;

    let app = Router::<State>::new()
        .route("/", get(async || "the program's own"))
        .fallback(async || "the program's fallback")
        .nest("/nested", admin::router().token(TOKEN).unwrap())
        .with_state(State);
    let health = |path: &str| {
        Request::get(path).header("authorization", format!("bearer {TOKEN}")).body(Body::empty()).unwrap()
    };
    assert_eq!(answer(app, health("/nested/health")).await.status, StatusCode::OK);

    let merged: Router = Router::new().fallback(async || "else").merge(admin::router().token(TOKEN).unwrap());
    assert_eq!(answer(merged, health("/health")).await.status, StatusCode::OK);
}
