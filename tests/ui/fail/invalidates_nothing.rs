//! The caret is at the attribute: it has nothing to do.
use cachefn::invalidates;

#[invalidates()]
async fn update(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {
    let _ = update(7);
}
