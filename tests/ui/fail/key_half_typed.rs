//! The caret is at the half-typed value, and the body and its other mistakes are not touched by it.
use cachefn::cached;

#[cached(key = id.)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
