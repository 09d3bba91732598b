//! The caret is at the name: nothing near it is known, so all that is known is listed.
use cachefn::cached;

#[cached(expire = 300, colour = "red")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
