//! The caret is at the second: one function has one cache.
use cachefn::cached;

#[cached(expire = 300)]
/// Doubles.
#[cachefn::cached(key = id)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {
    let _ = (double(7), invalidate_double(7));
}
