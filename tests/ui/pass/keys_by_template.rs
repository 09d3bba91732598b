//! A template reaches into arguments, and a namespace made of arguments is a group of its own.
#![deny(warnings)]
use cachefn::{Config, cached};

struct User {
    org: u64,
    name: (String, u8),
}

#[cached(namespace = "orgs:{user.org}", key = "{namespace}:{user.name.0}:{fn}")]
async fn greeting(user: &User, word: &str) -> String {
    format!("{word}, {}", user.name.0)
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let user = |org, at| User { org, name: ("Ada".into(), at) };
    assert_eq!(greeting(&user(1, 1), "Hi").await, "Hi, Ada");
    assert_eq!(greeting(&user(1, 2), "Ho").await, "Hi, Ada");
    assert_eq!(greeting(&user(2, 2), "Ho").await, "Ho, Ada");
    let _ = (cachefn::invalidate_namespace("orgs:1").await, invalidate_greeting(&user(3, 3)).await);
    assert_eq!(greeting(&user(1, 3), "Oh").await, "Oh, Ada");
    assert_eq!(greeting(&user(2, 3), "Oh").await, "Ho, Ada");
}
