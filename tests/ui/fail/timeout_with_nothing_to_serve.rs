//! The caret is at the argument: a call that is tired of waiting has nothing else to return.
use cachefn::cached;

#[cached(expire = 5, timeout = "100ms")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
