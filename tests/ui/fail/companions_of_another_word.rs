//! The caret is at the value.
use cachefn::cached;

struct User;

impl User {
    #[cached(companions = User)]
    pub async fn double(id: u64) -> u64 {
        id * 2
    }
}

fn main() {
    let _ = User::double(7);
}
