//! The caret is at the namespace: what stands between two colons is a level, and a level has a name.
use cachefn::cached;

#[cached(namespace = "numbers::even")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
