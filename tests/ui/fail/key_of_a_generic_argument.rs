//! The caret is at the argument: whether `T` can be a part is decided by the bounds, here by their absence.
use cachefn::cached;

#[cached(expire = 300)]
async fn size<T>(value: &[T]) -> usize {
    value.len()
}

fn main() {}
