//! The Redis backend against real servers.

mod burst;
mod clusters;
mod commands;
mod encrypted;
mod history;
mod local;
mod login;
mod outage;
mod permits;
mod resp2;
mod rotation;
mod secrets;
mod sentinels;
mod storage;
mod tags;
mod tasks;
mod together;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cachefn_backends::backend::{Acquired, Backend as _, Filled, Lookup};
use cachefn_backends::contract;
use cachefn_backends::envelope::{Draft, Ident, Packing, Span};
use cachefn_backends::error::{Error, ErrorKind};
use cachefn_backends::place::{Lineage, Place, Target};
use cachefn_backends::redis::{Redis, RedisLease, Settings, State};
use cachefn_tests::{Direct, RedisServer, until};

const LIFE: Duration = Duration::from_secs(600);
/// A timeout to wait for, and what a busy machine adds to it.
const SHORT: Duration = Duration::from_secs(1);
const SLACK: Duration = Duration::from_millis(700);

fn place(key: &str) -> Place {
    Place::new(key, Lineage::new("users:7", "app::get", []))
}

fn key(key: &str) -> Vec<Target> {
    vec![Target::Key(key.into())]
}

fn draft(payload: &str) -> Draft {
    Draft {
        ident: Ident { codec: 1, fingerprint: 2, site: 3 },
        span: Span { born: 4, fresh_until: 5, stale_until: 6, error_until: 7 },
        packing: Packing::Plain,
        payload: payload.as_bytes().to_vec(),
        tags: Vec::new(),
    }
}

async fn connected(settings: Settings) -> Direct {
    let redis = Redis::start(settings, || {});
    redis.settled().await;
    assert_eq!(redis.state(), State::Connected);
    Direct(redis)
}

async fn used_again(backend: &Direct) {
    until("Redis is used again", || backend.0.link().is_some()).await;
}

async fn begin(backend: &Direct, key: &str) -> Result<RedisLease, Error> {
    match backend.acquire(&place(key), false).await? {
        Acquired::Granted(lease) => Ok(lease),
        Acquired::Hit(_) | Acquired::Held(_) => Err(Error::new(ErrorKind::Protocol)),
    }
}

async fn put(backend: &Direct, key: &str, payload: &str) -> Result<Filled, Error> {
    let lease = begin(backend, key).await?;
    backend.fill(&place(key), lease, draft(payload), LIFE).await
}

async fn read(backend: &Direct, key: &str) -> Option<String> {
    match backend.lookup(&place(key)).await.expect("Redis answers") {
        Lookup::Hit(envelope) => Some(String::from_utf8_lossy(envelope.payload()).into_owned()),
        Lookup::Miss(_) => None,
    }
}

/// Something to count the calls of `on_change` with.
fn counter() -> (Arc<AtomicUsize>, impl Fn() + Send + Sync + 'static) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    (count, move || {
        counted.fetch_add(1, Ordering::SeqCst);
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_keeps_every_contract() {
    let server = RedisServer::start();
    let stores = AtomicUsize::new(0);
    for near in [true, false] {
        let make = async || {
            let prefix = format!("store{}", stores.fetch_add(1, Ordering::Relaxed));
            connected(Settings { prefix, near, ..server.settings() }).await
        };
        contract::check(make, async |_, time| tokio::time::sleep(time).await).await;
    }
}
