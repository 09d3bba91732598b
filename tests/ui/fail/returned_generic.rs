//! The caret is at the return type: inside a generic function only the bounds count.
use cachefn::cached;

#[cached(key = id)]
async fn find<T: Default>(id: u64) -> Option<T> {
    (id > 0).then(T::default)
}

fn main() {}
