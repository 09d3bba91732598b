//! The caret is at the part of the tuple that is wrong, not at the whole tuple.
use cachefn::cached;

struct Db;

#[cached(key = (id, db))]
async fn double(id: u64, db: &Db) -> u64 {
    let _ = db;
    id * 2
}

fn main() {}
