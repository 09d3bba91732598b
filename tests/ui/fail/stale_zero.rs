//! The caret is at the value: an old value that is served for no time is none.
use cachefn::cached;

#[cached(expire = 5, stale = 0)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
