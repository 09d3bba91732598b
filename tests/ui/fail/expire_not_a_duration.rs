//! The caret is at the value, and the message shows both forms that a duration has.
use cachefn::cached;

#[cached(expire = "soon")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
