//! The caret is at the text: what no `namespace` of `#[cached]` can be, nothing is in.
use cachefn::invalidates;

#[invalidates(namespace("users::{id}"))]
async fn write(id: u64) {
    let _ = id;
}

fn main() {}
