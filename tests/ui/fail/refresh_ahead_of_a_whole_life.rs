//! The caret is at the value: at the end of its life a value is not served any more.
use cachefn::cached;

#[cached(expire = 300, refresh_ahead = 1)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
