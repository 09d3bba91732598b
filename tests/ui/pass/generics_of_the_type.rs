//! The attribute never sees the generics of the `impl`, and still every type has entries of its own.
#![deny(warnings)]
use cachefn::{Config, cached};

struct Repo<S>(S);

impl<S: ToString> Repo<S> {
    #[cached(key = id)]
    pub async fn text(&self, id: u64) -> String {
        format!("{}{id}", self.0.to_string())
    }

    #[cached]
    pub async fn size(times: usize) -> usize {
        times * size_of::<Self>()
    }
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((Repo("a").text(7).await, Repo("c").text(7).await), ("a7".into(), "a7".to_owned()));
    assert_eq!((Repo('b').text(7).await, Repo('c').text(7).await), ("b7".into(), "b7".to_owned()));
    assert_eq!((Repo::<u8>::size(3).await, Repo::<u16>::size(3).await), (3, 6));
    assert_eq!((Repo::<u8>::refresh_size(3).await, Repo::<u16>::size(3).await), (3, 6));
    let _ = (Repo::<u8>::invalidate_text(7).await, Repo::<u8>::invalidate_size(3).await);
}
