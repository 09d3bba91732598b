//! Keys by name, expression, tuple, template and constant; what they do not use changes nothing.
#![deny(warnings)]
use cachefn::{Config, cached};

struct User { org: u64, name: String }
const REGION: &str = "eu";
mod keys { pub(crate) fn id(name: &str) -> String { name.to_lowercase() } }

#[cached(key = (user.org, user.name.to_lowercase(), REGION), companions = false)]
async fn tuple(user: &User, n: u64) -> u64 { user.org + n }
#[cached(key = keys::id(&user.name))]
async fn path(user: &User, n: u64) -> u64 { user.org + n }
#[cached(key = format!("{}-{}", user.org, ids.iter().map(|id| id + 1).sum::<u64>()))]
async fn macros(user: &User, ids: &[u64], n: u64) -> u64 { ids.len() as u64 + user.org + n }
#[cached(namespace = "orgs:{user.org}", key = "{namespace}:{user.name}:{fn}")]
async fn template(user: &User, n: u64) -> u64 { user.org + n }

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let user = User { org: 1, name: "Ada".into() };
    for n in 0..3 {
        assert_eq!((tuple(&user, n).await, path(&user, n).await, template(&user, n).await), (1, 1, 1));
        assert_eq!(macros(&user, &[n, 3 - n], n).await, 3);
    }
    let _ = (invalidate_path(&user).await, invalidate_macros(&user, &[2, 1]).await, cachefn::invalidate_namespace("orgs:1").await);
    assert_eq!((path(&user, 5).await, macros(&user, &[2, 1], 5).await, template(&user, 5).await), (6, 8, 6));
}
