//! Of each shape the value is stored and `None` and `Err` are not, also behind aliases.
#![deny(warnings)]
use cachefn::{Config, cached};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

type Rows = Result<Option<u32>, std::fmt::Error>;
type Maybe<T> = Option<T>;
static RUNS: AtomicU32 = AtomicU32::new(0);

#[cached]
async fn plain(id: u32) -> u32 { RUNS.fetch_add(1, Relaxed) + id }
#[cached]
async fn maybe(id: u32) -> Maybe<u32> { plain_twin(id).filter(|_| id > 0) }
#[cached]
async fn fallible(id: u32) -> std::io::Result<u32> { plain_twin(id).filter(|_| id > 0).ok_or(std::io::ErrorKind::Other.into()) }
#[cached]
async fn rows(id: u32) -> Rows { if id > 9 { Err(std::fmt::Error) } else { Ok(plain_twin(id).filter(|_| id > 0)) } }

fn plain_twin(id: u32) -> Option<u32> { Some(RUNS.fetch_add(1, Relaxed) + id) }

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((plain(1).await, plain(1).await, RUNS.swap(0, Relaxed)), (1, 1, 1));
    assert_eq!((maybe(1).await, maybe(1).await, maybe(0).await, maybe(0).await), (Some(1), Some(1), None, None));
    assert_eq!((fallible(1).await.unwrap(), fallible(1).await.unwrap(), RUNS.swap(0, Relaxed)), (4, 4, 4));
    assert!(fallible(0).await.is_err() && fallible(0).await.is_err() && rows(10).await.is_err());
    assert_eq!((rows(1).await, rows(1).await, rows(0).await, RUNS.load(Relaxed)), (Ok(Some(3)), Ok(Some(3)), Ok(None), 4));
}
