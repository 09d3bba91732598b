//! The caret is at `fn`: nothing in it can wait for Redis.
use cachefn::{cached, invalidates};

#[cached(key = id)]
async fn get_user(id: u64) -> u64 {
    id
}

#[invalidates(get_user(id))]
fn update(id: u64) -> u64 {
    id
}

fn main() {
    let _ = update(7);
}
