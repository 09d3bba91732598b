//! The caret is at the star, which is for functions.
use cachefn::invalidates;

#[invalidates(tag(*))]
async fn write(id: u64) {
    let _ = id;
}

fn main() {}
