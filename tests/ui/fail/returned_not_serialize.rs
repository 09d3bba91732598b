//! The caret is at the return type: it is the type that lacks something, and the note says what.
use cachefn::cached;

#[derive(Clone, serde::Deserialize)]
struct User;

#[cached(expire = 300)]
async fn get_user(_id: u64) -> Result<Option<User>, String> {
    Ok(Some(User))
}

fn main() {}
