//! The caret is at the word that was meant otherwise.
use cachefn::invalidates;

#[invalidates(ns("numbers"))]
async fn write(id: u64) {
    let _ = id;
}

fn main() {}
