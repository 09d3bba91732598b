//! The caret is at what the closure returns.
use cachefn::cached;

#[cached(when = |doubled: &u64| *doubled)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
