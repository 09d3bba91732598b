//! The caret is at what is written as in `#[cached]`.
use cachefn::invalidates;

#[invalidates(namespace = "users")]
async fn update(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {
    let _ = update(7);
}
