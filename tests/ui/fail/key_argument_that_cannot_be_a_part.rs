//! The caret is at the argument, where it is written: without `key` and `skip` every argument takes part.
use cachefn::cached;

struct Db;

#[cached(expire = 300)]
async fn double(id: u64, db: &Db) -> u64 {
    let _ = db;
    id * 2
}

fn main() {}
