//! The caret is at the second `crate`.
use cachefn::{cached, invalidates};

#[cached]
async fn double(id: u64) -> u64 {
    id * 2
}

#[invalidates(crate = "cachefn", double(id), crate = "cachefn")]
async fn write(id: u64) {
    let _ = id;
}

fn main() {}
