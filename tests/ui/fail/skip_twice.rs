//! The caret is at the second of the names.
use cachefn::cached;

#[cached(skip(id, id))]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
