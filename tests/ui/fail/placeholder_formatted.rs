//! The caret is at the template: placeholders are names, and not what `format!` understands.
use cachefn::cached;

#[cached(key = "{id:?}")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
