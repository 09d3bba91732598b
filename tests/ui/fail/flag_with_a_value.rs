//! The caret is at the flag: it is there, or it is not.
use cachefn::cached;

#[cached(skip_all = true)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
