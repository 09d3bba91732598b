//! The caret is at the word that says what the item is, and the item stays usable.
use cachefn::cached;

#[cached(expire = 300)]
struct User(u64);

fn main() {
    let _ = User(7).0;
}
