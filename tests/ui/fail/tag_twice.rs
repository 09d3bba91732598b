//! The caret is at the second of the tags.
use cachefn::cached;

#[cached(tags = ["numbers", "number:{id}", "numbers"])]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
