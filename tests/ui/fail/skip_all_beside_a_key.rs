//! The caret is at what has nothing to skip.
use cachefn::cached;

#[cached(key = id, skip_all)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
