//! The caret is at the parentheses: no namespace stands in them.
use cachefn::invalidates;

#[invalidates(namespace())]
async fn write(id: u64) {
    let _ = id;
}

fn main() {}
