//! Servers that are reached by a socket of this machine.
#![cfg(unix)]

use cachefn_backends::backend::Invalidated;
use cachefn_tests::{Options, logs};
use tracing::Level;

use super::login::{refused, texts};
use super::*;

fn with_socket(directory: &tempfile::TempDir) -> (RedisServer, Settings) {
    let path = directory.path().join("redis.sock");
    let words = ["unixsocket", path.to_str().expect("it is UTF-8")];
    let server = RedisServer::with(Options::default().line(&words));
    // Nothing listens there: what is done is done by the socket.
    let settings =
        Settings { socket: Some(path), host: "nowhere.invalid".into(), port: 1, ..server.settings() };
    (server, settings)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_behind_a_socket_keeps_every_contract() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (_server, settings) = with_socket(&directory);
    let stores = AtomicUsize::new(0);
    let make = async || {
        let prefix = format!("store{}", stores.fetch_add(1, Ordering::Relaxed));
        connected(Settings { prefix, ..settings.clone() }).await
    };
    contract::check(make, async |_, time| tokio::time::sleep(time).await).await;
}

#[tokio::test]
async fn a_server_behind_a_socket_is_used_again_once_it_is_back() {
    logs::capture();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (mut server, settings) = with_socket(&directory);
    let backend = connected(Settings { timeout: SHORT, ..settings }).await;
    put(&backend, "k", "old").await.unwrap();
    server.kill();
    until("the loss is noticed", || backend.0.link().is_none()).await;
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Queued);
    server.restart();
    until("Redis is used again", || backend.0.link().is_some()).await;
    assert_eq!(read(&backend, "k").await, None);
    let lines = texts(backend.0.address(), Level::INFO);
    let path = directory.path().join("redis.sock");
    assert!(lines[0].contains(&format!("server=\"{}\"", path.display())), "{lines:?}");
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_a_server_that_is_away() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (server, settings) = with_socket(&directory);
    drop(server);
    let socket = Some(directory.path().join("another.sock"));
    let (_redis, address) = refused(Settings { socket, ..settings }).await;
    let (warnings, errors) = (texts(&address, Level::WARN), texts(&address, Level::ERROR));
    assert!(warnings[0].contains("connection refused") && errors.is_empty(), "{warnings:?} {errors:?}");
}
