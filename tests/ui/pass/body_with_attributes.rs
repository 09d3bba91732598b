//! Attributes outside and inside the function, and an early `return` as its end, mean what they mean elsewhere.
#![deny(warnings)]
use cachefn::cached;

/// With documentation.
#[cached]
#[inline]
#[allow(clippy::needless_return)]
async fn less(id: u64) -> Result<u64, String> {
    #![allow(unused_variables)]
    let unused = id;
    let Some(less) = id.checked_sub(1) else { return Err("none".into()) };
    return Ok(less);
}

#[cached]
#[allow(dead_code)]
async fn not_called(id: u64) -> u64 {
    id
}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((less(1).await, less(1).await, less(0).await), (Ok(0), Ok(0), Err("none".into())));
}
