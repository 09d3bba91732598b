//! Masters that are found by their sentinels, and that are not what they were after a failover.

use cachefn_backends::backend::Invalidated;
use cachefn_backends::redis::{Sentinel, Tls};
use cachefn_tests::{Authority, FakeServer, Options, Watched, logs, watch};
use tracing::Level;

use super::login::{is_said_clearly, refused, texts};
use super::*;

const PASSWORD: &str = Watched::PASSWORD;

/// The beginning of a server's names for entries.
fn stems(server: &RedisServer) -> Vec<String> {
    server.keys(":v:").iter().map(|name| name.split(":v:").next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn after_a_failover_by_hand_the_new_master_is_used_and_revives_nothing() {
    logs::capture();
    let watched = Watched::by(1, None).await;
    let [old, new] = &watched.servers;
    let backend = connected(watched.settings()).await;
    assert!(backend.0.address().starts_with("redis+sentinel://127.0.0.1:"), "{}", backend.0.address());
    put(&backend, "k", "1").await.unwrap();
    put(&backend, "other", "1").await.unwrap();
    until("it is replicated", || new.keys(":v:").len() == 2).await;
    let before = stems(old);
    watched.sentinels[0].ask::<()>(&["SENTINEL", "FAILOVER", "main"]);
    until("the loss is noticed", || backend.0.link().is_none()).await;
    used_again(&backend).await;
    assert_eq!(read(&backend, "other").await, None, "another server is a cold cache");
    assert_eq!(put(&backend, "k", "2").await, Ok(Filled::Stored));
    assert_eq!(read(&backend, "k").await.as_deref(), Some("2"));
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Applied);
    assert_eq!(read(&backend, "k").await, None);
    put(&backend, "k", "3").await.unwrap();
    let after: Vec<_> = stems(new).into_iter().filter(|stem| !before.contains(stem)).collect();
    assert_eq!(after.len(), 1, "names of its own in the new master: {:?}", new.keys(":v:"));
    // Once the old one is a replica, it has what the new one has.
    until("the old one follows", || stems(old).contains(&after[0])).await;
    let said = logs::lines(backend.0.address());
    let servers = said.iter().filter(|line| line.level == Level::INFO).map(|line| line.text.as_str());
    let servers: Vec<_> = servers.collect();
    for (line, server) in servers.iter().zip([old, new]) {
        assert!(line.contains(&format!("server=\"127.0.0.1:{}\"", server.port())), "{servers:?}");
    }
    assert!(logs::lines(PASSWORD).is_empty());
}

#[tokio::test]
async fn when_the_master_dies_the_one_that_most_sentinels_choose_is_used() {
    logs::capture();
    let mut watched = Watched::by(3, Some(PASSWORD)).await;
    let backend = connected(watched.settings()).await;
    put(&backend, "k", "1").await.unwrap();
    until("it is replicated", || watched.servers[1].keys(":v:").len() == 1).await;
    watched.servers[0].kill();
    until("the loss is noticed", || backend.0.state() == State::Degraded).await;
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Queued);
    // One of them is away too, the first to be asked.
    watched.sentinels[0].kill();
    used_again(&backend).await;
    assert_eq!((read(&backend, "k").await, backend.0.journal_len()), (None, 0));
    assert_eq!(put(&backend, "k", "2").await, Ok(Filled::Stored));
    assert_eq!(watched.servers[1].keys(":v:").len(), 2);
    assert!(logs::lines(PASSWORD).is_empty());
}

