//! What a writer returns may have no name: whether it failed, and whether it moves between threads, its body says.
#![deny(warnings)]
use std::fmt::{Debug, Display};
use std::rc::Rc;

use cachefn::{Config, cached, invalidates};

#[cached(key = id)]
async fn double(id: u64) -> u64 {
    id * 2
}

#[invalidates(double(id))]
async fn shown(id: u64) -> impl Display {
    if id == 0 {
        return "none".to_owned();
    }
    id.to_string()
}

#[invalidates(double(id))]
async fn checked(id: u64) -> Result<(u64, impl Debug + use<>), Box<dyn std::error::Error>> {
    if id == 0 {
        return Err("none".into());
    }
    let parsed: u64 = "7".parse()?;
    Ok((parsed, [id]))
}

#[invalidates(double(*))]
async fn each(ids: &[u64]) -> impl Iterator<Item = u64> {
    ids.iter().map(|id| id + 1)
}

#[invalidates(double(*))]
async fn shared() -> impl Debug {
    Rc::new(7)
}

fn is_send<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((double(7).await, is_send(shown(7)).await.to_string()), (14, "7".to_owned()));
    assert_eq!(checked(7).await.unwrap().0, 7);
    assert!(checked(0).await.is_err());
    assert_eq!(each(&[1, 2]).await.sum::<u64>(), 5);
    assert_eq!(format!("{:?}", is_send(shared()).await), "7");
}
