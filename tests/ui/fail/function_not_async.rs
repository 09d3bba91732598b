//! The caret is at `fn`, before which the word is missing.
use cachefn::cached;

#[cached(expire = 300)]
fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
