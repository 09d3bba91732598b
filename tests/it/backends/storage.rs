//! What is stored, and what others put there.

use cachefn_backends::backend::Absence;
use cachefn_tests::Options;

use super::*;

async fn absence(backend: &Direct, key: &str) -> Absence {
    match backend.lookup(&place(key)).await.expect("Redis answers") {
        Lookup::Miss(absence) => absence,
        Lookup::Hit(_) => panic!("a hit"),
    }
}

#[tokio::test]
async fn foreign_bytes_are_a_miss_and_healed_by_a_fill() {
    let server = RedisServer::start();
    let backend = connected(server.settings()).await;
    put(&backend, "k", "value").await.unwrap();
    let name = server.keys(":v:k").remove(0);
    let mut damaged: Vec<u8> = server.ask(&["GET", &name]);
    *damaged.last_mut().unwrap() ^= 1;

    let mut connection = server.connection();
    for bytes in [b"".as_slice(), b"x", &[0xff; 500], &damaged] {
        redis::cmd("SET").arg(&name).arg(bytes).exec(&mut connection).unwrap();
        assert_eq!(absence(&backend, "k").await, Absence::Foreign);
        let accepting = backend.acquire(&place("k"), true).await.unwrap();
        assert!(matches!(accepting, Acquired::Granted(_)), "nobody can use what stands there");
        assert_eq!(put(&backend, "k", "healed").await, Ok(Filled::Stored));
        assert_eq!(read(&backend, "k").await.as_deref(), Some("healed"));
    }
}

#[tokio::test]
async fn keys_of_another_type_are_a_miss_and_healed_by_a_fill() {
    let server = RedisServer::start();
    let backend = connected(server.settings()).await;
    put(&backend, "k", "value").await.unwrap();
    let lease = begin(&backend, "k").await.unwrap();
    let names = server.keys("test@");
    assert_eq!(names.len(), 6, "value, lease, four generations: {names:?}");
    drop(lease);
    for name in names {
        for foreign in ["LPUSH", "SADD", "APPEND"] {
            if foreign != "APPEND" {
                server.ask::<i64>(&["DEL", &name]);
            }
            server.ask::<i64>(&[foreign, &name, "x"]);
            assert_eq!(put(&backend, "k", "healed").await, Ok(Filled::Stored), "{foreign} {name}");
            assert_eq!(read(&backend, "k").await.as_deref(), Some("healed"), "{foreign} {name}");
        }
    }
}

#[tokio::test]
async fn whatever_redis_evicts_costs_entries_and_revives_none() {
    let server = RedisServer::start();
    let backend = connected(server.settings()).await;
    put(&backend, "k", "old").await.unwrap();
    for group in server.keys(":g:") {
        let bytes: Vec<u8> = server.ask(&["GET", &group]);
        put(&backend, "k", "old").await.unwrap();
        let running = begin(&backend, "k").await.unwrap();
        server.ask::<i64>(&["DEL", &group]);
        assert!(matches!(absence(&backend, "k").await, Absence::Invalidated(Some(_))));
        assert_eq!(backend.fill(&place("k"), running, draft("late"), LIFE).await, Ok(Filled::Refused));
        drop(begin(&backend, "k").await.unwrap());
        assert!(matches!(absence(&backend, "k").await, Absence::Invalidated(Some(_))));
        assert_ne!(server.ask::<Vec<u8>>(&["GET", &group]), bytes);
    }
}

#[tokio::test]
async fn generations_outlive_entries_and_leases_leave_nothing_behind() {
    let server = RedisServer::start();
    let backend = connected(server.settings()).await;
    put(&backend, "short", "1").await.unwrap();
    let (place, lease) = (place("long"), begin(&backend, "long").await.unwrap());
    let year = Duration::from_secs(365 * 86_400);
    assert_eq!(backend.fill(&place, lease, draft("2"), year).await, Ok(Filled::Stored));
    let entry: i64 = server.ask(&["PTTL", &server.keys(":v:long")[0]]);
    for group in server.keys(":g:") {
        assert!(server.ask::<i64>(&["PTTL", &group]) > entry, "{group}");
    }
    let (first, second) = (begin(&backend, "k").await.unwrap(), begin(&backend, "k").await.unwrap());
    let place = super::place("k");
    backend.fill(&place, first, draft("3"), LIFE).await.unwrap();
    let life: i64 = server.ask(&["PTTL", &server.keys(":l:k")[0]]);
    assert!((590_000..=600_000).contains(&life), "{life} ms");
    backend.release(&place, second, false).await.unwrap();
    assert_eq!(server.keys(":l:"), Vec::<String>::new());
}

#[tokio::test]
async fn the_longest_and_the_shortest_life_are_accepted() {
    let server = RedisServer::start();
    let backend = connected(server.settings()).await;
    for life in [Duration::MAX, Duration::ZERO, Duration::from_nanos(1)] {
        let lease = begin(&backend, "k").await.unwrap();
        assert_eq!(backend.fill(&place("k"), lease, draft("1"), life).await, Ok(Filled::Stored));
    }
}

#[tokio::test]
async fn scripts_that_the_server_forgot_are_loaded_again() {
    let server = RedisServer::start();
    let backend = connected(server.settings()).await;
    server.ask::<()>(&["SCRIPT", "FLUSH"]);
    let lease = begin(&backend, "k").await.unwrap();
    server.ask::<()>(&["SCRIPT", "FLUSH"]);
    assert_eq!(backend.fill(&place("k"), lease, draft("1"), LIFE).await, Ok(Filled::Stored));
    assert_eq!(read(&backend, "k").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_full_server_stores_nothing_and_still_reads_and_invalidates() {
    let options = Options::default().line(&["maxmemory-policy", "noeviction"]);
    let server = RedisServer::with(options);
    let backend = connected(server.settings()).await;
    put(&backend, "k", "1").await.unwrap();
    let lease = begin(&backend, "other").await.unwrap();
    server.ask::<()>(&["CONFIG", "SET", "maxmemory", "1mb"]);

    let full = Err(Error::new(ErrorKind::Full));
    assert_eq!(backend.fill(&place("other"), lease, draft("2"), LIFE).await, full);
    assert_eq!(begin(&backend, "third").await.map(drop), full.map(drop));
    assert_eq!(backend.0.state(), State::Connected);
    assert_eq!(read(&backend, "k").await.as_deref(), Some("1"));
    let answer = backend.0.invalidate(key("k")).await;
    assert_eq!(answer, cachefn_backends::backend::Invalidated::Applied);
    assert_eq!(read(&backend, "k").await, None);
    assert_eq!(backend.0.state(), State::Connected);

    server.ask::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(put(&backend, "k", "3").await, Ok(Filled::Stored));
}
