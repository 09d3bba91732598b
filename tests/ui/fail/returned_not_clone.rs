//! The caret is at the return type: a hit is a copy, so what is stored must be `Clone`.
use cachefn::cached;

#[derive(serde::Serialize, serde::Deserialize)]
struct User;

#[cached(expire = 300)]
async fn get_user(_id: u64) -> User {
    User
}

fn main() {}
