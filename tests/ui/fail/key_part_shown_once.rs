//! The caret is at the argument, once: the companion does not say it again.
use cachefn::cached;

struct Db;

#[cached]
async fn count(db: Db) -> u64 {
    let _ = db;
    1
}

fn main() {
    let _ = (count(Db), invalidate_count(Db), refresh_count(Db));
}
