//! The caret is at the value: one tag is a list too.
use cachefn::cached;

#[cached(tags = "org:{id}")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
