//! Runtimes that end, callers that leave, handles that are dropped.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Waker};

use cachefn_backends::backend::Invalidated;

use super::*;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_connection_outlives_the_runtime_it_was_begun_in() {
    let server = RedisServer::start();
    let first = runtime();
    let backend = first.block_on(connected(server.settings()));
    first.block_on(put(&backend, "k", "1")).unwrap();
    drop(first);
    for _ in 0..3 {
        assert_eq!(runtime().block_on(read(&backend, "k")).as_deref(), Some("1"));
    }
    assert_eq!(runtime().block_on(backend.0.invalidate(key("k"))), Invalidated::Applied);
}

#[tokio::test]
async fn a_thousand_invalidations_whose_callers_left_are_all_applied() {
    let server = RedisServer::start();
    let backend = connected(server.settings()).await;
    for id in 0..1_000 {
        put(&backend, &format!("k{id}"), "1").await.unwrap();
    }
    assert_eq!(server.keys(":v:").len(), 1_000);
    for id in 0..1_000 {
        drop(backend.0.invalidate(key(&format!("k{id}"))));
    }
    until("all are gone", || server.keys(":v:").is_empty()).await;
}

#[tokio::test]
async fn operations_of_one_caller_reach_the_server_in_the_order_in_which_they_were_begun() {
    let server = RedisServer::start();
    let backend = connected(server.settings()).await;
    let place = place("k");
    for round in 0..500 {
        let payload = round.to_string();
        let lease = begin(&backend, "k").await.unwrap();
        let link = backend.0.link().unwrap();
        {
            let fill = pin!(link.fill(&place, lease, draft(&payload), LIFE));
            // Begun, and its caller leaves.
            let _ = fill.poll(&mut Context::from_waker(Waker::noop()));
        }
        assert_eq!(read(&backend, "k").await, Some(payload));
        drop(backend.0.invalidate(key("k")));
        assert_eq!(read(&backend, "k").await, None);
    }
}

#[tokio::test]
async fn shutting_down_applies_what_is_on_its_way_and_then_nothing() {
    let server = RedisServer::start();
    let backend = connected(server.settings()).await;
    put(&backend, "k", "1").await.unwrap();
    let answer = backend.0.invalidate(key("k"));
    backend.0.shutdown().await;
    assert_eq!(answer.await, Invalidated::Applied);
    assert!(backend.0.link().is_none());
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Queued);
    until("the connection is closed", || clients(&server) == 1).await;
    backend.0.shutdown().await;
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_connection() {
    let server = RedisServer::start();
    let backend = connected(server.settings()).await;
    assert_eq!(clients(&server), 2);
    drop(backend.clone());
    put(&backend, "k", "1").await.unwrap();
    drop(backend);
    until("the connection is closed", || clients(&server) == 1).await;
}

#[tokio::test]
async fn every_reconnection_leaves_one_connection() {
    let server = RedisServer::start();
    let (changes, on_change) = counter();
    let backend = Direct(Redis::start(server.settings(), on_change));
    for round in 0..5 {
        // Told before it is used, and when it is lost.
        until("it is used", || changes.load(Ordering::SeqCst) == 1 + 2 * round).await;
        used_again(&backend).await;
        assert_eq!(clients(&server), 2);
        server.ask::<i64>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    }
}

/// How many clients the server has, with the one that asks.
fn clients(server: &RedisServer) -> usize {
    server.ask::<String>(&["CLIENT", "LIST"]).lines().count()
}

#[tokio::test]
async fn a_shutdown_while_the_server_dies_ends() {
    for _ in 0..10 {
        let mut server = RedisServer::start();
        let backend = connected(server.settings()).await;
        let ending = backend.0.clone();
        let killing = tokio::task::spawn_blocking(move || server.kill());
        let ended = tokio::time::timeout(Duration::from_secs(20), ending.shutdown()).await;
        assert!(ended.is_ok(), "the background thread does not answer any more");
        killing.await.unwrap();
    }
}
