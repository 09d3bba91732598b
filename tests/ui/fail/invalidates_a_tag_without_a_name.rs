//! The caret is at the parentheses: no tag stands in them.
use cachefn::invalidates;

#[invalidates(tag())]
async fn write(id: u64) {
    let _ = id;
}

fn main() {}
