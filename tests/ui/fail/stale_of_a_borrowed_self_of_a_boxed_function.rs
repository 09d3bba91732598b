//! The caret is at the receiver as it was written, not as `#[async_trait]` has rewritten it.
use async_trait::async_trait;
use cachefn::cached;

struct Repo;

#[async_trait]
trait Get {
    async fn get(&self, id: u64, name: &str) -> u64;
}

#[async_trait]
impl Get for Repo {
    #[cached(expire = 5, stale = 60, key = id)]
    async fn get(&self, id: u64, name: &str) -> u64 {
        id + name.len() as u64
    }
}

fn main() {}
