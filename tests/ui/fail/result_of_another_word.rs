//! The caret is at the value: there is one word.
use cachefn::cached;

#[cached(result = Result)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
