//! The caret is at the bare name, which says neither that it is the key nor that it is skipped.
use cachefn::cached;

#[cached(id, expire = 300)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
