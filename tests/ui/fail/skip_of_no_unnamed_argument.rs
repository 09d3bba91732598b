//! The caret is at the mark: all arguments have names.
use cachefn::cached;

#[cached(skip(_))]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
