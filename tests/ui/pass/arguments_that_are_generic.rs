//! An argument behind `impl Trait` has no name to be told apart by, and is told apart all the same.
#![deny(warnings)]
use cachefn::{Config, cached};

#[cached(key = id.to_string())]
async fn shown(id: impl ToString + Copy, unit: &impl ToString) -> String {
    id.to_string() + &unit.to_string()
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((shown(7, &'m').await, shown(7, &'s').await), ("7m".into(), "7m".to_owned()));
    assert_eq!((shown("7", &'s').await, shown(7, &"s").await), ("7s".into(), "7s".to_owned()));
    assert_eq!((refresh_shown(7, &'h').await, shown(7, &'m').await), ("7h".into(), "7h".to_owned()));
    let _ = invalidate_shown(7).await;
    assert_eq!((shown(7, &'s').await, shown("7", &'m').await), ("7s".into(), "7m".to_owned()));
}
