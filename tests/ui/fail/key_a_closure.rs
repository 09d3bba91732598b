//! The caret is at the closure: the key is evaluated as it stands.
use cachefn::cached;

#[cached(key = |id: u64| id % 10)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
