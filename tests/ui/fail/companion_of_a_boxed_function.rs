//! The caret is at the argument: nothing can be added to the implementation of a trait.
use cachefn::cached;

#[async_trait::async_trait]
trait Get {
    async fn get(&self, id: u64) -> u64;
}

struct Repo;

#[async_trait::async_trait]
impl Get for Repo {
    #[cached(key = id, companions = true)]
    async fn get(&self, id: u64) -> u64 {
        id
    }
}

fn main() {
    let _ = Repo.get(7);
}
