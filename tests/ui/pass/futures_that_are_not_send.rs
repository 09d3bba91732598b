//! An `Rc` across an await is fine on one thread, where two calls share one run of the body.
#![deny(warnings)]
use cachefn::{Config, cached};
use std::{cell::Cell, rc::Rc};
use tokio::task::{LocalSet, yield_now};

#[cached(key = id)]
async fn counted(id: u64, runs: Rc<Cell<u32>>) -> u64 {
    yield_now().await;
    runs.set(runs.get() + 1);
    id
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let (runs, local) = (Rc::new(Cell::new(0)), LocalSet::new());
    let calls = [7, 7].map(|id| local.spawn_local(counted(id, runs.clone())));
    local.await;
    for call in calls {
        assert_eq!(call.await.unwrap(), 7);
    }
    assert_eq!(runs.get(), 1);
}
