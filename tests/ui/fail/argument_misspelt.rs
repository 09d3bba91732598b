//! The caret is at the misspelt name, and the message ends with the one that was meant.
use cachefn::cached;

#[cached(expre = 300)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
