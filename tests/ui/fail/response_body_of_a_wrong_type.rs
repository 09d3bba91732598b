//! The caret is at `impl …`, as without the attribute.
use axum::response::IntoResponse;
use cachefn::cached;

struct Page(u64);

#[cached(response, key = id)]
async fn page(id: u64) -> impl IntoResponse {
    Page(id)
}

fn main() {}
