//! The caret is at the element: a tag is text, and what is taken from the value has an argument of its own.
use cachefn::cached;

#[cached(tags = [id])]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
