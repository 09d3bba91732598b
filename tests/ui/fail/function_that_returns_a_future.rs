//! The caret is at `fn`: it is awaited, but not an `async fn`.
use cachefn::cached;

#[cached(key = id)]
fn double(id: u64) -> impl Future<Output = u64> {
    async move { id * 2 }
}

fn main() {}
