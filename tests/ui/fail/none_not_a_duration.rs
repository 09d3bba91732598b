//! The caret is at the value: `"skip"` is the only word.
use cachefn::cached;

#[cached(none = "keep")]
async fn find(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {}
