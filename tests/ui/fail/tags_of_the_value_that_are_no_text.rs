//! The caret is where the tags are made: they are text.
use cachefn::cached;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct User {
    org: u32,
}

#[cached(tags_with = |user: &User| [user.org])]
async fn get_user(id: u32) -> User {
    User { org: id }
}

fn main() {}
