//! The caret is at the value: nothing is kept for ever.
use cachefn::cached;

#[cached(expire = "1000y")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
