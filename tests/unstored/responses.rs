//! Requests that want a fresh response while Redis cannot be told of it.

use std::sync::Arc;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cachefn::cached;
use cachefn::http::CacheLayer;
use cachefn_tests::RedisServer;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::{Process, Source, Trouble};

static SOURCE: LazyLock<Arc<Source>> = LazyLock::new(|| Source::of(1));

#[cached(response, namespace = "pages", key = id, expire = 60)]
async fn page(Path(id): Path<u32>) -> Response {
    SOURCE.read().to_string().into_response()
}

#[cached(namespace = "plain-pages", key = id, expire = 60)]
async fn plain(Path(id): Path<u32>) -> String {
    SOURCE.read().to_string()
}

fn app() -> Router {
    let router = Router::new().route("/page/{id}", get(page)).route("/plain/{id}", get(plain));
    router.layer(CacheLayer::new())
}

/// The body of the answer, its `X-Cache`, and whether it says that it was stored.
async fn ask(process: &Process, path: &str, wanted: &'static str) -> (String, String, bool) {
    let path = path.to_owned();
    process
        .run(async move {
            let mut request = Request::builder().uri(path);
            if !wanted.is_empty() {
                request = request.header("cache-control", wanted);
            }
            let response = app().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            let (parts, body) = response.into_parts();
            let header = |name: &str| parts.headers[name].to_str().unwrap().to_owned();
            let (word, stored) = (header("x-cache"), header("cache-status").contains("; stored"));
            let body = body.collect().await.unwrap().to_bytes();
            (String::from_utf8(body.to_vec()).unwrap(), word, stored)
        })
        .await
}

#[tokio::test]
async fn what_a_request_has_made_fresh_is_not_undone() {
    let paths: Vec<_> = (0..2).flat_map(|id| [format!("/page/{id}"), format!("/plain/{id}")]).collect();
    let wanted = ["no-cache", "max-age=0"];
    for (near, trouble) in
        [true, false].into_iter().flat_map(|near| [Trouble::Stopped, Trouble::Full].map(|it| (near, it)))
    {
        let server = RedisServer::start();
        let start = if matches!(trouble, Trouble::Full) { Process::start } else { Process::impatient };
        let process = start(server.port(), near);
        SOURCE.write(1);
        for path in paths.iter().chain(&paths) {
            assert_eq!(ask(&process, path, "").await.0, "1");
        }
        SOURCE.write(2);
        trouble.begin(&server);
        for (number, path) in paths.iter().enumerate() {
            let (body, _, stored) = ask(&process, path, wanted[number / 2]).await;
            assert_eq!(body, "2", "{path} {trouble:?} near={near}");
            let (body, word, _) = ask(&process, path, "").await;
            assert_eq!(body, "2", "{path} {trouble:?} near={near}");
            assert_eq!(stored, word == "HIT", "{path} {trouble:?} near={near}: `stored` where it was");
        }
        trouble.end(&server);
        process.is_settled().await;
        for path in paths.iter().chain(&paths) {
            assert_eq!(ask(&process, path, "").await.0, "2", "{path} {trouble:?} near={near}");
        }
    }
}
