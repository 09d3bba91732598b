//! The caret is at the name: `#[async_trait]` has moved the pattern into the body.
use cachefn::invalidates;

struct Path<T>(T);

#[async_trait::async_trait]
trait Double {
    async fn double(&self, id: Path<u64>) -> u64;
}

struct Repo;

#[async_trait::async_trait]
impl Double for Repo {
    #[invalidates(tag(id.to_string()))]
    async fn double(&self, Path(id): Path<u64>) -> u64 {
        id * 2
    }
}

fn main() {
    let _ = Repo.double(Path(7));
}
