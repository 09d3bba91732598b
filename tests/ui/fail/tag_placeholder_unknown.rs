//! The caret is at the tag whose placeholder names no argument.
use cachefn::cached;

#[cached(tags = ["all", "org:{org}"])]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
