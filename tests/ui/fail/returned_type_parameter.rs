//! The caret is at the type: it may turn out to be a `Result`, whose errors are not to be stored.
use cachefn::cached;

#[cached(key = 1)]
async fn make<T: Clone + Default>() -> T {
    T::default()
}

fn main() {}
