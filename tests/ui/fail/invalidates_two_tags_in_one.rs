//! The caret is at the second text.
use cachefn::invalidates;

#[invalidates(tag("numbers", "even"))]
async fn write(id: u64) {
    let _ = id;
}

fn main() {}
