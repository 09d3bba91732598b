//! The caret is at the argument: the lints of the user's own code still speak, and speak once.
#![deny(unused)]
use cachefn::cached;

#[cached(key = id)]
async fn double(id: u64, page: u64) -> u64 {
    id * 2
}

fn main() {
    let _ = double(7, 1);
}
