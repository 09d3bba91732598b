//! The caret is at the tuple: axum makes a response of it, which `response` stores.
use axum::Json;
use axum::http::StatusCode;
use cachefn::cached;

#[cached(key = id)]
async fn page(id: u64) -> (StatusCode, Json<u64>) {
    (StatusCode::CREATED, Json(id))
}

fn main() {}
