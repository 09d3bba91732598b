//! The caret is at the call: the invalidation has happened here, but nobody learns about the other processes.
#![deny(unused_must_use)]
use cachefn::cached;

#[cached(key = id)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {
    let _ = double(7);
    invalidate_double(7);
}
