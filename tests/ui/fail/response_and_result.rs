//! The caret is at `result`, which says what `response` says already.
use axum::response::Response;
use cachefn::cached;

#[cached(response, result = plain, key = id)]
async fn page(id: u64) -> Response {
    Response::new(id.to_string().into())
}

fn main() {}
