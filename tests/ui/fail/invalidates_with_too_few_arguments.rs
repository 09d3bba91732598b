//! The caret is at the list, in the words of the compiler.
use cachefn::{cached, invalidates};

#[cached(key = id)]
async fn get_user(id: u64) -> u64 {
    id
}

#[invalidates(get_user())]
async fn update(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {
    let _ = update(7);
}
