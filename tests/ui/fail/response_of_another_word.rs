//! The caret is at the word, the argument itself is right.
use axum::response::Response;
use cachefn::cached;

#[cached(response = public, key = id)]
async fn page(id: u64) -> Response {
    Response::new(id.to_string().into())
}

fn main() {}
