//! The caret is at the name: it is that of HTTP.
use cachefn::cached;

#[cached(expire = 5, stale_while_revalidate = 60)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
