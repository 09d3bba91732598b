//! The attribute never sees the `impl`'s generics, and still every type has entries of its own.
#![deny(warnings)]
use cachefn::{Config, cached};

struct Repo<S>(S);

impl<S: ToString> Repo<S> {
    #[cached(key = id)]
    pub async fn text(&self, id: u64) -> String { format!("{}{id}", self.0.to_string()) }
    #[cached(companions = false)]
    pub async fn made(id: u64) -> String { format!("{}{id}", size_of::<S>()) }
    #[cached]
    pub async fn made_by_self(id: u64) -> String { Self::made(id).await }
}

#[cached(key = id.to_string())]
async fn shown(id: impl ToString + Copy, _db: &impl Send) -> String { id.to_string() }

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((Repo("a").text(7).await, Repo('b').text(7).await, Repo("c").text(7).await), ("a7".into(), "b7".into(), "a7".to_owned()));
    assert_eq!((Repo::<u8>::made_by_self(7).await, Repo::<u16>::made_by_self(7).await), ("17".into(), "27".to_owned()));
    assert_eq!((Repo::<u8>::refresh_made_by_self(7).await, shown(7, &8).await, shown("7", &8).await), ("17".into(), "7".into(), "7".to_owned()));
    assert_eq!(refresh_shown(7, &8).await, "7");
    let _ = (invalidate_shown(7).await, Repo::<u8>::invalidate_text(7).await, Repo::<u8>::invalidate_made_by_self(7).await);
}
