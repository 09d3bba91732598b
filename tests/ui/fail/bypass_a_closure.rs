//! The caret is at the closure: the arguments are at hand already.
use cachefn::cached;

#[cached(bypass = |id| id == 0)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
