//! The caret is at the first token that cannot belong to the value before it.
use cachefn::cached;

#[cached(expire = 300 namespace = "numbers")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
