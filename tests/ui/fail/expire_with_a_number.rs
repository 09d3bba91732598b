//! The caret is at what the closure returns: a `Duration`.
use cachefn::cached;

#[cached(expire_with = |doubled: &u64| *doubled)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
