//! The caret is at the closure: it is given what is stored, not what is returned.
use cachefn::cached;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct User {
    org: u32,
}

#[cached(when = |user: &Option<User>| user.is_some())]
async fn get_user(id: u32) -> Option<User> {
    Some(User { org: id })
}

fn main() {}
