//! The caret is at the name in the body: the body stands in the program once.
use cachefn::cached;

#[cached(expire = 300)]
async fn double(id: u64) -> u64 {
    idd * 2
}

fn main() {}
