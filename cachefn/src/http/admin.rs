//! A router by which people look at the cache of a running program, and invalidate what is in it.
//!
//! [`router`] makes it, to be mounted where and behind what you like. It is not to be had without a token, or the word
//! that it needs none.
//!
//! ```
//! use axum::Router;
//! use axum::body::Body;
//! use axum::http::{Request, StatusCode};
//! use cachefn::{Config, cached};
//! use cachefn::http::admin;
//! use tower::ServiceExt as _;
//!
//! #[cached(namespace = "users", key = id)]
//! async fn user_name(id: u64) -> String {
//!     format!("user {id}")
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! cachefn::init_with(Config::builder().enabled(true).build()?).await?;
//! user_name(7).await;
//!
//! let token = "4f1d9a3c5b7e8f60"; // out of the program's secrets
//! let app: Router = Router::new().nest("/admin/cache", admin::router().token(token)?);
//!
//! let request = Request::get("/admin/cache/cachefn:users:user_name:7")
//!     .header("authorization", format!("Bearer {token}"))
//!     .body(Body::empty())?;
//! let answer = app.oneshot(request).await?;
//! assert_eq!(answer.status(), StatusCode::OK);
//! let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await?;
//! let entry: serde_json::Value = serde_json::from_slice(&body)?;
//! assert_eq!(entry["value"], "user 7");
//! # Ok(())
//! # }
//! ```
//!
//! # Paths
//!
//! | path | what it does |
//! |---|---|
//! | `GET /` | the dashboard: a page that asks for the token and shows what follows; it holds no data itself |
//! | `GET /stats` | what [`stats`](crate::stats) counts, in total and for each function, with entries and bytes |
//! | `GET /health` | 200, or 503 where Redis is configured and not in use; mode, state of Redis, journal, memory, [advice](crate::Status::advice) |
//! | `GET /functions` | the functions that were called at least once, and their arguments to `#[cached]` |
//! | `GET /keys?namespace=users&limit=100&cursor=…` | a page of keys, and the `next` cursor |
//! | `GET /{key}` | `{"key", "function", "value", "ttl", "stale"}` |
//! | `POST /{key}` with `{"value": …, "ttl": 60}` | stores a value in the place of a body, as a refresh does |
//! | `DELETE /{key}` | invalidates that key, as the function's companion does, in all processes |
//! | `DELETE /?namespace=users`, `?tag=org:7`, `?function=get_user` | invalidates a group: of a namespace what `/keys` lists |
//! | `DELETE /` | [`clear`](crate::clear): everything under the prefix |
//!
//! A key is the logical one, with the prefix, as logs and reports show it: `cachefn:users:get_user:7`. It is one segment
//! of the path and percent-encoded, so it may hold any character; `/` is `%2F`. Of a `sensitive` function it holds the digest.
//! The words `stats`, `health`, `functions` and `keys` are reserved; no key is one of them, for each holds a colon.
//!
//! An invalidation needs to know nothing but the key: it reaches what other processes have stored there too, also of
//! functions that were never called in this one, and a generic function's in all its instances. Where nothing stands under
//! a key, and no function that was called here has its name in it, the answer is 404.
//!
//! Times are seconds, except those whose name ends in `_ms`. An invalidation that waits for Redis is answered with 202 and
//! `"invalidated": "queued"`, else it is `"applied"`.
//!
//! # Errors
//!
//! `{"error": "…"}` with 400 for what cannot be understood or does not fit the function's type, 401 without the token, 403
//! for what another site has the browser do, 404 for what is not there, 405 for another method, 409 for what cannot be
//! stored by hand, 413 for more than 4 MiB, and 503 where Redis is needed and away, or caching is off.
//!
//! # Values
//!
//! A value is shown by its `Serialize`, from memory or out of Redis, and written by its `Deserialize`; what cannot be JSON
//! is `null`, and `value_error` says why. For this a function must have been called in this process, so that its types are
//! known, a generic one with that type; and values of functions with `tags` are shown only if they are in memory, for which
//! tags an entry has follows from the arguments of its call, which a key does not tell.
//!
//! For the same reason a value can be stored by hand only where the key tells which groups it belongs to: not for a
//! function with `tags`, `tags_with` or a namespace with arguments, and not for a generic one that is called with several
//! types. 409 says so, and `refresh_f` does it. `when` and `expire_with` are not asked. Values of [`cache()`](crate::cache) are
//! shown and invalidated likewise, and stored by the program alone.
//!
//! # Costs
//!
//! Nothing for calls. `/stats` and `/keys` walk over the entries in memory on a thread of their own, 20 ms for a hundred
//! thousand of them; what `/stats` learns that way is kept for two seconds. On Redis a page of keys is at most
//! eight `SCAN`s of 500 names each, for which the user needs `+scan`. A page may hold fewer keys than `limit`, or none, and
//! have a `next` all the same; what an invalidation has struck may be listed until it expires or is called for.
//!
//! # Security
//!
//! The token is compared in constant time, and only a digest of it is kept. The page is served with a
//! `Content-Security-Policy` that permits nothing but itself, keeps the token in the tab's session, and is not to be framed or
//! stored. With [`unprotected`](Unguarded::unprotected), requests that change anything must come from the page itself
//! (`Sec-Fetch-Site`) or carry the header `X-Cachefn-Admin`, which no other site can have a browser send.

