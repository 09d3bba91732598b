//! An argument that is compiled out is in no key and no companion.
#![deny(warnings)]
use cachefn::cached;

#[cached]
async fn sum(a: u8, #[cfg(any())] b: u8, #[cfg(all())] c: u8) -> u8 {
    #[cfg(any())]
    let a = a + b;
    a + c
}

#[cached(key = (size, 1))]
async fn sized(#[cfg(all())] size: u32, #[cfg(any())] size: String, other: &str) -> String {
    format!("{size}{other}")
}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((sum(1, 2).await, sum(2, 2).await, sum(1, 2).await), (3, 4, 3));
    invalidate_sum(1, 2).await;
    assert_eq!(refresh_sum(1, 2).await, 3);
    assert_eq!((sized(1, "a").await, sized(1, "b").await), ("1a".into(), "1a".into()));
    invalidate_sized(1).await;
    assert_eq!(refresh_sized(1, "b").await, "1b");
}
