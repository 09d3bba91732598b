//! The caret is at the return type: only its type tells that it is none.
use axum::Json;
use cachefn::cached;

#[cached(response, key = id)]
async fn page(id: u64) -> Json<u64> {
    Json(id)
}

fn main() {}
