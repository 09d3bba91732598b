//! The caret is at the receiver: the body may run on when nobody holds the value any more.
use cachefn::cached;

struct Repo;

impl Repo {
    #[cached(expire = 5, stale = 60, key = id)]
    pub async fn get(&self, id: u64) -> u64 {
        id
    }
}

fn main() {
    let _ = Repo.get(7);
}
