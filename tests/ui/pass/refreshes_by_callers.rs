//! Where a caller refreshes, arguments are borrowed and futures are not `Send`, as without these arguments.
#![deny(warnings)]
use std::cell::Cell;
use std::rc::Rc;

use async_trait::async_trait;
use cachefn::{Config, cached};

pub struct Repo(u64);

impl Repo {
    #[cached(expire = 5, stale = 60, refresh = caller, key = (self.0, id))]
    pub async fn get(&self, id: u64) -> u64 {
        self.0 + id
    }
}

#[async_trait]
trait Get {
    async fn named(&self, name: &str) -> Option<String>;
}

#[async_trait]
impl Get for Repo {
    #[cached(refresh_ahead = 0.5, refresh = caller, key = (self.0, name), codec = Json)]
    async fn named(&self, name: &str) -> Option<String> {
        Some(format!("{name} {}", self.0))
    }
}

#[cached(stale_if_error = 600, key = id, codec = Json)]
async fn found(id: u64, runs: &Cell<u32>) -> Result<Option<u64>, Rc<str>> {
    runs.set(runs.get() + 1);
    if id == 0 { Err("nobody".into()) } else { Ok(Some(id)) }
}

type Answer = std::io::Result<u64>;

#[cached(
    expire = 5,
    stale = 60,
    refresh_ahead = 0.8,
    refresh = caller,
    stale_if_error = 600,
    timeout = "100ms",
    when = |length: &u64| *length > least.get(),
    key = name
)]
async fn length(name: &str, least: &Cell<u64>) -> Answer {
    Ok(name.len() as u64)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let runs = Cell::new(0);
    for _ in 0..2 {
        assert_eq!(Repo(7).get(1).await, 8);
        assert_eq!(Repo(7).named("a").await.unwrap(), "a 7");
        assert_eq!(found(7, &runs).await, Ok(Some(7)));
        assert_eq!(length("ab", &Cell::new(1)).await.unwrap(), 2);
    }
    assert!(found(0, &runs).await.is_err());
    assert_eq!(runs.get(), 2);
}
