//! A response that is cached whole, behind a layer, asked for as clients ask.

use std::io;
use std::sync::LazyLock;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get as route;
use cachefn::cached;
use cachefn::http::CacheLayer;
use tower::ServiceExt as _;

use crate::functions::{Value, body};
use crate::row::{Function, Row};

static APP: LazyLock<Router> =
    LazyLock::new(|| Router::new().route("/{id}", route(page)).layer(CacheLayer::new()));

/// `17 3 1234567`: row, version and birth.
#[cached(response, expire = 300, namespace = "pages", key = id)]
pub(crate) async fn page(Path(id): Path<usize>) -> Response {
    match body(Function::Page, id).await {
        Ok(Value { row, version, born }) => format!("{row} {version} {born}").into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Asks for the page of a row; with `no-cache`, it is made anew.
pub(crate) async fn get(row: Row, no_cache: bool) -> io::Result<Value> {
    let mut request = Request::builder().uri(format!("/{}", row.id()));
    if no_cache {
        request = request.header("cache-control", "no-cache");
    }
    let request = request.body(Body::empty()).map_err(io::Error::other)?;
    let response = APP.clone().oneshot(request).await.map_err(io::Error::other)?;
    let bytes = to_bytes(response.into_body(), 1 << 10).await.map_err(io::Error::other)?;
    let text = String::from_utf8_lossy(&bytes);
    let numbers: Vec<u64> = text.split(' ').map_while(|word| word.parse().ok()).collect();
    match numbers.as_slice() {
        &[row, version, born] => Ok(Value { row: usize::try_from(row).unwrap_or(usize::MAX), version, born }),
        _ => Err(io::Error::other(text.into_owned())),
    }
}
