//! `skip(_)` leaves out what has no name, also where `#[async_trait]` has named it.
#![deny(warnings)]
use cachefn::{Config, cached};

struct Db;

#[cached(skip(_))]
async fn double(id: u64, _: &Db, _: fn()) -> u64 {
    id * 2
}

#[async_trait::async_trait]
trait Double {
    async fn double(&self, id: u64, db: &Db) -> u64;
}

#[async_trait::async_trait]
impl Double for Db {
    #[cached(skip(self, _))]
    async fn double(&self, id: u64, _: &Db) -> u64 {
        id * 2
    }
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((double(7, &Db, || ()).await, Db.double(7, &Db).await), (14, 14));
    let _ = invalidate_double(7).await;
}
