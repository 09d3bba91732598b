//! The caret is at the colon.
use cachefn::cached;

#[cached(expire: 300, key = id)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
