//! The caret is at the return type, which is an alias; the message names the type behind it.
use cachefn::cached;

#[derive(Clone, serde::Serialize)]
struct User;

type Users = Option<Vec<User>>;

#[cached(expire = 300)]
async fn list(_page: u64) -> Users {
    None
}

fn main() {}
