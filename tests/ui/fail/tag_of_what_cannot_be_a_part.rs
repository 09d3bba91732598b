//! The caret is at the template whose placeholder has no text.
use cachefn::cached;

struct Db;

#[cached(key = 1, tags = ["all", "db:{db}"])]
async fn count(db: &Db) -> usize {
    let _ = db;
    1
}

fn main() {}
