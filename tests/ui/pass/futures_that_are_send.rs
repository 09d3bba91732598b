//! The future is `Send` where the plain one is: neither the error nor what the key borrows is asked to be.
#![deny(warnings)]
use cachefn::{Config, cached};
use std::{cell::Cell, rc::Rc};

#[cached(key = (id, cell.get()))]
async fn checked(id: u64, cell: Cell<u64>) -> Result<u64, Rc<u64>> {
    tokio::task::yield_now().await;
    if id > 0 { Ok(cell.get()) } else { Err(Rc::new(id)) }
}

fn is_send<F: Send>(future: F) -> F {
    future
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!(is_send(checked(7, Cell::new(1))).await, Ok(1));
    assert_eq!(is_send(refresh_checked(7, Cell::new(1))).await, Ok(1));
    assert_eq!(is_send(checked(0, Cell::new(1))).await, Err(Rc::new(0)));
    let _ = is_send(invalidate_checked(7, Cell::new(1))).await;
}
