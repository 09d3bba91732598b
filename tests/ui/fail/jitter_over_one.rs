//! The caret is at the value: a life cannot be shortened by more than all of it.
use cachefn::cached;

#[cached(jitter = 10.0)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
