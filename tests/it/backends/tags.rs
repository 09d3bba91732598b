//! Tags that only the value names, and the log of invalidated tags that its fill looks at.

use cachefn_backends::backend::Invalidated;
use cachefn_backends::place::Group;
use cachefn_tests::{Cluster, Options};

use super::permits::{NEEDED, as_user, with_user};
use super::*;

/// More than a log keeps.
const MANY: usize = 2_100;

fn open() -> Place {
    place("k").open()
}

fn tags(tags: &[&str]) -> Vec<Target> {
    tags.iter().map(|tag| Target::Group(Group::tag(tag))).collect()
}

async fn begin_open(backend: &Direct) -> RedisLease {
    match backend.acquire(&open(), false).await.unwrap() {
        Acquired::Granted(lease) => lease,
        other => panic!("{other:?}"),
    }
}

/// Ends a fill whose value has the tag `own`.
async fn end(backend: &Direct, lease: RedisLease) -> Filled {
    let draft = Draft { tags: vec![Group::tag("own")], ..draft("1") };
    backend.fill(&open(), lease, draft, LIFE).await.unwrap()
}

async fn strike(backend: &Direct, tags_: &[&str]) {
    assert_eq!(backend.0.invalidate(tags(tags_)).await, Invalidated::Applied);
}

/// The name of the log, if there is one.
fn log(server: &RedisServer) -> Option<String> {
    server.keys("test@").into_iter().find(|name| name.ends_with(":t"))
}

/// What an invalidation of another tag and of the value's own makes of a fill that is under way.
async fn outcomes(backend: &Direct) -> [Filled; 2] {
    let mut outcomes = Vec::new();
    for tag in ["other", "own"] {
        let lease = begin_open(backend).await;
        strike(backend, &[tag]).await;
        outcomes.push(end(backend, lease).await);
    }
    outcomes.try_into().unwrap()
}

#[tokio::test]
async fn a_log_that_is_lost_refuses_what_is_under_way_and_nothing_else() {
    let server = RedisServer::start();
    let backend = connected(server.settings()).await;
    for lost in ["DEL", "SET", "SADD"] {
        let lease = begin_open(&backend).await;
        let name = log(&server).unwrap();
        server.ask::<i64>(&["DEL", &name]);
        if lost != "DEL" {
            server.ask::<()>(&[lost, &name, "foreign"]);
        }
        // What comes to be without a head is no log.
        strike(&backend, &["other"]).await;
        assert_eq!(end(&backend, lease).await, Filled::Refused, "{lost}");
        let lease = begin_open(&backend).await;
        strike(&backend, &["other"]).await;
        assert_eq!(end(&backend, lease).await, Filled::Stored, "{lost}");
        assert_eq!(outcomes(&backend).await, [Filled::Stored, Filled::Refused], "{lost}");
    }
}

#[tokio::test]
async fn a_log_that_only_invalidations_have_begun_clears_no_fill() {
    let server = RedisServer::start();
    let backend = connected(server.settings()).await;
    for _ in 0..2 {
        let lease = begin_open(&backend).await;
        server.ask::<i64>(&["DEL", &log(&server).unwrap()]);
        // The same bytes stand there, whatever was appended when.
        strike(&backend, &["own"]).await;
        let bytes: Vec<u8> = server.ask(&["GET", &log(&server).unwrap()]);
        assert_eq!(bytes.len(), 8);
        assert_eq!(end(&backend, lease).await, Filled::Refused);
    }
}

