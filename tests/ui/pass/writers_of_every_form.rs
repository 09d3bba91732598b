//! What a writer can name, and what it can be.
#![deny(warnings)]
use cachefn::{cached, invalidates};

pub mod repo {
    use cachefn::cached;

    #[cached(key = id)]
    pub async fn get_user(id: u64) -> u64 {
        id
    }

    pub struct Repo<T>(pub T);

    impl<T: Clone + ToString + Sync> Repo<T> {
        #[cached(key = (self.0.to_string(), id))]
        pub async fn get(&self, id: u64) -> u64 {
            id
        }

        #[cached(key = id)]
        pub async fn find(id: &str, _of: T) -> String {
            let _: Option<Self> = None;
            id.to_owned()
        }
    }
}

use repo::{Repo, invalidate_get_user};

#[cached(key = "list:{page}", tags = ["page:{page}"])]
async fn r#list(page: u32) -> Vec<u32> {
    vec![page]
}

/// Documented.
#[invalidates(
    get_user(user.0),
    self::repo::get_user(1 + 1),
    list(*),
    r#list(user.0 as u32),
    Repo::get(&user.1, user.0),
    Repo::<&str>::find("x"),
    tag("page:{user.0}"),
    tag(format!("page:{}", user.0)),
    namespace("a:{user.0}:b"),
    namespace("fixed"),
)]
#[must_use]
pub(crate) async fn update<'a>(user: (u64, Repo<&'a str>), note: &'a str) -> Result<&'a str, Box<dyn std::error::Error>> {
    let (id, _repo) = user;
    if id == 0 {
        return Err("nobody")?;
    }
    Ok(note)
}

#[invalidates(list(page))]
async fn generic<T: Default>(page: u32) -> T {
    let _ = page;
    T::default()
}

#[invalidates(list(*))]
async fn nothing() {}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((list(1).await, repo::get_user(1).await), (vec![1], 1));
    assert_eq!(Repo("a").get(1).await + Repo::find("2", 0_u8).await.len() as u64, 2);
    assert_eq!(update((1, Repo("a")), "x").await.unwrap(), "x");
    assert!(update((0, Repo("a")), "x").await.is_err());
    assert_eq!(generic::<u8>(1).await, 0);
    nothing().await;
    assert_eq!(list(1).await, [1]);
    assert_eq!(cachefn::stats().function("list").unwrap().misses, 2);
}
