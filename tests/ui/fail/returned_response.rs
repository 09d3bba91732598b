//! The caret is at the return type, which is an alias of a response.
use axum::response::IntoResponse;
use cachefn::cached;

type Page = axum::response::Response;

#[cached(key = id)]
async fn page(id: u64) -> Page {
    id.to_string().into_response()
}

fn main() {}