#[tokio::test]
async fn logs_are_bounded_and_expire() {
    let server = RedisServer::start();
    let backend = connected(server.settings()).await;
    let name = {
        drop(begin_open(&backend).await);
        log(&server).unwrap()
    };
    let length = || server.ask::<usize>(&["STRLEN", &name]);
    let life = || server.ask::<i64>(&["TTL", &name]);
    assert!((600..=1_200).contains(&life()), "as long as any fill may take: {}", life());
    // Far more than it keeps, while nobody fills anything.
    let mut longest = 0;
    for number in 0..3 * MANY {
        strike(&backend, &[&number.to_string()]).await;
        longest = longest.max(length());
    }
    assert!((20_000..=33_000).contains(&longest), "{longest} bytes");
    // Once more, while fills begin: then only what is older than the last thousand is forgotten.
    let (mut oldest, mut refused) = (None, 0);
    for number in 0..2 * MANY {
        strike(&backend, &[&number.to_string()]).await;
        if number % 300 == 0 {
            let lease = begin_open(&backend).await;
            refused += usize::from(match oldest.replace(lease) {
                Some(oldest) => end(&backend, oldest).await == Filled::Refused,
                None => false,
            });
        }
    }
    assert_eq!(refused, 0);
    assert!(length() <= 20_000, "{} bytes", length());
    assert!((600..=1_200).contains(&life()));
    let lease = begin_open(&backend).await;
    for number in 0..MANY {
        strike(&backend, &[&number.to_string()]).await;
    }
    drop(begin_open(&backend).await);
    assert_eq!(end(&backend, lease).await, Filled::Refused, "so many overtook it that it is not known");
    // So many at one time are not appended.
    let all: Vec<_> = (0..MANY).map(|number| number.to_string()).collect();
    let lease = begin_open(&backend).await;
    strike(&backend, &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(log(&server), None);
    assert_eq!(end(&backend, lease).await, Filled::Refused);
    assert_eq!(outcomes(&backend).await, [Filled::Stored, Filled::Refused]);
}

#[tokio::test]
async fn a_full_server_lets_tags_be_invalidated_and_no_stale_value_in() {
    let server = RedisServer::with(Options::default().line(&["maxmemory-policy", "noeviction"]));
    let backend = connected(server.settings()).await;
    let lease = begin_open(&backend).await;
    server.ask::<()>(&["CONFIG", "SET", "maxmemory", "1mb"]);
    strike(&backend, &["own"]).await;
    server.ask::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(end(&backend, lease).await, Filled::Refused);
    assert_eq!(outcomes(&backend).await, [Filled::Stored, Filled::Refused]);
}

#[tokio::test]
async fn who_may_not_append_loses_fills_and_lets_no_stale_value_in() {
    let server = with_user("guest", NEEDED.into_iter().chain(["+info"]));
    let backend = connected(as_user(&server, "guest")).await;
    assert_eq!(outcomes(&backend).await, [Filled::Refused; 2]);
    let lease = begin_open(&backend).await;
    assert_eq!(end(&backend, lease).await, Filled::Stored);
    server.ask::<()>(&["ACL", "SETUSER", "guest", "+append"]);
    let backend = connected(as_user(&server, "guest")).await;
    assert_eq!(outcomes(&backend).await, [Filled::Stored, Filled::Refused]);
}

#[tokio::test]
async fn a_cluster_has_a_log_in_every_bucket() {
    let cluster = Cluster::start().await;
    let backend = connected(cluster.settings()).await;
    for key in 0..40 {
        let (place, tags) = (place(&format!("k{key}")).open(), vec![Group::tag("own")]);
        for (tag, expected) in [("other", Filled::Stored), ("own", Filled::Refused)] {
            let Acquired::Granted(lease) = backend.acquire(&place, false).await.unwrap() else {
                panic!("it is free")
            };
            strike(&backend, &[tag]).await;
            let draft = Draft { tags: tags.clone(), ..draft("1") };
            assert_eq!(backend.fill(&place, lease, draft, LIFE).await, Ok(expected), "{key} {tag}");
        }
    }
}

#[tokio::test]
async fn while_a_slot_is_on_its_way_a_tag_reaches_every_fill() {
    let cluster = Cluster::start().await;
    let backend = connected(cluster.settings()).await;
    // What has moved already: nothing, the log, the generations, everything.
    for (round, part) in ["none", ":t", ":g:", ""].into_iter().enumerate() {
        let lease = begin_open(&backend).await;
        assert_eq!(end(&backend, lease).await, Filled::Stored);
        let lease = begin_open(&backend).await;
        let name = cluster.keys(":v:k").remove(0);
        let slot = cluster.slot(&name);
        let (from, to) = match Cluster::first_server(slot) {
            first if round % 2 == 0 => (first, (first + 1) % 3),
            first => ((first + 1) % 3, first),
        };
        let (from, to) = (&cluster.masters[from], &cluster.masters[to]);
        cluster.begin_moving(slot, from, to);
        let bucket = name.split('}').next().unwrap().to_owned() + "}";
        let is_moved = |name: &String| name.starts_with(&bucket) && (part != ":t" || name.ends_with(":t"));
        let moved: Vec<_> = from.keys(part).into_iter().filter(is_moved).collect();
        if !moved.is_empty() {
            cluster.move_keys(&moved, from, to);
        }
        strike(&backend, &["own"]).await;
        assert!(!matches!(backend.lookup(&open()).await, Ok(Lookup::Hit(_))), "{part}");
        cluster.finish_moving(slot, from, to);
        cluster.agrees().await;
        assert_eq!(end(&backend, lease).await, Filled::Refused, "{part}");
        assert_eq!(read(&backend, "k").await, None, "{part}");
    }
}
