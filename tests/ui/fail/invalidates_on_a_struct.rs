//! The caret is at what it stands on.
use cachefn::{cached, invalidates};

#[cached(key = id)]
async fn get_user(id: u64) -> u64 {
    id
}

#[invalidates(get_user(1))]
struct Update;

fn main() {
    let _ = (get_user(7), Update);
}
