//! The caret is at the template: `#[async_trait]` has moved the pattern into the body.
use cachefn::cached;

struct Path<T>(T);

#[async_trait::async_trait]
trait Double {
    async fn double(&self, id: Path<u64>) -> u64;
}

struct Repo;

#[async_trait::async_trait]
impl Double for Repo {
    #[cached(key = 1, namespace = "numbers:{id}")]
    async fn double(&self, Path(id): Path<u64>) -> u64 {
        id * 2
    }
}

fn main() {
    let _ = Repo.double(Path(7));
}
