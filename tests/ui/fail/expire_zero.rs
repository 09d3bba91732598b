//! The caret is at the value: the argument is right, its number is not.
use cachefn::cached;

#[cached(expire = 0)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
