//! The caret is at `private`: without it the default key would do.
use axum::response::Response;
use cachefn::cached;

#[cached(response = private)]
async fn page(id: u64) -> Response {
    Response::new(id.to_string().into())
}

fn main() {}
