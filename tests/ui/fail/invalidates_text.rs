//! The caret is at the text: it may be a tag or a namespace.
use cachefn::invalidates;

#[invalidates("users")]
async fn update(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {
    let _ = update(7);
}
