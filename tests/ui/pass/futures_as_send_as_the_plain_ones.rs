//! `Send` where the plain future is `Send`, also with an error that is not; usable on one thread where it is not.
#![deny(warnings)]
use cachefn::{Config, cached};
use std::{cell::Cell, rc::Rc};

#[cached]
async fn of_send(id: u64) -> Result<u64, Rc<u64>> {
    tokio::task::yield_now().await;
    if id > 0 { Ok(id) } else { Err(Rc::new(id)) }
}

#[cached(key = id)]
async fn of_rc(id: u64, runs: Rc<Cell<u32>>) -> u64 {
    tokio::task::yield_now().await;
    runs.set(runs.get() + 1);
    id
}

fn is_send<F: Send>(future: F) -> F { future }

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!(is_send(of_send(7)).await, is_send(refresh_of_send(7)).await);
    let (runs, local) = (Rc::new(Cell::new(0)), tokio::task::LocalSet::new());
    let calls = [local.spawn_local(of_rc(7, runs.clone())), local.spawn_local(of_rc(7, runs.clone()))];
    local.await;
    for call in calls { assert_eq!(call.await.unwrap(), 7); }
    assert_eq!((runs.get(), is_send(invalidate_of_rc(7)).await), (1, cachefn::Invalidated::Applied));
}
