//! The caret is at the name: only the compiler knows that it is a number.
use cachefn::cached;

const MINUTE: u64 = 60;

#[cached(expire = MINUTE)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
