//! The caret is at the expression: a number of seconds is written as a literal, or made a `Duration`.
use cachefn::cached;

#[cached(expire = id * 60)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
