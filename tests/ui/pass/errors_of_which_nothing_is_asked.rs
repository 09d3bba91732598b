//! An error is neither `Clone` nor `Send` nor `'static` here: it goes to its caller and nowhere else.
#![deny(warnings)]
use cachefn::{Config, cached};
use std::{cell::Cell, rc::Rc};

#[derive(Debug)]
struct Mine(Rc<u64>);

#[cached(key = id)]
async fn odd(id: u64, runs: &Cell<u32>) -> Result<u64, Mine> {
    runs.set(runs.get() + 1);
    if id % 2 == 1 { Ok(id) } else { Err(Mine(Rc::new(id))) }
}

#[cached]
async fn number<'a>(text: &'a str) -> Result<u64, &'a str> {
    text.parse().map_err(|_| text)
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let runs = Cell::new(0);
    assert_eq!((odd(7, &runs).await.unwrap(), odd(7, &runs).await.unwrap(), runs.get()), (7, 7, 1));
    assert_eq!(
        (*odd(8, &runs).await.unwrap_err().0, *odd(8, &runs).await.unwrap_err().0, runs.get()),
        (8, 8, 3)
    );
    assert_eq!((number("7").await, number("x").await), (Ok(7), Err("x")));
}
