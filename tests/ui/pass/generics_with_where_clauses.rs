//! Every instance of a generic function has entries of its own; `invalidate_…` takes the generics of the key.
#![deny(warnings)]
use cachefn::{Config, cached};

trait Db {
    fn answer(&self) -> u64;
}

impl Db for u8 {
    fn answer(&self) -> u64 {
        u64::from(*self)
    }
}

#[cached(key = id)]
async fn answer<D, T>(id: T, db: &D) -> Result<u64, String>
where
    D: Db,
    T: Into<u64> + serde::Serialize + Copy,
{
    Ok(db.answer() + id.into())
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((answer(7_u64, &1_u8).await, answer(7_u64, &2_u8).await), (Ok(8), Ok(8)));
    assert_eq!((answer(7_u32, &2_u8).await, refresh_answer(7_u64, &3_u8).await), (Ok(9), Ok(10)));
    assert!(invalidate_answer(7_u64).await == cachefn::Invalidated::Applied);
}
