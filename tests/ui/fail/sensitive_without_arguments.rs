//! The caret is at the argument that does nothing.
use cachefn::cached;

#[cached(key = "all", sensitive)]
async fn all(id: u64) -> u64 {
    id * 2
}

fn main() {}
