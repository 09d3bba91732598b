//! The caret is at the value: unlike `expire` it is the same for every call.
use cachefn::cached;

#[cached(expire = 5, stale = id * 60)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
