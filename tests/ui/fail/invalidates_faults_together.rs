//! Each caret is at a mistake of its own.
use cachefn::{cached, invalidates};

#[cached(key = id)]
async fn get_user(id: u64) -> u64 {
    id
}

#[invalidates(get_user, "users", tag("org:{org}"))]
fn update(id: u64) -> u64 {
    id
}

fn main() {
    let _ = update(7);
}
