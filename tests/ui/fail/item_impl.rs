//! The caret is at `impl`, and the methods inside stay callable.
use cachefn::cached;

struct Repo;

#[cached(expire = 300)]
impl Repo {
    fn double(id: u64) -> u64 {
        id * 2
    }
}

fn main() {
    Repo::double(7);
}
