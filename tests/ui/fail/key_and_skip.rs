//! The caret is at `skip`, the one that does nothing.
use cachefn::cached;

struct Db;

#[cached(key = id, skip(db))]
async fn double(id: u64, db: &Db) -> u64 {
    let _ = db;
    id * 2
}

fn main() {}
