//! The caret is at the return type: a name may be an alias, and only its type tells that it is none.
use axum::response::IntoResponse;
use cachefn::cached;

struct Page(u64);

impl IntoResponse for Page {
    fn into_response(self) -> axum::response::Response {
        self.0.to_string().into_response()
    }
}

#[cached(response, key = id)]
async fn page(id: u64) -> Page {
    Page(id)
}

fn main() {}
