//! The caret is at the argument that asks for a refresh in the background, and a note at the one that is not `Send`.
use std::rc::Rc;

use cachefn::cached;

#[cached(expire = 5, stale = 60)]
pub async fn double(id: Rc<u64>) -> u64 {
    *id * 2
}

fn main() {}
