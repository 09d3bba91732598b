//! The caret is at the argument: no `None` is ever stored.
use cachefn::cached;

#[cached(none = 30)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
