//! The caret is at `await`: a key is there before anything waits.
use cachefn::cached;

async fn normal(id: u64) -> u64 {
    id % 10
}

#[cached(key = normal(id).await)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {
    let _ = normal(7);
}
