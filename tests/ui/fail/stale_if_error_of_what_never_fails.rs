//! The caret is at the argument: without a `Result` there is no error in whose place to serve.
use cachefn::cached;

#[cached(expire = 5, stale_if_error = 600)]
async fn find(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {}
