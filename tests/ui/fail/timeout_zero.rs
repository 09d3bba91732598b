//! The caret is at the value: who does not wait at all wants `stale`.
use cachefn::cached;

#[cached(expire = 5, stale_if_error = 600, timeout = "0ms")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
