//! Everything that is owned can be refreshed in the background, whatever its type is written with.
#![deny(warnings)]
use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use cachefn::{Config, cached};

pub struct Repo(u64);

impl Repo {
    #[cached(expire = 5, stale = 60, key = (self.0, id))]
    pub async fn get(self: Arc<Self>, id: u64) -> u64 {
        self.0 + id
    }

    #[cached(refresh_ahead = 0.8, key = self.0)]
    pub async fn all(mut self) -> Vec<u64> {
        self.0 += 1;
        vec![self.0]
    }
}

#[async_trait]
trait Get: Send + Sync + 'static {
    async fn named(self: Arc<Self>, name: String, _: u8) -> Result<String, Box<dyn std::error::Error>>;
}

#[async_trait]
impl Get for Repo {
    #[cached(stale = "1m", stale_if_error = "1h", timeout = "100ms", key = (self.0, name))]
    async fn named(self: Arc<Self>, name: String, _: u8) -> Result<String, Box<dyn std::error::Error>> {
        Ok(format!("{name} {}", self.0))
    }
}

#[cached(stale = 60, refresh = background, skip(with, by, sep))]
async fn joined<T>(of: Vec<T>, sep: Cow<'static, str>, with: fn(&T) -> String, by: Box<dyn Fn(&str) -> u8 + Send>) -> String
where
    T: serde::Serialize + Send + 'static,
{
    let _ = by("x");
    of.iter().map(with).collect::<Vec<_>>().join(&sep)
}

#[cached(stale = 60, timeout = 1, when = |sum: &u64| *sum > floor, key = ids.len())]
async fn sum(ids: Vec<u64>, floor: u64, (name, _): (&'static str, u8), map: impl Fn(u64) -> u64 + Send + 'static) -> u64 {
    let _ = name;
    tokio::task::yield_now().await;
    ids.into_iter().map(map).sum()
}

fn is_send<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let repo = Arc::new(Repo(7));
    for _ in 0..2 {
        assert_eq!(is_send(Arc::clone(&repo).get(1)).await, 8);
        assert_eq!(Repo(7).all().await, [8]);
        assert_eq!(is_send(Arc::clone(&repo).named("a".into(), 0)).await.unwrap(), "a 7");
        assert_eq!(joined(vec![1, 2], "-".into(), i32::to_string, Box::new(|_| 0)).await, "1-2");
        assert_eq!(is_send(sum(vec![1, 2], 1, ("a", 0), |id| id * 2)).await, 6);
    }
    repo.invalidate_get(1).await;
    assert_eq!(refresh_sum(vec![1], 1, ("a", 0), |id| id).await, 1);
}
