//! The caret is at the argument that `invalidate_double` does not take, for the key does not use it.
use cachefn::cached;

struct Db;

#[cached(key = id)]
async fn double(id: u64, _db: &Db) -> u64 {
    id * 2
}

fn main() {
    let _ = double(7, &Db);
    let _ = invalidate_double(7, &Db);
}
