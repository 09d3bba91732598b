//! The caret is at the expression: it is `true` or `false`.
use cachefn::cached;

#[cached(bypass = id)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
