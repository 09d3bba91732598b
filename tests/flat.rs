//! Many calls, and a connection that breaks again and again, leave nothing behind. Alone in its process: it looks at what
//! the whole process holds.
#![allow(missing_docs)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cachefn::{Config, cached};
use cachefn_backends::background;
use cachefn_tests::{RedisServer, until};

const CALLS: u64 = if cfg!(debug_assertions) { 20_000 } else { 400_000 };
const KEYS: u64 = 500;
const CONNECTIONS: u64 = if cfg!(debug_assertions) { 50 } else { 1_000 };

static BODIES: AtomicU64 = AtomicU64::new(0);

#[cached(expire = 600, namespace = "flat", key = id, tags = ["tag:{id}"])]
async fn get(id: u64) -> u64 {
    BODIES.fetch_add(1, Ordering::Relaxed);
    tokio::task::yield_now().await;
    id
}

#[cached(expire = 600, namespace = "flat", key = id, lease = true)]
async fn alone(id: u64) -> Result<u64, u64> {
    tokio::task::yield_now().await;
    if id % 7 == 0 { Err(id) } else { Ok(id) }
}

/// Calls of every kind, some of them dropped half-way.
async fn calls(caller: u64) {
    for call in 0..CALLS / 8 {
        let id = (caller * 7919 + call) % KEYS;
        match call % 50 {
            0 => drop(invalidate_get(id)),
            1 => drop(alone(id).await),
            2 => drop(tokio::time::timeout(Duration::ZERO, alone(id)).await),
            3 => drop(tokio::time::timeout(Duration::ZERO, refresh_get(id)).await),
            4 => drop(invalidate_alone(id).await),
            _ => assert_eq!(get(id).await, id),
        }
    }
}

async fn round() {
    let callers: Vec<_> = (0..8).map(|caller| tokio::spawn(calls(caller))).collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

/// Bytes of memory that the process has.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

fn clients(server: &RedisServer) -> usize {
    server.ask::<String>(&["CLIENT", "LIST"]).lines().count()
}

async fn start(server: &RedisServer) {
    let config = Config::builder().enabled(true).redis_enabled(true).redis_host("127.0.0.1");
    cachefn::init_with(config.redis_port(server.port()).build().unwrap()).await.unwrap();
    assert!(is_connected());
}

fn is_connected() -> bool {
    cachefn::status().redis.is_some_and(|redis| redis.connected)
}

/// Whether nothing is under way.
fn is_idle() -> bool {
    let status = cachefn::status();
    (status.flights, status.fills, status.redis.map(|redis| redis.journal)) == (0, 0, Some(0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_and_connections_leave_nothing_behind() {
    let server = RedisServer::start();
    // The first cache of a process stays for ever, so it is another that is looked at.
    start(&server).await;
    cachefn::shutdown().await;
    start(&server).await;
    let tasks = background::handle().metrics().num_alive_tasks();
    round().await;
    until("nothing is under way", is_idle).await;
    let before = resident();
    for _ in 0..4 {
        let working = tokio::spawn(round());
        server.ask::<i64>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        working.await.unwrap();
        until("it is used again", is_connected).await;
    }
    // One that breaks again and again is made ever more slowly, so most are ended.
    for id in 0..CONNECTIONS {
        cachefn::shutdown().await;
        start(&server).await;
        assert_eq!(get(id % KEYS).await, id % KEYS);
    }
    until("nothing is under way", is_idle).await;
    until("no task is left over", || background::handle().metrics().num_alive_tasks() <= tasks).await;
    assert_eq!(clients(&server), 2, "one connection, and the one that asks");
    let grown = resident().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
    assert!(BODIES.load(Ordering::Relaxed) > 0);
}
