//! Every instance of a generic function has entries of its own; companions take the generics that they mention.
#![deny(warnings)]
use cachefn::{Config, cached};
use serde::{Serialize, de::DeserializeOwned};

trait Db { const ANSWER: u64; }
struct Big;
struct Small;
impl Db for Big { const ANSWER: u64 = 100; }
impl Db for Small { const ANSWER: u64 = 1; }

#[cached(key = id)]
async fn answer<D, T>(id: T, _db: &D) -> Result<u64, String> where D: Db, T: Into<u64> + Serialize + Copy {
    Ok(D::ANSWER + id.into())
}

#[cached(key = N)]
async fn filled<const N: usize, T>(value: T) -> Option<Vec<T>> where T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    Some(vec![value; N])
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((answer(7_u64, &Big).await, answer(7_u64, &Small).await, answer(7_u8, &Small).await), (Ok(107), Ok(8), Ok(8)));
    assert_eq!((answer(7_u64, &Big).await, refresh_answer(7_u64, &Small).await), (Ok(107), Ok(8)));
    assert_eq!((filled::<2, u8>(7).await, filled::<2, u8>(8).await, filled::<1, u8>(8).await), (Some(vec![7, 7]), Some(vec![7, 7]), Some(vec![8])));
    let _ = (invalidate_answer(7_u64).await, invalidate_filled::<2>().await, invalidate_all_filled().await);
}
