//! The caret is at `self`: which of its fields matter only the author knows.
use cachefn::cached;

struct Repo;

impl Repo {
    #[cached(expire = 300)]
    pub async fn double(&self, id: u64) -> u64 {
        id * 2
    }
}

fn main() {}
