//! In the words of the compiler, with a note at the value and one at the `await`.
use std::rc::Rc;

use cachefn::cached;

#[cached(expire = 5, stale = 60, refresh = background)]
pub async fn double(id: u64) -> u64 {
    let id = Rc::new(id);
    tokio::task::yield_now().await;
    *id * 2
}

fn main() {}
