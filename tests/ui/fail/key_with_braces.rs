//! The caret is at the template: braces mark the part of a key that decides its node in a Redis cluster.
use cachefn::cached;

#[cached(key = "{{id}}")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
