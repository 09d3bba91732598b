//! Servers that lack a command: renamed, of another make, or behind something that lets not all of it through.

use std::path::Path;
use std::time::Instant;

use cachefn_backends::backend::Invalidated;
use cachefn_backends::redis::{COMMANDS, Command, Need, Position};
use cachefn_tests::{Cluster, FakeServer, Options, Proxy, logs};
use tracing::Level;

use super::login::{is_said_clearly, texts};
use super::*;

fn without(command: &Command) -> Options {
    let name = command.name.split(' ').next().unwrap();
    Options::default().line(&["rename-command", name, ""])
}

fn known(name: &str) -> &'static Command {
    COMMANDS.iter().find(|known| known.name == name).unwrap()
}

/// Whether fills, hits and invalidations are as ever.
async fn serves(backend: &Direct, why: &str) {
    assert_eq!(put(backend, "k", "1").await, Ok(Filled::Stored), "{why}");
    assert_eq!(read(backend, "k").await.as_deref(), Some("1"), "{why}");
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Applied, "{why}");
    assert_eq!(read(backend, "k").await, None, "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_that_a_server_must_have_and_lacks_is_named_and_it_is_not_used() {
    logs::capture();
    let lacking = async |command: &'static Command| {
        let server = RedisServer::with(without(command));
        let db = i64::from(command.need == Need::Database);
        let said = format!("server lacks {}: memory serves", command.name);
        is_said_clearly(Settings { db, ..server.settings() }, &said).await;
    };
    let must = |known: &&Command| matches!(known.need, Need::Always | Need::Database);
    let all: Vec<_> = COMMANDS.iter().filter(must).map(|known| tokio::spawn(lacking(known))).collect();
    assert!(all.len() >= 10);
    for one in all {
        one.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lacks_what_it_need_not_have_is_used_without_it() {
    logs::capture();
    for command in COMMANDS.iter().filter(|known| matches!(known.need, Need::Not(_))) {
        let server = RedisServer::with(without(command));
        for near in [true, false] {
            let backend = connected(Settings { near, ..server.settings() }).await;
            serves(&backend, command.name).await;
            let found = backend.0.link().unwrap().list(Position::default()).await;
            assert_eq!(found.is_err(), command.name == "SCAN", "{}", command.name);
            let complaints = texts(backend.0.address(), Level::WARN);
            let is_warned = command.name == "INFO";
            assert_eq!(complaints.iter().filter(|line| line.contains("run_id")).count(), complaints.len());
            assert_eq!(!complaints.is_empty(), is_warned, "{}: {complaints:?}", command.name);
        }
    }
}

#[tokio::test]
async fn without_the_time_no_fill_is_alone_and_that_is_said_once() {
    logs::capture();
    let server = RedisServer::with(without(known("TIME")));
    let backend = connected(server.settings()).await;
    let place = place("k").alone();
    for _ in 0..2 {
        let acquired = backend.acquire(&place, false).await.unwrap();
        let Acquired::Granted(lease) = acquired else { panic!("nobody is alone: {acquired:?}") };
        assert_eq!(backend.0.link().unwrap().renew(&place, &lease).await, Ok(false));
    }
    assert_eq!(backend.0.state(), State::Connected);
    let said = texts(backend.0.address(), Level::INFO);
    assert_eq!(said.iter().filter(|line| line.contains("TIME is refused")).count(), 1, "{said:?}");
}

#[tokio::test]
async fn a_password_needs_no_command_of_its_own() {
    let server = RedisServer::with(Options { password: Some("right".into()), ..without(known("AUTH")) });
    serves(&connected(server.settings()).await, "AUTH").await;
}

#[tokio::test]
async fn what_the_nodes_of_a_cluster_lack_is_named() {
    logs::capture();
    let cluster = Cluster::with(without(known("ASKING"))).await;
    is_said_clearly(cluster.masters[0].settings(), "server lacks ASKING: memory serves").await;
    let fake = FakeServer::start(|words| match words[0].as_str() {
        "CLUSTER" => "-ERR unknown command 'CLUSTER', with args beginning with: 'SLOTS'\r\n".into(),
        _ => ":0\r\n".into(),
    });
    let settings = Settings { port: fake.port(), ..cluster.masters[0].settings() };
    is_said_clearly(settings, "server lacks CLUSTER SLOTS: memory serves").await;
}

#[tokio::test]
async fn a_server_whose_scripts_cannot_do_what_is_needed_is_not_used() {
    logs::capture();
    // As one without the library `struct` says it; and one that forgets scripts at once, as what spreads commands does.
    let failing = |refusal: &'static str| {
        FakeServer::start(move |words| match words[0].as_str() {
            "EVALSHA" => format!("-{refusal}\r\n"),
            _ => ":0\r\n".into(),
        })
    };
    let server = RedisServer::start();
    let of = |fake: &FakeServer| Settings { port: fake.port(), ..server.settings() };
    let without = failing("ERR Error running script: attempt to index global 'struct' (a nil value)");
    is_said_clearly(of(&without), "server lacks EVALSHA: memory serves").await;
    let forgetful = failing("NOSCRIPT No matching script. Please use EVAL.");
    is_said_clearly(of(&forgetful), "server lacks SCRIPT LOAD: memory serves").await;
}

#[tokio::test]
async fn a_server_that_lacked_a_command_is_used_once_it_has_it() {
    let (lacking, whole) = (RedisServer::with(without(known("UNLINK"))), RedisServer::start());
    let proxy = Proxy::to(lacking.port());
    let redis = Redis::start(Settings { port: proxy.port(), ..lacking.settings() }, || {});
    redis.settled().await;
    assert_eq!(redis.state(), State::Degraded);
    let begun = Instant::now();
    proxy.turn_to(whole.port());
    let backend = Direct(redis);
    used_again(&backend).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    serves(&backend, "UNLINK").await;
}

#[tokio::test]
async fn an_answer_that_is_not_understood_names_the_command() {
    logs::capture();
    let fake = FakeServer::start(|_| ":0\r\n".into());
    let server = RedisServer::start();
    let backend = connected(Settings { port: fake.port(), ..server.settings() }).await;
    assert_eq!(backend.lookup(&place("k")).await, Err(Error::new(ErrorKind::Protocol)));
    let address = backend.0.address().to_owned();
    let lost = || texts(&address, Level::WARN).into_iter().find(|line| line.contains("Lost the connection"));
    until("it is said", || lost().is_some()).await;
    assert!(lost().unwrap().contains("answer to MGET not understood"), "{:?}", lost());
}

#[test]
fn the_pages_name_every_rule() {
    for page in ["../README.md", "../cachefn/docs/guide/redis.md"] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
        for known in COMMANDS.iter().filter(|known| known.need != Need::Password) {
            assert!(text.contains(known.rule), "{page}: {known:?}");
        }
    }
}
