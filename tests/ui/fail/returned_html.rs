//! The caret is at the return type: only its type tells that it is a response, which `response` stores.
use axum::response::Html;
use cachefn::cached;

#[cached(key = id)]
async fn page(id: u64) -> Result<Html<String>, String> {
    Ok(Html(id.to_string()))
}

fn main() {}
