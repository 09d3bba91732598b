//! Requests a second over the loopback, by what makes the response: a list of 50 users, 4 KB of JSON.
//!
//! ```text
//! bytes               they are at hand: the limit
//! handler             it makes the list and writes it as JSON, each time
//! cached              the list is cached, and written as JSON each time
//! cached(response)    the response is cached
//! tower-http-cache    likewise, by its layer
//! ```
//!
//! Server and clients share the machine, so the clients do as little as can be: they write the same request again and
//! read to the end of the response. Everybody takes turns.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::error_handling::HandleError;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{BoxError, Json, Router};
use cachefn::http::CacheLayer;
use cachefn::{Config, cached};
use cachefn_benches::measure::median;
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceBuilder;
use tower_http_cache::prelude::{CacheLayer as PeersLayer, InMemoryBackend};

const CLIENTS: usize = 16;
const ROUNDS: usize = 9;
/// How long one variant runs in a round.
const TURN: Duration = Duration::from_millis(400);

#[derive(Clone, Serialize, Deserialize)]
struct User {
    id: u32,
    name: String,
    email: String,
}

fn users() -> Vec<User> {
    (0..50)
        .map(|id| User { id, name: format!("User number {id}"), email: format!("user{id}@example.com") })
        .collect()
}

async fn handler() -> Json<Vec<User>> {
    Json(users())
}

#[cached(expire = 3600, key = "list")]
async fn value() -> Json<Vec<User>> {
    Json(users())
}

#[cached(response, expire = 3600, key = "response")]
async fn response() -> impl IntoResponse {
    Json(users())
}

async fn app() -> Router {
    let body = handler().await.into_response().into_body();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("it is at hand");
    let ours =
        Router::new().route("/value", get(value)).route("/response", get(response)).layer(CacheLayer::new());
    let layer = PeersLayer::builder(InMemoryBackend::new(1_000)).ttl(Duration::from_secs(3600)).build();
    // It takes bodies that are `Sync`, which axum's are not, and has errors, which axum's services have not.
    let peer = ServiceBuilder::new().layer(layer).service_fn(async |_: Request| {
        let list = serde_json::to_vec(&users()).expect("it is JSON");
        let response = Response::builder().header(CONTENT_TYPE, "application/json");
        Ok::<_, BoxError>(response.body(Full::new(Bytes::from(list)))?)
    });
    let peer = HandleError::new(peer, async |_: BoxError| StatusCode::INTERNAL_SERVER_ERROR);
    Router::new()
        .route(
            "/bytes",
            get(move || std::future::ready(([("content-type", "application/json")], bytes.clone()))),
        )
        .route("/handler", get(handler))
        .merge(ours)
        .route_service("/peer", peer)
}

/// Asks for `path` again and again: requests a second, of all clients together.
async fn load(server: SocketAddr, path: &'static str) -> f64 {
    let begun = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            tokio::spawn(async move {
                let mut client = Client::connect(server, path).await;
                let mut requests = 0_u32;
                while begun.elapsed() < TURN {
                    client.request().await;
                    requests += 1;
                }
                requests
            })
        })
        .collect();
    let mut requests = 0;
    for client in clients {
        requests += client.await.expect("it does not panic");
    }
    f64::from(requests) / begun.elapsed().as_secs_f64()
}

struct Client {
    stream: TcpStream,
    request: String,
    buffer: Vec<u8>,
}

impl Client {
    async fn connect(server: SocketAddr, path: &str) -> Self {
        let stream = TcpStream::connect(server).await.expect("it listens");
        stream.set_nodelay(true).expect("it is a socket");
        Self { stream, request: format!("GET {path} HTTP/1.1\r\nhost: here\r\n\r\n"), buffer: Vec::new() }
    }

    async fn request(&mut self) {
        self.stream.write_all(self.request.as_bytes()).await.expect("it is connected");
        self.buffer.clear();
        let mut whole = None;
        while whole.is_none_or(|whole| self.buffer.len() < whole) {
            let read = self.stream.read_buf(&mut self.buffer).await.expect("it is connected");
            assert!(read > 0, "the connection has ended");
            whole = whole.or_else(|| length(&self.buffer));
        }
        assert!(self.buffer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&self.buffer));
    }
}

/// How long the response is, once its head is there.
fn length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).expect("a head is text").to_ascii_lowercase();
    let body =
        text.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("its length is known");
    Some(head + body.parse::<usize>().expect("it is a number"))
}

async fn measure() {
    cachefn::init_with(Config::builder().enabled(true).build().expect("it is one")).await.expect("it is off");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let server = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, app().await).await.expect("it serves") });

    let variants = [
        ("bytes", "/bytes"),
        ("handler", "/handler"),
        ("cached", "/value"),
        ("cached(response)", "/response"),
        ("tower-http-cache", "/peer"),
    ];
    let mut samples = vec![Vec::new(); variants.len()];
    for _ in 0..ROUNDS {
        for ((_, path), samples) in variants.iter().zip(&mut samples) {
            samples.push(load(server, path).await);
        }
    }
    let medians: Vec<f64> = samples.iter_mut().map(|samples| median(samples)).collect();
    println!("\n{:<20}{:>14}{:>14}", "", "requests/s", "beside bytes");
    for ((name, _), each) in variants.iter().zip(&medians) {
        println!("{name:<20}{each:>14.0}{:>13.2}x", each / medians[0]);
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("it starts").block_on(async { tokio::spawn(measure()).await.expect("it does not panic") });
}
