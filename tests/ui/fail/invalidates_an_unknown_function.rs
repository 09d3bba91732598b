//! The caret is at the name, in the words of the compiler.
use cachefn::{cached, invalidates};

#[cached(key = id)]
async fn get_user(id: u64) -> u64 {
    id
}

#[invalidates(get_account(id))]
async fn update(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {
    let _ = update(7);
}
