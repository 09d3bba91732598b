//! Bursts: thousands of calls at one time, which Redis cannot answer within the deadline of each. It is idle and well.
//!
//! In a process of its own, with the deadline that users have.
#![allow(missing_docs)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cachefn::{Config, Invalidated, cached};
use cachefn_backends::place::{Group, Target};
use cachefn_backends::redis::{Redis, Settings};
use cachefn_tests::{Cluster, Proxy, RedisServer, logs, pause, until};
use tokio::sync::{Mutex, MutexGuard, Semaphore};
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

/// A burst on a server that is idle and well: it is not given up, and what the bodies gave is there afterwards.
async fn withstands(count: u64, port: u16, near: bool) {
    let _alone = cache(port, near, false).await;
    burst(0..count).await;
    assert!(is_connected());
    let hits = hits(0..count).await;
    assert_eq!(complaints(port), Vec::<String>::new());
    assert!(is_connected());
    assert!(hits >= 190, "{hits} of 200");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cold_keys_at_one_time_are_cached() {
    let server = RedisServer::start();
    withstands(10_000, server.port(), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_cold_keys_at_one_time_are_cached() {
    let server = RedisServer::start();
    withstands(20_000, server.port(), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cold_keys_at_one_time_are_cached_where_every_hit_asks() {
    let server = RedisServer::start();
    withstands(10_000, server.port(), false).await;
}

/// Memory keeps nothing that Redis had no time for: nothing would tell it of groups that change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cold_keys_at_one_time_do_not_give_up_a_cluster() {
    let cluster = Cluster::start().await;
    let port = cluster.masters[0].port();
    let _alone = cache(port, true, true).await;
    burst(0..10_000).await;
    let hits = hits(0..10_000).await;
    eprintln!("{hits} hits");
    assert_eq!(complaints(port), Vec::<String>::new());
    assert!(is_connected());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_invalidations_at_one_time_are_all_applied_and_nothing_is_journalled() {
    let server = RedisServer::start();
    let _alone = cache(server.port(), true, false).await;
    for id in 0..100 {
        get(id).await;
    }
    assert_eq!(server.keys(":v:burst").len(), 100);
    let all: Vec<_> = (0..10_000).map(|id| invalidate_get(id % 5_000)).collect();
    for one in all {
        one.await;
    }
    until("all are applied", || server.keys(":v:burst").is_empty()).await;
    assert!(is_connected());
    assert_eq!(cachefn::status().redis.unwrap().journal, 0);
    assert_eq!(complaints(server.port()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_thousand_bodies_that_end_at_one_time_are_stored() {
    static GATE: Semaphore = Semaphore::const_new(0);
    static ENTERED: AtomicU64 = AtomicU64::new(0);

    #[cached(expire = 300, namespace = "gated", key = id)]
    async fn gated(id: u64) -> u64 {
        ENTERED.fetch_add(1, Ordering::SeqCst);
        let _ = GATE.acquire().await;
        id
    }

    let server = RedisServer::start();
    let _alone = cache(server.port(), true, false).await;
    let mut calls = JoinSet::new();
    for id in 0..3_000 {
        calls.spawn(gated(id));
        if id % 50 == 0 {
            until("their bodies run", || ENTERED.load(Ordering::SeqCst) > id).await;
        }
    }
    until("all bodies run", || ENTERED.load(Ordering::SeqCst) == 3_000).await;
    GATE.close();
    while calls.join_next().await.is_some() {}
    until("what was under way is stored", || server.keys(":v:gated").len() >= 2_850).await;
    assert!(is_connected());
    assert_eq!(complaints(server.port()), Vec::<String>::new());
}

/// What 40 milliseconds for each 16 KiB make a second of.
#[cached(expire = 300, namespace = "large")]
async fn large() -> String {
    // Nothing that could be packed.
    let mut number = 1_u64;
    let digits = std::iter::repeat_with(|| {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{:08x}", number >> 32)
    });
    digits.take(50 << 10).collect()
}

/// Has `get` run its body because Redis, which sends something large meanwhile, has no time for it.
async fn get_untimely(id: u64, proxy: &Proxy) {
    // Where memory speaks for Redis it does not for this, which has just been stored.
    refresh_large().await;
    proxy.delay(Duration::from_millis(40));
    let reading = tokio::spawn(large());
    pause(Duration::from_millis(20)).await;
    let before = BODIES.load(Ordering::SeqCst);
    assert_eq!(get(id).await, id);
    assert_eq!(BODIES.load(Ordering::SeqCst), before + 1);
    proxy.delay(Duration::ZERO);
    reading.await.unwrap();
}

/// How many bodies `get` runs.
async fn bodies(id: u64) -> u64 {
    let before = BODIES.load(Ordering::SeqCst);
    assert_eq!(get(id).await, id);
    BODIES.load(Ordering::SeqCst) - before
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_had_no_time_for_is_kept_here_until_it_is_invalidated_by_anybody() {
    for near in [true, false] {
        let server = RedisServer::start();
        let proxy = Proxy::to(server.port());
        let _alone = cache(proxy.port(), near, false).await;
        // Then the generations are known.
        for id in [1, 2, 1, 2] {
            get(id).await;
        }
        get_untimely(7, &proxy).await;
        assert_eq!((bodies(7).await, bodies(7).await), (0, 0), "near: {near}");
        assert!(server.keys(":v:burst:get:7").is_empty(), "it is not in Redis");
        invalidate_get(7).await;
        assert_eq!((bodies(7).await, bodies(7).await), (1, 0), "near: {near}");

        get_untimely(8, &proxy).await;
        let other = Redis::start(Settings { prefix: "cachefn".into(), ..server.settings() }, || {});
        other.settled().await;
        let namespace = vec![Target::Group(Group::namespace("burst"))];
        assert_eq!(other.invalidate(namespace).await, Invalidated::Applied);
        pause(Duration::from_millis(200)).await;
        assert_eq!((bodies(8).await, bodies(8).await), (1, 0), "near: {near}");
        assert!(is_connected());
        assert_eq!(complaints(proxy.port()), Vec::<String>::new());
    }
}
