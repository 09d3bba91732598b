//! The caret is at the second of the two: the first one may be the right one.
use cachefn::cached;

#[cached(expire = 300, key = id, expire = 60)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
