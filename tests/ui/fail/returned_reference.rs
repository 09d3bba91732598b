//! The caret is at the type: what is borrowed cannot be kept.
use cachefn::cached;

#[cached(key = 1)]
async fn first(of: &[u8]) -> Option<&u8> {
    of.first()
}

fn main() {}
