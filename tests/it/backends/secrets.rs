//! Processes whose `CACHE_SECRET` differ.

use cachefn_tests::{Cluster, Options, Proxy, logs};
use tracing::Level;

use super::login::texts;
use super::permits::{NEEDED, as_user, with_user};
use super::*;

/// As a process with a secret of this check value; each has an address of its own, by which its log lines are known.
async fn process(server: &RedisServer, check: &str) -> (Direct, Proxy) {
    logs::capture();
    let proxy = Proxy::to(server.port());
    let settings = Settings { port: proxy.port(), secret_check: Some(check.into()), ..server.settings() };
    (connected(settings).await, proxy)
}

fn warnings(process: &Direct) -> Vec<String> {
    texts(process.0.address(), Level::WARN)
}

fn left(server: &RedisServer) -> Option<String> {
    let name = server.keys(":s").pop()?;
    server.ask(&["GET", &name])
}

#[tokio::test]
async fn processes_with_different_secrets_both_say_so_once() {
    let server = RedisServer::start();
    let (one, _one) = process(&server, "aaaaaaaa").await;
    until("it has left its check value", || left(&server).as_deref() == Some("aaaaaaaa")).await;
    let (same, _same) = process(&server, "aaaaaaaa").await;
    let (other, _other) = process(&server, "bbbbbbbb").await;
    until("it is noticed by whoever comes", || !warnings(&other).is_empty()).await;
    until("and by those who are there", || !warnings(&one).is_empty() && !warnings(&same).is_empty()).await;
    let (late, _late) = process(&server, "bbbbbbbb").await;
    // Longer than until they look again.
    tokio::time::sleep(Duration::from_secs(6)).await;
    for process in [&one, &same, &other] {
        let warnings = warnings(process);
        assert!(warnings.len() == 1 && warnings[0].contains("CACHE_SECRET"), "{warnings:?}");
        assert!(!warnings[0].contains("aaaaaaaa") && !warnings[0].contains("bbbbbbbb"), "{warnings:?}");
    }
    assert_eq!(warnings(&late), [""; 0], "the secret was changed, and this process has the new one");
    put(&late, "k", "1").await.unwrap();
    assert_eq!(read(&one, "k").await.as_deref(), Some("1"), "all else is shared");
}

#[tokio::test]
async fn the_check_value_is_out_of_date_after_a_day_and_left_again_where_it_is_gone() {
    let server = RedisServer::start();
    let (one, _proxy) = process(&server, "aaaaaaaa").await;
    until("it has left its check value", || left(&server).is_some()).await;
    let name = server.keys(":s").pop().unwrap();
    let life: u64 = server.ask(&["TTL", &name]);
    assert!((86_000..=86_400).contains(&life), "{life}");
    server.ask::<()>(&["FLUSHALL"]);
    until("it has left it again", || left(&server).as_deref() == Some("aaaaaaaa")).await;
    assert_eq!(warnings(&one), [""; 0]);
}

#[tokio::test]
async fn a_user_who_may_do_what_is_needed_may_compare_secrets() {
    logs::capture();
    let server = with_user("guest", NEEDED.into_iter().chain(["+info"]));
    let settings = |check: &str| Settings { secret_check: Some(check.into()), ..as_user(&server, "guest") };
    let _one = connected(settings("aaaaaaaa")).await;
    let other = connected(settings("bbbbbbbb")).await;
    until("it is noticed", || !warnings(&other).is_empty()).await;
    assert!(warnings(&other)[0].contains("CACHE_SECRET"), "{:?}", warnings(&other));
}

#[tokio::test]
async fn processes_in_a_cluster_compare_secrets_too() {
    logs::capture();
    let cluster = Cluster::start().await;
    // An address of its own, for log lines are known by it.
    let settings = |master: usize, check: &str| Settings {
        port: cluster.masters[master].port(),
        secret_check: Some(check.into()),
        ..cluster.settings()
    };
    let one = connected(settings(0, "aaaaaaaa")).await;
    until("it has left its check value", || !cluster.keys(":s").is_empty()).await;
    let other = connected(settings(1, "bbbbbbbb")).await;
    until("both notice", || !warnings(&one).is_empty() && !warnings(&other).is_empty()).await;
    assert!(warnings(&other)[0].contains("CACHE_SECRET"), "{:?}", warnings(&other));
    assert_eq!(cluster.keys(":s").len(), 1);
}

#[tokio::test]
async fn a_server_without_memory_is_used_though_no_check_value_can_be_left() {
    let server = RedisServer::with(Options::default().line(&["maxmemory", "1"]));
    let (one, _proxy) = process(&server, "aaaaaaaa").await;
    let (other, _other) = process(&server, "bbbbbbbb").await;
    assert_eq!(read(&one, "k").await, None);
    assert_eq!(read(&other, "k").await, None);
    assert_eq!((one.0.state(), other.0.state()), (State::Connected, State::Connected));
    assert_eq!(left(&server), None);
}
