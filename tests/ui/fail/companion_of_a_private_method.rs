//! The caret is at the call: the method may be a trait's, and says nothing about companions.
use cachefn::cached;

struct Repo;

impl Repo {
    #[cached(key = id)]
    async fn double(&self, id: u64) -> u64 {
        id * 2
    }
}

fn main() {
    let _ = Repo.double(7);
    let _ = Repo::invalidate_double(7);
}
