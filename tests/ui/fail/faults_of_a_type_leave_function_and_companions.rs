//! The caret is at the return type: a missing derive is no error where the function is called.
use cachefn::cached;

struct User;

#[cached(expire = 300)]
async fn get_user(id: u64) -> Result<User, String> {
    if id == 0 {
        return Err("none".into());
    }
    Ok(User)
}

#[allow(unused_must_use)]
fn main() {
    async {
        let _: User = get_user(7).await.unwrap();
        let _: User = refresh_get_user(7).await.unwrap();
        (invalidate_get_user(7).await, invalidate_all_get_user().await);
    };
}
