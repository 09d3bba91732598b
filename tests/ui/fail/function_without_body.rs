//! The caret is at the name: in a trait there is no body to run, and the implementations have one.
use cachefn::cached;

trait Double {
    #[cached(expire = 300)]
    async fn double(&self, id: u64) -> u64;
}

fn main() {}