mod entry;
mod figures;
mod find;
mod groups;
mod guard;
mod keys;
mod page;
mod query;
mod reply;
mod store;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get};

use self::guard::Guard;
pub use self::guard::TokenError;
use crate::call::MAX_JSON;

/// Begins a router by which people look at the cache: see the [module](self).
///
/// It is a router once it is told its token, or that it needs none.
///
/// ```
/// use axum::Router;
/// use cachefn::http::admin;
///
/// # fn main() -> Result<(), admin::TokenError> {
/// # let token = "4f1d9a3c5b7e8f60";
/// let app: Router = Router::new().nest("/admin/cache", admin::router().token(token)?);
/// # Ok(())
/// # }
/// ```
pub fn router() -> Unguarded {
    Unguarded(())
}

/// An admin router that has not been told who may use it.
#[derive(Debug)]
#[must_use = "it is a router once `.token(…)` or `.unprotected()` says who may use it"]
pub struct Unguarded(());

impl Unguarded {
    /// Whoever sends `Authorization: Bearer <token>` may use it.
    ///
    /// # Errors
    ///
    /// A token of less than 16 characters, or with one that no header carries: anything but visible ASCII.
    pub fn token<S>(self, token: &str) -> Result<Router<S>, TokenError>
    where
        S: Clone + Send + Sync + 'static,
    {
        Ok(build(Guard::token(token)?))
    }

    /// Whoever can reach it may use it: for a router that stands behind an authorization of its own, or on an address that
    /// nobody else reaches.
    ///
    /// A page of another site can neither change anything by it nor read what it answers, unless that site's name comes to
    /// stand for this address: where browsers run on the same machine or network, look at `Host` before it, or use a token.
    pub fn unprotected<S>(self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        build(Guard::unprotected())
    }
}

/// The page is public, everything else is behind the guard. There is no fallback, so that it can be merged with a router that
/// has one.
fn build<S>(guard: Guard) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let page = Router::new().route("/", get(page::show));
    Router::new()
        .route("/", delete(groups::invalidate))
        .route("/stats", get(figures::stats))
        .route("/health", get(figures::health))
        .route("/functions", get(figures::functions))
        .route("/keys", get(keys::list))
        .route("/{key}", get(entry::show).post(store::store).delete(entry::invalidate))
        .route("/{key}/{*rest}", axum::routing::any(entry::misplaced))
        .route_layer(from_fn_with_state(guard, guard::check))
        .merge(page)
        .method_not_allowed_fallback(reply::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_JSON))
        .layer(from_fn(reply::sealed))
}
