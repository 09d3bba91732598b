//! The caret is at the template.
use cachefn::{cached, invalidates};

#[cached(key = id)]
async fn get_user(id: u64) -> u64 {
    id
}

#[invalidates(tag("org:{org}"), get_user(id))]
async fn update(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {
    let _ = update(7);
}
