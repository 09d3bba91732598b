//! Bodies that are one expression, a block, a macro, or never return are as quiet as without the attribute.
#![deny(warnings, unused, clippy::all)]
use cachefn::cached;

#[cached]
async fn one_expression(id: u64) -> u64 { id }
#[cached]
async fn returns_early(id: u64) -> u64 { return id + 1; }
#[cached]
async fn panics(_id: u64) -> u64 { panic!("on purpose") }
#[cached]
async fn loops(id: u64) -> u64 { loop { if id > 0 { break id; } tokio::task::yield_now().await } }
#[cached]
#[allow(dead_code)]
async fn not_called(id: u64) -> u64 { #![allow(unused_variables)] let x = 1; id }
/// With documentation.
#[cached]
#[must_use]
#[inline]
async fn with_attributes(id: u64) -> Result<u64, String> {
    let Some(id) = id.checked_sub(1) else { return Err(String::new()) };
    { Ok(id) }
}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((one_expression(7).await, one_expression(7).await, returns_early(7).await, loops(7).await), (7, 7, 8, 7));
    assert!(with_attributes(0).await.is_err() && with_attributes(1).await == Ok(0));
    assert!(tokio::spawn(panics(7)).await.unwrap_err().is_panic());
}
