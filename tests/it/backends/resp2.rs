//! Servers that do not speak RESP3, or where `HELLO` does not get through.

use cachefn_tests::{FakeServer, Options, logs};
use tracing::Level;

use super::login::{is_said_clearly, texts};
use super::*;

fn old() -> Options {
    Options { password: Some("right".into()), ..Options::default() }.line(&["rename-command", "HELLO", ""])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_resp3_keeps_every_contract() {
    let server = RedisServer::with(old());
    let stores = AtomicUsize::new(0);
    let make = async || {
        let prefix = format!("store{}", stores.fetch_add(1, Ordering::Relaxed));
        connected(Settings { prefix, ..server.settings() }).await
    };
    contract::check(make, async |_, time| tokio::time::sleep(time).await).await;
}

#[tokio::test]
async fn a_server_without_resp3_is_used_all_the_same_and_that_is_said_once() {
    logs::capture();
    let mut server = RedisServer::with(old());
    let backend = connected(Settings { db: 3, timeout: SHORT, ..server.settings() }).await;
    put(&backend, "k", "1").await.unwrap();
    assert_eq!(read(&backend, "k").await.as_deref(), Some("1"));
    assert_eq!(server.keys("test@"), Vec::<String>::new(), "database 0 is not used");
    server.kill();
    until("a ping notices", || backend.0.state() == State::Degraded).await;
    server.restart();
    used_again(&backend).await;
    assert_eq!(put(&backend, "k", "2").await, Ok(Filled::Stored));
    let said = texts(backend.0.address(), Level::INFO);
    assert_eq!(said.iter().filter(|line| line.contains("RESP3")).count(), 1, "{said:?}");
}

#[tokio::test]
async fn a_wrong_password_is_said_clearly_without_resp3_too() {
    let server = RedisServer::with(old());
    is_said_clearly(Settings { password: Some("wr0ng".into()), ..server.settings() }, "REDIS_PASSWORD").await;
    let none = Settings { password: None, db: 1, ..server.settings() };
    is_said_clearly(none, "REDIS_PASSWORD").await;
    assert!(logs::lines("wr0ng").is_empty());
}

#[tokio::test]
async fn hello_may_be_refused_in_any_words() {
    let server = RedisServer::start();
    for refusal in [
        "ERR unknown command `HELLO`, with args beginning with: `3`, ",
        "ERR Command is not available: 'HELLO'",
        "NOPROTO unsupported protocol version",
        "NOPERM this user has no permissions to run the 'hello' command",
        "ERR syntax error",
        "unknown",
    ] {
        let fake = FakeServer::start(move |words| match words[0].as_str() {
            "HELLO" => format!("-{refusal}\r\n"),
            "AUTH" if words[1..] == ["app", "right"] => "+OK\r\n".into(),
            "AUTH" => "-WRONGPASS\r\n".into(),
            _ => ":0\r\n".into(),
        });
        let (username, password) = (Some("app".to_owned()), Some("right".to_owned()));
        connected(Settings { port: fake.port(), username, password, ..server.settings() }).await;
    }
}
