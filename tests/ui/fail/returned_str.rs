//! The caret is at the type: what is borrowed cannot be kept.
use cachefn::cached;

#[cached(key = 1)]
async fn trim(text: &str) -> &str {
    text.trim()
}

fn main() {}
