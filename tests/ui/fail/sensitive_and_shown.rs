//! The caret is at the argument that shows what the key hides.
use cachefn::cached;

#[cached(sensitive, key = id, tags = ["user:{id}"])]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
