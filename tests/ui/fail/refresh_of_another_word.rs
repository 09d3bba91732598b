//! The caret is at the value: there are two words.
use cachefn::cached;

#[cached(expire = 5, stale = 60, refresh = spawn)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
