//! The carets are at the names: what is named is the function, and the attribute calls its companion.
use cachefn::{cached, invalidates};

#[cached(key = id)]
async fn get_user(id: u64) -> u64 {
    id
}

#[invalidates(invalidate_get_user(id))]
async fn update(id: u64) -> Result<u64, String> {
    Ok(id)
}

#[invalidates(self::invalidate_all_get_user(*))]
async fn clear(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {}