#[tokio::test]
async fn a_sentinel_that_still_names_a_replica_is_not_believed() {
    let master = RedisServer::start();
    let replica = RedisServer::start();
    replica.ask::<()>(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
    let names = |port: u16| {
        FakeServer::start(move |_| {
            format!("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{port}\r\n", port.to_string().len())
        })
    };
    let (wrong, right) = (names(replica.port()), names(master.port()));
    let sentinel = |others: &[&FakeServer]| {
        let others = others.iter().map(|fake| ("127.0.0.1".to_owned(), fake.port())).collect();
        Some(Sentinel { service: "main".into(), others })
    };
    let (redis, address) =
        refused(Settings { port: wrong.port(), sentinel: sentinel(&[]), ..master.settings() }).await;
    assert!(texts(&address, Level::WARN)[0].contains("no master, or not yet"));
    drop(redis);
    let (_redis, address) =
        refused(Settings { port: wrong.port(), sentinel: sentinel(&[&wrong]), db: 1, ..master.settings() })
            .await;
    assert!(texts(&address, Level::WARN)[0].contains("no master, or not yet"));
    let settings =
        Settings { port: wrong.port(), sentinel: sentinel(&[&wrong, &right]), ..master.settings() };
    let backend = connected(settings).await;
    assert_eq!(put(&backend, "k", "1").await, Ok(Filled::Stored));
    assert_eq!(master.keys(":v:").len(), 1);
}

#[tokio::test]
async fn a_master_that_no_sentinel_names_any_more_is_left_though_it_answers() {
    logs::capture();
    let masters = [RedisServer::start(), RedisServer::start()];
    let ports = [masters[0].port(), masters[1].port()];
    let (named, other) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let fake = |named: &Arc<AtomicUsize>| {
        let named = Arc::clone(named);
        FakeServer::start(move |_| {
            let port = ports[named.load(Ordering::SeqCst)].to_string();
            format!("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{port}\r\n", port.len())
        })
    };
    let (first, second) = (fake(&named), fake(&other));
    let others = vec![("127.0.0.1".to_owned(), second.port())];
    let sentinel = Some(Sentinel { service: "main".into(), others });
    let backend = connected(Settings { port: first.port(), sentinel, ..masters[0].settings() }).await;
    put(&backend, "k", "1").await.unwrap();
    named.store(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    assert!(texts(backend.0.address(), Level::WARN).is_empty(), "one of them still names it");
    other.store(1, Ordering::SeqCst);
    until("it is left", || !texts(backend.0.address(), Level::WARN).is_empty()).await;
    used_again(&backend).await;
    assert_eq!(read(&backend, "k").await, None);
    put(&backend, "k", "2").await.unwrap();
    assert_eq!((masters[0].keys(":v:").len(), masters[1].keys(":v:").len()), (1, 1));
}

#[tokio::test]
async fn sentinels_that_do_not_know_the_master_or_let_nobody_in_are_said_to() {
    let options = watch(1, 1, Some(PASSWORD));
    let sentinel = RedisServer::with(options);
    let settings = |db, service: &str, password: &str| Settings {
        db,
        sentinel: Some(Sentinel { service: service.into(), others: Vec::new() }),
        password: Some(password.into()),
        username: Some("app".into()),
        ..sentinel.settings()
    };
    is_said_clearly(settings(1, "unknown", PASSWORD), "know no master of that name, see REDIS_URL").await;
    is_said_clearly(settings(2, "main", "sesame-wrong"), "sentinels refuse user name or password").await;
    assert!(logs::lines("sesame-w").is_empty());
    let mut gone = RedisServer::start();
    gone.kill();
    let (_redis, address) = refused(Settings { port: gone.port(), ..settings(3, "main", "x") }).await;
    assert!(texts(&address, Level::WARN)[0].contains("no sentinel answers"));
}

#[tokio::test]
async fn sentinels_and_the_master_are_reached_by_tls() {
    let authority = Authority::new();
    let options = |options: Options| Options { certificate: Some(authority.vouch("127.0.0.1")), ..options };
    let master =
        RedisServer::with(options(Options { password: Some(PASSWORD.into()), ..Options::default() }));
    let watching = watch(master.tls_port(), 1, None).line(&["tls-replication", "yes"]);
    let sentinel = RedisServer::with(options(watching));
    let tls = Some(Tls { ca_file: Some(authority.file()) });
    let service = Some(Sentinel { service: "main".into(), others: Vec::new() });
    let settings = Settings { port: sentinel.tls_port(), tls, sentinel: service, ..master.settings() };
    let backend = connected(settings).await;
    assert_eq!(put(&backend, "k", "1").await, Ok(Filled::Stored));
    assert!(backend.0.address().starts_with("rediss+sentinel://"));
    assert_eq!(master.keys(":v:").len(), 1);
}
