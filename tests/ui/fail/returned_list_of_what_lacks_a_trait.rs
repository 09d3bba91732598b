//! The caret is at the return type, and the compiler names the type inside of it.
use cachefn::cached;

#[derive(Clone, serde::Serialize)]
struct User;

#[cached(key = page)]
async fn list(page: u64) -> Vec<User> {
    vec![User; page as usize]
}

fn main() {}
