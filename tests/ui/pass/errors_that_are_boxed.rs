//! `return Err(Box::new(…))` and `?` are coerced by the signature, as in the plain function.
#![deny(warnings)]
use cachefn::{Config, cached};
use std::error::Error;

#[cached(expire = 60)]
async fn parsed(text: &str) -> Result<u64, Box<dyn Error>> {
    if text.is_empty() {
        return Err(Box::new(std::fmt::Error));
    }
    let number: u64 = text.parse()?;
    if number > 99 { Err("too much".into()) } else { Ok(number) }
}

#[cached(expire = 60, skip(bodies))]
async fn doubled(text: &str, bodies: &std::cell::Cell<u32>) -> Result<u64, Box<dyn Error>> {
    bodies.set(bodies.get() + 1);
    Ok(parsed(text).await? * 2)
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let bodies = std::cell::Cell::new(0);
    assert_eq!((doubled("7", &bodies).await.unwrap(), doubled("7", &bodies).await.unwrap()), (14, 14));
    for text in ["", "x", "100", "x"] {
        assert!(doubled(text, &bodies).await.is_err(), "{text}");
    }
    assert_eq!(bodies.get(), 5);
}
