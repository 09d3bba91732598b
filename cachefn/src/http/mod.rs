//! HTTP (feature `axum`): what the cache did in the headers of responses, what requests want of it, and whole responses
//! that are cached.
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::extract::Path;
//! use axum::http::StatusCode;
//! use axum::response::IntoResponse;
//! use axum::routing::get;
//! use axum::{Json, Router};
//! use cachefn::cached;
//! use cachefn::http::{CacheLayer, ClientCache};
//! # use axum::{body::Body, http::Request};
//! # use tower::ServiceExt;
//!
//! /// The value is stored, and made JSON of each time.
//! #[cached(expire = 300, namespace = "users", key = id)]
//! async fn user(Path(id): Path<u64>) -> Result<Json<String>, StatusCode> {
//!     Ok(Json(format!("user {id}")))
//! }
//!
//! /// The finished response is stored: a hit is sent as it is.
//! #[cached(response, expire = 60, namespace = "pages", key = id)]
//! async fn page(Path(id): Path<u64>) -> impl IntoResponse {
//!     ([("content-type", "text/html")], format!("<h1>Page {id}</h1>"))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
//! let app: Router = Router::new()
//!     .route("/users/{id}", get(user))
//!     .route("/pages/{id}", get(page))
//!     .layer(CacheLayer::new().client_cache(ClientCache::public(Duration::from_secs(60))));
//!
//! # let send = |path: &'static str, control: &'static str| {
//! #     let request = Request::builder().uri(path).header("cache-control", control);
//! #     app.clone().oneshot(request.body(Body::empty()).unwrap())
//! # };
//! # for path in ["/users/7", "/pages/7"] {
//! let response = send(path, "").await.unwrap();
//! assert_eq!(response.headers()["x-cache"], "MISS");
//! let response = send(path, "").await.unwrap();
//! assert_eq!(response.headers()["x-cache"], "HIT");
//! assert_eq!(response.headers()["cache-control"], "public, max-age=60");
//! assert!(response.headers().contains_key("etag"));
//! let response = send(path, "no-cache").await.unwrap();
//! assert_eq!(response.headers()["cache-status"], "cachefn; fwd=request; stored");
//! let response = send("/users/8", "only-if-cached").await.unwrap();
//! assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
//! # }
//! # }
//! ```
//!
//! # What responses say
//!
//! | header | values |
//! |---|---|
//! | `X-Cache` | `HIT`, `STALE` (out of the cache, past its life), `MISS`, `BYPASS` (the cache was not to be asked) |
//! | `X-Cache-TTL-Remaining` | how long what answered lives on, in whole seconds; 0 with `STALE` |
//! | `Cache-Status` | RFC 9211: `cachefn; hit; ttl=299`, or `fwd=` with `uri-miss`, `stale`, `request` or `bypass`, and `stored`, `collapsed`, or why it was not stored in `detail` |
//! | `Age` | with `HIT` and `STALE`, also on a 304: seconds since the oldest value was stored that answered, RFC 9111 |
//! | `X-Cache-Key` | the keys, where [`with_key`](CacheLayer::with_key) asks for them |
//!
//! Several cached calls in one request have one answer. The call that came off worst speaks for all: `BYPASS` before
//! `MISS`, before `STALE`, before `HIT`. The remaining life is the least that is known. `stored` says that all that was made
//! anew was stored. Whoever waited for the body of another request has a `MISS` that is `collapsed`. A request without a
//! cached call, or with caching off, is told nothing. Calls on tasks that a handler spawns are not seen.
//!
//! Under the layer an event at DEBUG says `CACHE HIT: GET /users/7 (1.89ms)`; the path is left out where a `sensitive`
//! function was called, and the query always.
//!
//! # What requests may want
//!
//! `Cache-Control` of requests is heeded, and `Pragma: no-cache` where there is none:
//!
//! | directive | cached calls |
//! |---|---|
//! | `no-cache` | run their bodies and store what they return |
//! | `no-store` | run their bodies and store nothing; what is stored stays |
//! | `max-age=N` | miss what was stored more than `N` seconds ago, and what has expired |
//! | `min-fresh=N` | miss what expires within `N` seconds, or has |
//! | `max-stale=N` | miss what has expired for longer; beside the two above, it allows what has expired |
//! | `only-if-cached` | run nothing: a call that finds nothing ends the handler, and the response is 504; of GET, HEAD, OPTIONS and TRACE, and not beside `no-store` |
//!
//! A client that may send these can have the server do everything anew. [`CacheLayer::ignore_request_directives`] refuses
//! them all, [`CacheLayer::ignore`] one. A program that calls the service inside of [`bypass`](crate::bypass) bypasses
//! whatever the layer refuses.
//!
//! # What clients may keep
//!
//! Nothing: `Cache-Control: no-cache, no-store, must-revalidate, max-age=0`, unless the handler sets its own, or
//! [`client_cache`](CacheLayer::client_cache) allows it for the whole layer. They keep it no longer than it lives here,
//! unless told otherwise. See [`ClientCache`]. `#[cached(response, client = "private, must-revalidate, max-age=60")]` says it
//! for one handler, in the words of `Cache-Control`, and goes before the layer's.
//!
//! Compression belongs between the handlers and the layer, in axum `.layer(CompressionLayer::new()).layer(CacheLayer::new())`:
//! then each encoding has a strong `ETag` of its own, and what is stored is the plain response, once. Outside of the layer
//! one strong `ETag` would stand for the bytes of all encodings. A handler that compresses by itself says `Vary:
//! Accept-Encoding`, and each encoding is a variant.
//!
//! # Cached responses
//!
//! `#[cached(response, …)]` stores what a handler answers: status, headers and the bytes of the body. It returns a
//! `Response`, `impl IntoResponse`, which becomes a `Response`, or a `Result` of either. Extensions of a response are not
//! kept. `when`, `expire_with` and `tags_with` are given a [`StoredResponse`].
//!
//! | | |
//! |---|---|
//! | asked for by | GET and HEAD under a [`CacheLayer`]; without one nothing is stored, and one warning says so |
//! | filled by | GET without `Range` |
//! | neither for | requests with `Authorization` or `Cookie`, unless `response = private` says that the key names the user |
//! | stored | 2xx but 206; 404 and 410 for as long as `none` says |
//! | never | with `Set-Cookie`, with `Cache-Control: no-store`, with `private` unless the function says so too, with `Vary: *` |
//! | never | what has trailers, fails half-way, is over 1 MiB, or has not ended a second after its head without having said how long it is |
//! | a 5xx | is a failure: `stale_if_error` puts an older response in its place |
//! | a 3xx, 206, and any 4xx but 404 and 410 | says nothing of what is stored: that stays, also where the request was `no-cache` |
//!
//! A 2xx, 404 or 410 that is not stored leaves what has expired to `stale_if_error`. Where the request was `no-cache`, or
//! the handler ran to refresh, it removes what is stored, which is older.
//!
//! What is not stored passes as it is: no more than the bound is held back of it, and nothing is lost. `detail` in
//! `Cache-Status` says why, and so does an event at DEBUG: `method`, `range`, `credentials`; `status`,
//! `no-store`, `private`, `set-cookie`, `vary`, `none`, `when`, `event-stream`; `content-length`, `too-large`, `trailers`,
//! `broken-off`, `slow`; `error`. They are counted as `unstored` in [`stats`](crate::stats()).
//!
//! A response with `Vary` serves the requests that agree with its own in the headers named there (RFC 9111, 4.1). Each
//! variant has its own fill and its own life; a key has room for 17, and another one replaces one of them. To invalidate
//! the key is to invalidate all of them, and so is to store the first of them anew: when it has expired, the others are
//! filled anew too. What is in the key needs no `Vary`. A response with `Vary` that `refresh_f` makes is not stored, for
//! nothing is known of its request, and the older ones go.
//!
//! Handlers on which `#[cached]` stands without `response` are functions like any other, which know of no request: the key
//! alone tells whose a value is.

pub mod admin;
mod body;
mod client;
mod directives;
mod fresh;
mod layer;
mod line;
mod request;
pub(crate) mod response;
mod serving;
mod status;
mod stored;
mod validators;
mod vary;

use std::sync::Arc;

pub use self::client::ClientCache;
pub use self::directives::RequestDirective;
pub use self::layer::{CacheHeader, CacheLayer, CacheService};
pub use self::serving::Serving;
pub use self::stored::StoredResponse;

/// The headers of the request whose handler is being polled.
pub(crate) fn request_headers() -> Option<Arc<::http::HeaderMap>> {
    request::Request::headers()
}
