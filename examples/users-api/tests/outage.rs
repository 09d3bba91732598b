//! Redis is killed and started again in the middle of a mixed load: no request fails, and who has changed a user reads the
//! change.
#![allow(missing_docs)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cachefn_examples::{Client, Problem, Service};
use cachefn_tests::RedisServer;
use serde_json::Value;
use tokio::task::JoinSet;

/// How long it takes, unless `LOAD_SECONDS` says.
const SECONDS: u64 = 6;

/// Changes a user that nobody else changes, and reads it, and what all read.
async fn client(
    address: String,
    id: u64,
    ends: Arc<AtomicBool>,
    requests: Arc<AtomicU64>,
) -> Result<(), Problem> {
    let mut client = Client::connect(&address).await?;
    let path = format!("/users/{id}");
    for version in 0_u64.. {
        if ends.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("{id}, version {version}");
        let profile = format!(r#"{{"name":"{name}","email":"user{id}@example.com"}}"#);
        let changed = client.send("PUT", &path, &[("x-api-key", "key-1")], &profile).await?;
        assert_eq!(changed.status, 200, "{}", changed.text());
        for _ in 0..5 {
            let read = client.send("GET", &path, &[], "").await?;
            assert_eq!(read.status, 200, "{}", read.text());
            let read: Value = serde_json::from_slice(&read.body)?;
            assert_eq!(read["name"], *name, "an older value");
            let page = client.send("GET", "/users?page=2", &[], "").await?;
            assert_eq!(page.status, 200, "{}", page.text());
        }
        requests.fetch_add(11, Ordering::Relaxed);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_and_no_change_is_missed_while_redis_is_killed_and_restarted() -> Result<(), Problem>
{
    let mut redis = RedisServer::start();
    let url = format!("redis://127.0.0.1:{}", redis.port());
    let environment = [
        ("CACHE_ENABLED", "true"),
        ("REDIS_ENABLED", "true"),
        ("REDIS_URL", url.as_str()),
        ("CACHE_SECRET", "any"),
    ];
    let program = Path::new(env!("CARGO_BIN_EXE_users-api"));
    let service = Service::start(program, ["--port", "0", "--quiet"], environment)?;
    let (ends, requests) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut clients = JoinSet::new();
    for id in 1..=8 {
        let (address, ends) = (service.address().to_owned(), Arc::clone(&ends));
        clients.spawn(client(address, id, ends, Arc::clone(&requests)));
    }
    let seconds = std::env::var("LOAD_SECONDS").map_or(SECONDS, |text| text.parse().expect("it is a number"));
    let third = Duration::from_secs(seconds) / 3;
    tokio::time::sleep(third).await;
    let before = requests.load(Ordering::Relaxed);
    redis.kill();
    tokio::time::sleep(third).await;
    let meanwhile = requests.load(Ordering::Relaxed);
    redis.restart();
    tokio::time::sleep(third).await;
    ends.store(true, Ordering::Relaxed);
    while let Some(client) = clients.join_next().await {
        client??;
    }
    let after = requests.load(Ordering::Relaxed);
    println!("{before} requests before, {} without Redis, {} after", meanwhile - before, after - meanwhile);
    assert!(before > 0 && meanwhile > before && after > meanwhile);
    assert!(!redis.keys(":v:").is_empty(), "it is used again");
    Ok(())
}
