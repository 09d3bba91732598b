//! The caret is at `await`: whether the cache is read is known before anything waits.
use cachefn::cached;

async fn busy() -> bool {
    true
}

#[cached(bypass = busy().await)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {
    let _ = busy();
}
