//! The caret is at the value: a codec is a type.
use cachefn::cached;

#[cached(codec = "json")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
