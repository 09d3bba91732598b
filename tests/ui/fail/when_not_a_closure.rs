//! The caret is at the value: a condition over the value is a closure.
use cachefn::cached;

#[cached(when = id > 1)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
