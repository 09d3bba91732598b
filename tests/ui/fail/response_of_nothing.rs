//! The caret is at the name: there is no return type to show.
use cachefn::cached;

#[cached(response, key = id)]
async fn page(id: u64) {
    let _ = id;
}

fn main() {}
