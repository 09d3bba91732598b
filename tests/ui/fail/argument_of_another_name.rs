//! The caret is at the name that other caches use; the value is read as if the right name stood there.
use cachefn::cached;

#[cached(ttl = 300)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
