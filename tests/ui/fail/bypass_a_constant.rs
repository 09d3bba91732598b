//! The caret is at the value: a condition depends on the arguments.
use cachefn::cached;

#[cached(bypass = !false)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
