//! The caret is at the name inside the list.
use cachefn::cached;

struct Db;

#[cached(skip(dbb))]
async fn double(id: u64, db: &Db) -> u64 {
    let _ = db;
    id * 2
}

fn main() {}
