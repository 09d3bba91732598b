//! The caret is at the text: without braces it is the same for every call.
use cachefn::cached;

#[cached(key = "id")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
