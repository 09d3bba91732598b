//! Who may use a server, and that nobody else learns the password.

use cachefn_backends::backend::Invalidated;
use cachefn_tests::{FakeServer, Options, logs};
use tracing::Level;

use super::*;

pub(super) const PASSWORD: &str = "p@s:s/w#o%r?d!%41 \"ä\\'ß\u{1F511}";

pub(super) async fn refused(settings: Settings) -> (Redis, String) {
    logs::capture();
    let redis = Redis::start(settings, || {});
    redis.settled().await;
    assert_eq!(redis.state(), State::Degraded);
    assert!(redis.link().is_none());
    assert_eq!(redis.invalidate(key("k")).await, Invalidated::Queued);
    let address = redis.address().to_owned();
    until("it is logged", || !logs::lines(&address).is_empty()).await;
    (redis, address)
}

pub(super) fn texts(address: &str, level: Level) -> Vec<String> {
    logs::lines(address).into_iter().filter(|line| line.level == level).map(|line| line.text).collect()
}

/// One warning, and one error that says what to look at.
pub(super) async fn is_said_clearly(settings: Settings, variable: &str) {
    let (redis, address) = refused(settings).await;
    until("the error is logged", || !texts(&address, Level::ERROR).is_empty()).await;
    // The next attempt comes after two seconds and says nothing new.
    until("it has been tried again", || !texts(&address, Level::DEBUG).is_empty()).await;
    let (warnings, errors) = (texts(&address, Level::WARN), texts(&address, Level::ERROR));
    assert_eq!((warnings.len(), errors.len()), (1, 1), "{warnings:?} {errors:?}");
    assert!(warnings[0].starts_with("cachefn message=Failed to connect to Redis"), "{warnings:?}");
    assert!(errors[0].contains(variable), "{errors:?}");
    drop(redis);
}

#[tokio::test]
async fn a_wrong_password_is_said_clearly_and_once() {
    let server = RedisServer::with(Options { password: Some("right".into()), ..Options::default() });
    is_said_clearly(Settings { password: Some("wrong".into()), ..server.settings() }, "REDIS_PASSWORD").await;
    assert!(logs::lines("wrong").is_empty());
}

#[tokio::test]
async fn a_missing_password_is_said_clearly_and_once() {
    let server = RedisServer::with(Options { password: Some("right".into()), ..Options::default() });
    is_said_clearly(Settings { password: None, ..server.settings() }, "REDIS_PASSWORD").await;
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_said_clearly_and_once() {
    let server = RedisServer::start();
    is_said_clearly(Settings { db: 99, ..server.settings() }, "REDIS_DB").await;
}

#[tokio::test]
async fn a_server_with_too_many_clients_is_left_alone() {
    let server = RedisServer::with(Options::default().line(&["maxclients", "1"]));
    let _first = server.connection();
    let (_redis, address) = refused(server.settings()).await;
    let warnings = texts(&address, Level::WARN);
    assert!(warnings[0].contains("maximum of clients"), "{warnings:?}");
}

#[tokio::test]
async fn a_password_may_hold_any_characters_and_is_never_logged() {
    logs::capture();
    let server = RedisServer::with(Options { password: Some(PASSWORD.into()), ..Options::default() });
    let backend = connected(server.settings()).await;
    assert_eq!(put(&backend, "k", "1").await, Ok(Filled::Stored));
    assert!(logs::lines("p@s:s").is_empty());
    assert!(!format!("{backend:?} {:?}", server.settings()).contains("p@s"));
}

#[tokio::test]
async fn a_server_that_repeats_what_it_is_told_leaks_nothing() {
    let echo = |words: &[String]| format!("-ERR unknown command '{}', with args {words:?}\r\n", words[0]);
    let clients = |words: &[String]| format!("-WRONGPASS invalid {words:?}\r\n");
    let garbage = |words: &[String]| format!("{words:?}\r\n");
    let echoes: [FakeServer; 3] =
        [FakeServer::start(echo), FakeServer::start(clients), FakeServer::start(garbage)];
    for fake in echoes {
        let settings = Settings {
            host: "127.0.0.1".into(),
            port: fake.port(),
            socket: None,
            db: 0,
            username: Some("sesame-name".into()),
            password: Some("sesame-word".into()),
            timeout: SHORT,
            near: true,
            prefix: "test".into(),
            tls: None,
            sentinel: None,
            cluster: false,
            keep: false,
            secret_check: None,
        };
        let (redis, address) = refused(settings).await;
        assert_eq!(texts(&address, Level::WARN).len(), 1);
        assert!(!format!("{redis:?}").contains("sesame"));
    }
    assert!(logs::lines("sesame").is_empty());
}

#[tokio::test]
async fn nobody_listening_is_one_warning_however_often_it_is_tried() {
    let mut server = RedisServer::start();
    server.kill();
    let (redis, address) = refused(server.settings()).await;
    until("it has been tried again", || texts(&address, Level::DEBUG).len() > 3).await;
    assert_eq!(texts(&address, Level::WARN).len(), 1);
    server.restart();
    until("it is used", || redis.link().is_some()).await;
    until("it is logged", || !texts(&address, Level::INFO).is_empty()).await;
    let connected = texts(&address, Level::INFO);
    assert!(
        connected[0].contains("Connected to Redis") && connected[0].contains("invalidations=1"),
        "{connected:?}"
    );
}
