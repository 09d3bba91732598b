//! The caret is at the return type: what is stored is handed to other threads.
use cachefn::cached;
use std::cell::Cell;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct User(Cell<u64>);

#[cached(expire = 300)]
async fn get_user(id: u64) -> User {
    User(Cell::new(id))
}

fn main() {}
