//! The caret is at the return type: what is in the list is borrowed.
use cachefn::cached;

#[cached(key = text)]
pub async fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

fn main() {}
