//! Requests and handlers that would have one user see what is another's, or a connection say what nobody has sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use cachefn::cached;
use cachefn::http::{CacheLayer, ClientCache};
use http_body::Frame;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::{Runs, answer, cache, header, seen};

/// A body that does not say how long it is.
struct Unsized(Option<Bytes>);

impl http_body::Body for Unsized {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }
}

fn stream(text: &'static str) -> Body {
    Body::new(Unsized(Some(Bytes::from_static(text.as_bytes()))))
}

/// What a connection is answered, until it ends or has been silent for a while.
async fn over_a_socket(app: Router, requests: &str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(requests.as_bytes()).await.unwrap();
    let mut answers = Vec::new();
    while let Ok(Ok(1..)) =
        tokio::time::timeout(Duration::from_millis(300), connection.read_buf(&mut answers)).await
    {}
    server.abort();
    String::from_utf8(answers).unwrap()
}

#[tokio::test]
async fn a_body_that_is_not_as_long_as_its_head_says_is_not_stored_and_leads_nobody_astray() {
    static SHORT: Runs = Runs::new();
    static LONG: Runs = Runs::new();

    #[cached(response, namespace = "hostile-a", key = "short")]
    async fn short() -> Response {
        SHORT.next();
        ([("content-length", "10")], stream("abc")).into_response()
    }

    #[cached(response, namespace = "hostile-a", key = "long")]
    async fn long() -> Response {
        LONG.next();
        ([("content-length", "3")], stream("abcHTTP/1.1 200 OK\r\n\r\n")).into_response()
    }

    let _cache = cache().await;
    let app = || {
        let routes = Router::new().route("/short", get(short)).route("/long", get(long));
        routes.layer(CacheLayer::new().client_cache(ClientCache::public(Duration::from_secs(60))))
    };
    for (path, answered) in [("/short", 1), ("/long", 2)] {
        for _ in 0..2 {
            let request = format!("GET {path} HTTP/1.1\r\nhost: here\r\n\r\n");
            let answers = over_a_socket(app(), &request.repeat(2)).await;
            assert_eq!(answers.matches("content-length").count(), answered, "{path}: {answers}");
            assert!(!answers.contains("HTTP/1.1 200 OK\r\n\r\n"), "nobody has answered that: {answers}");
            assert!(!answers.contains("HIT"), "{path}: {answers}");
        }
    }
    // The connection ends with a body that is too short; one that is too long is cut.
    assert_eq!((SHORT.get(), LONG.get()), (2, 4), "it is made each time");
}

#[tokio::test]
async fn what_a_request_wants_is_not_for_what_the_program_itself_looks_up() {
    let _cache = cache().await;
    cachefn::cache().namespace("hostile-b").set("session", 7_u32).await;
    let session = || async {
        let session = cachefn::cache().namespace("hostile-b").get::<u32>("session").await;
        session.map_or(StatusCode::UNAUTHORIZED, |_| StatusCode::OK)
    };
    let app = Router::new().route("/", get(session)).layer(CacheLayer::new());
    for control in ["no-store", "no-cache", "max-age=0", "min-fresh=999999", "only-if-cached"] {
        let (response, _) = answer(&app, "GET /", &[("cache-control", control)]).await;
        assert_eq!(response.status(), StatusCode::OK, "{control}");
    }
}

#[tokio::test]
async fn what_shows_who_asks_is_nobody_elses() {
    #[cached(response = private, namespace = "hostile-c", key = user)]
    async fn page(axum::extract::Path(user): axum::extract::Path<String>) -> Response {
        format!("the page of {user}").into_response()
    }

    let _cache = cache().await;
    let layer = CacheLayer::new().client_cache(ClientCache::public(Duration::from_secs(60)));
    let app = Router::new().route("/{user}", get(page)).layer(layer);
    for name in ["cookie", "authorization"] {
        for cache in ["MISS", "HIT"] {
            let (response, _) = answer(&app, &format!("GET /{name}"), &[(name, "ada")]).await;
            assert_eq!(header(&response, "x-cache"), cache);
            assert_eq!(header(&response, "cache-control"), "private, max-age=60");
            assert_eq!(header(&response, "vary"), "accept-encoding, authorization, cookie");
        }
    }
}

#[tokio::test]
async fn no_request_has_a_handler_end_that_changes_something() {
    static CHANGED: AtomicBool = AtomicBool::new(false);

    #[cached(namespace = "hostile-d", key = id)]
    async fn rate(id: u32) -> u32 {
        id
    }

    let change = || async {
        let rate = rate(7).await;
        CHANGED.store(true, Ordering::SeqCst);
        rate.to_string()
    };
    let _cache = cache().await;
    let app = Router::new().route("/", post(change).get(change)).layer(CacheLayer::new());
    let only = ("cache-control", "only-if-cached");
    assert_eq!(answer(&app, "GET /", &[only]).await.0.status(), StatusCode::GATEWAY_TIMEOUT);
    assert!(!CHANGED.load(Ordering::SeqCst));
    assert_eq!(seen(&app, "POST /", &[only]).await, ("MISS".to_owned(), "7".to_owned()));
    assert!(CHANGED.load(Ordering::SeqCst));
}
