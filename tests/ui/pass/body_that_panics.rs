//! A panic reaches the caller, is not stored, and leaves the key free for the next call.
#![deny(warnings)]
use cachefn::cached;

#[cached(key = id)]
async fn checked(id: u64, fit: bool) -> u64 {
    if fit { id } else { panic!("on purpose") }
}

#[cached]
async fn never_returns(_id: u64) -> u64 {
    panic!("on purpose")
}

#[tokio::main]
async fn main() {
    std::panic::set_hook(Box::new(|_| ()));
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert!(tokio::spawn(checked(7, false)).await.unwrap_err().is_panic());
    assert_eq!((checked(7, true).await, checked(7, false).await), (7, 7));
    assert!(tokio::spawn(never_returns(7)).await.unwrap_err().is_panic());
}
