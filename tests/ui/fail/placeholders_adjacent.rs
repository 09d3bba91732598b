//! The caret is at the template: `1`, `23` and `12`, `3` would have one key.
use cachefn::cached;

#[cached(key = "{a}{b}")]
async fn sum(a: u64, b: u64) -> u64 {
    a + b
}

fn main() {}
