//! Servers that are reached by TLS, and those that only pretend to be the right one.

use cachefn_backends::backend::Invalidated;
use cachefn_backends::redis::Tls;
use cachefn_tests::{Authority, Certificate, Options, logs};
use tracing::Level;

use super::login::{is_said_clearly, refused, texts};
use super::*;

fn server(certificate: Certificate) -> RedisServer {
    let password = Some("sesame-tls".to_owned());
    RedisServer::with(Options { password, certificate: Some(certificate), ..Options::default() })
}

fn by_tls(server: &RedisServer, authority: &Authority) -> Settings {
    let tls = Some(Tls { ca_file: Some(authority.file()) });
    Settings { port: server.tls_port(), tls, ..server.settings() }
}

#[tokio::test]
async fn a_server_whose_authority_is_known_is_used_by_tls() {
    logs::capture();
    let authority = Authority::new();
    let mut server = server(authority.vouch("127.0.0.1"));
    let backend = connected(by_tls(&server, &authority)).await;
    assert!(backend.0.address().starts_with("rediss://"));
    assert_eq!(put(&backend, "k", "1").await, Ok(Filled::Stored));
    let long = "x".repeat(300_000);
    assert_eq!(put(&backend, "long", &long).await, Ok(Filled::Stored));
    assert_eq!(read(&backend, "long").await, Some(long));
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Applied);
    assert_eq!(read(&backend, "k").await, None);
    server.kill();
    until("the loss is noticed", || backend.0.state() == State::Degraded).await;
    server.restart();
    used_again(&backend).await;
    assert_eq!(put(&backend, "k", "2").await, Ok(Filled::Stored));
    assert!(logs::lines("sesame-tls").is_empty());
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_is_given_no_password() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let server = server(theirs.vouch("127.0.0.1"));
    is_said_clearly(by_tls(&server, &ours), "by nobody who is trusted, see REDIS_CA_FILE").await;
    let system = Settings { tls: Some(Tls::default()), db: 1, ..by_tls(&server, &ours) };
    is_said_clearly(system, "REDIS_CA_FILE").await;
    assert!(logs::lines("sesame-tls").is_empty());
}

#[tokio::test]
async fn a_certificate_of_another_host_and_an_old_one_are_said_so() {
    let authority = Authority::new();
    let other = server(authority.vouch("redis.example"));
    is_said_clearly(by_tls(&other, &authority), "of another host").await;
    let old = server(authority.vouched("127.0.0.1"));
    is_said_clearly(by_tls(&old, &authority), "has expired").await;
}

#[tokio::test]
async fn a_file_without_authorities_is_said_so() {
    let authority = Authority::new();
    let server = server(authority.vouch("127.0.0.1"));
    for (db, file) in [(1, authority.file().with_file_name("none.pem")), (2, "/dev/null".into())] {
        let tls = Some(Tls { ca_file: Some(file) });
        is_said_clearly(Settings { tls, db, ..by_tls(&server, &authority) }, "REDIS_CA_FILE").await;
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_said_so() {
    let authority = Authority::new();
    let server = server(authority.vouch("127.0.0.1"));
    let (_redis, address) = refused(Settings { port: server.port(), ..by_tls(&server, &authority) }).await;
    let warnings = texts(&address, Level::WARN);
    // It waits for the end of what looks like a command to it, unless there happens to be one.
    assert!(warnings[0].contains(" TLS") && warnings[0].contains("REDIS_URL"), "{warnings:?}");
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_of_its_clients_is_said_so() {
    let authority = Authority::new();
    let server = server(Certificate { of_clients: true, ..authority.vouch("127.0.0.1") });
    is_said_clearly(by_tls(&server, &authority), "wants a certificate of its clients").await;
}
