//! The caret is at the value.
use cachefn::cached;

#[cached(version = "2024-01")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
