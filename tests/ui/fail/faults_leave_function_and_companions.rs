//! The caret is at the one mistake: the function and its companions are there, and calling them is no error.
use cachefn::cached;

#[cached(expire = "soon", key = id)]
async fn double(id: u64) -> u64 {
    id * 2
}

struct Repo;

impl Repo {
    #[cached(expire = 300, key = id)]
    pub async fn double(&self, id: u64) -> u64 {
        double(id).await + refresh_double(id).await
    }
}

fn main() {
    let _ = (invalidate_double(7), invalidate_all_double());
    let _ =
        (Repo.double(7), Repo::invalidate_double(7), Repo::invalidate_all_double(), Repo.refresh_double(7));
}
