//! Bursts: thousands of calls at one time, which Redis cannot answer within the deadline of each. It is idle and well.
//!
//! In a process of its own, with the deadline that users have.
#![allow(missing_docs)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cachefn::{Config, cached};
use cachefn_tests::{Cluster, RedisServer, logs, pause, until};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinSet;

static BODIES: AtomicU64 = AtomicU64::new(0);

#[cached(expire = 300, namespace = "burst", key = id)]
async fn get(id: u64) -> u64 {
    BODIES.fetch_add(1, Ordering::SeqCst);
    tokio::task::yield_now().await;
    id
}

/// One test at a time has the cache.
async fn cache(port: u16, near: bool, cluster: bool) -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());

    let alone = ALONE.lock().await;
    logs::capture();
    cachefn::shutdown().await;
    let config = Config::builder().enabled(true).redis_enabled(true).redis_host("127.0.0.1").redis_port(port);
    let config = config.near(near).redis_cluster(cluster).build().expect("it is complete");
    cachefn::init_with(config).await.expect("it was shut down");
    until("Redis is used", is_connected).await;
    alone
}

fn is_connected() -> bool {
    cachefn::status().redis.is_some_and(|redis| redis.connected)
}

/// Calls `get` for so many keys at one time, each on a task of its own.
async fn burst(ids: std::ops::Range<u64>) {
    let begun = Instant::now();
    let mut calls: JoinSet<u64> = ids.clone().map(get).collect();
    let mut sum = 0;
    while let Some(value) = calls.join_next().await {
        sum += value.unwrap();
    }
    assert_eq!(sum, ids.sum::<u64>());
    eprintln!("burst took {:?}", begun.elapsed());
}

/// How many of 200 calls, spread over the keys, are hits.
async fn hits(ids: std::ops::Range<u64>) -> u64 {
    let before = BODIES.load(Ordering::SeqCst);
    for id in ids.clone().step_by(usize::try_from((ids.end - ids.start) / 200).unwrap()) {
        assert_eq!(get(id).await, id);
    }
    200 - (BODIES.load(Ordering::SeqCst) - before)
}

/// What was logged of the server at `port` that is worse than information.
fn complaints(port: u16) -> Vec<String> {
    let address = format!("127.0.0.1:{port}");
    let lines = logs::lines(&address).into_iter();
    lines.filter(|line| line.level <= tracing::Level::WARN).map(|line| line.text).collect()
}

async fn withstands(count: u64, port: u16, near: bool, cluster: bool) {
    let _alone = cache(port, near, cluster).await;
    burst(0..count).await;
    assert!(is_connected());
    // What was on its way is stored.
    pause(Duration::from_millis(300)).await;
    let hits = hits(0..count).await;
    assert_eq!(complaints(port), Vec::<String>::new());
    assert!(is_connected());
    assert!(hits >= 190, "{hits} of 200");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cold_keys_at_one_time_are_cached() {
    let server = RedisServer::start();
    withstands(10_000, server.port(), true, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_cold_keys_at_one_time_are_cached() {
    let server = RedisServer::start();
    withstands(20_000, server.port(), true, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cold_keys_at_one_time_are_cached_where_every_hit_asks() {
    let server = RedisServer::start();
    withstands(10_000, server.port(), false, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cold_keys_at_one_time_are_cached_in_a_cluster() {
    let cluster = Cluster::start().await;
    withstands(10_000, cluster.masters[0].port(), true, true).await;
}
