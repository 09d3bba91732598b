//! Every argument of the attribute, in each of its forms, together and apart.
#![deny(warnings)]
use std::time::Duration;

use cachefn::cached;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    id: u64,
    org: String,
}

impl User {
    fn lifetime(&self) -> Duration {
        Duration::from_secs(self.id)
    }

    fn tags(&self) -> Vec<String> {
        vec![format!("org:{}", self.org)]
    }
}

const TTL: Duration = Duration::from_secs(5);

#[cached(
    expire = Duration::from_secs(id) + TTL,
    namespace = "users:{org}",
    key = "{namespace}|{id}",
    tags = ["users", "org:{org}", "{fn}"],
    tags_with = User::tags,
    expire_with = User::lifetime,
    when = |user: &User| user.id > 0,
    bypass = org.is_empty(),
    none = "30s",
    jitter = 0.25,
    stale = 60,
    refresh_ahead = 0.8,
    refresh = caller,
    stale_if_error = "10m",
    timeout = "100ms",
    version = 3,
    codec = MessagePack
)]
pub async fn everything(id: u64, org: &str) -> Result<Option<User>, std::fmt::Error> {
    Ok(Some(User { id, org: org.to_owned() }))
}

#[cached(expire = TTL, skip_all)]
async fn constant() -> u8 {
    1
}

#[cached(expire = TTL, sensitive)]
async fn hidden(id: u8) -> u8 {
    id
}

#[cached(when = |rows| rows.len() > floor, tags_with = |rows| rows.iter().map(u8::to_string), skip(floor))]
async fn inferred(floor: usize, names: String) -> Vec<u8> {
    names.into_bytes().into_iter().take(floor + 1).collect()
}

#[cached(expire = { let seconds = names.len() as u64; Duration::from_secs(seconds) }, codec = cachefn::codec::Json)]
async fn block(names: Vec<String>) -> String {
    names.concat()
}

#[cached(result = plain, skip(make))]
async fn plain<T>(make: fn() -> T) -> T
where
    T: Clone + Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
{
    make()
}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!(everything(7, "a").await, Ok(Some(User { id: 7, org: "a".into() })));
    assert_eq!(everything(7, "a").await, everything(7, "a").await);
    invalidate_everything(7, "a").await;
    assert_eq!((constant().await, constant().await, hidden(7).await), (1, 1, 7));
    assert_eq!(inferred(1, "abc".into()).await, inferred(1, "abc".into()).await);
    assert_eq!(block(vec!["a".into()]).await, block(vec!["a".into()]).await);
    assert_eq!((plain(|| 7_u8).await, plain(String::new).await), (7, String::new()));
}
