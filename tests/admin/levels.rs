//! What a listing shows is what an invalidation by the same name removes: in memory, in Redis, in a cluster.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use cachefn::{Config, ConfigBuilder, Outcome, cached, observe};
use cachefn_tests::{Cluster, RedisServer, until};
use serde::{Deserialize, Serialize};

use super::keys::walk;
use super::{Turn, delete};

#[cached(namespace = "lv", key = id)]
async fn plain(id: u32) -> u32 {
    id
}

#[cached(namespace = "lv2", key = id)]
async fn neighbour(id: u32) -> u32 {
    id
}

#[cached(namespace = "lv")]
async fn paged(name: &str, page: Option<u32>) -> Option<u32> {
    Some(page.unwrap_or_default() + u32::from(name.is_empty()))
}

#[cached(namespace = "lv")]
async fn nothing() -> u32 {
    0
}

#[cached(namespace = "lv", key = "{id}:{fn}")]
async fn template(id: u32) -> u32 {
    id
}

#[cached(namespace = "lv", key = "{namespace}:{a}-{b}:x:{a}")]
async fn mixed(a: &str, b: &str) -> String {
    format!("{a} {b}")
}

#[cached(namespace = "lv:{org}:shops", key = "{id}:single")]
async fn spaced(org: &str, id: u32) -> String {
    format!("{org} {id}")
}

#[cached(namespace = "lv", sensitive)]
async fn hidden(card: &str) -> usize {
    card.len()
}

#[cached(namespace = "lv", key = "{card}:{fn}", sensitive)]
async fn hidden_template(card: &str) -> usize {
    card.len()
}

#[cached(namespace = "lv", key = "{id}:of:{shop}:single")]
async fn by_uuid(id: u32, shop: uuid::Uuid) -> u32 {
    id
}

#[cached(namespace = "lv", key = "{id}:typed")]
async fn of_type<T: Default + Clone + Send + Sync + Serialize + for<'de> Deserialize<'de> + 'static>(
    id: u32,
) -> (u32, T) {
    (id, T::default())
}

struct Repo;

impl Repo {
    #[cached(namespace = "lv", skip(self))]
    async fn get(&self, id: u32) -> u32 {
        id
    }

    #[cached(namespace = "lv", skip(self))]
    async fn all(&self) -> u32 {
        0
    }
}

async fn set(namespace: &str, key: &str) -> u8 {
    cachefn::cache().namespace(namespace).get_or_fill(key, || async { 1 }).await
}

type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Calls of all kinds of keys, made anew each time.
fn calls() -> Vec<Call> {
    macro_rules! calls {
        ($($call:expr),* $(,)?) => { vec![$(Box::pin(async move { let _ = $call.await; }) as Call),*] };
    }
    let long = "long text/".repeat(30);
    let (first, second) = (long.clone(), long.clone());
    calls![
        plain(1),
        plain(12),
        neighbour(1),
        paged("a:b", None),
        paged("a:b", Some(1)),
        paged("", Some(1)),
        paged("50%", Some(1)),
        paged(&first, Some(1)),
        nothing(),
        template(1),
        template(12),
        mixed("a-b", "c"),
        mixed("a", ""),
        mixed(&second, "c"),
        spaced("", 1),
        spaced("a b", 1),
        spaced("%41", 1),
        spaced("A", 1),
        spaced(&long, 1),
        hidden("4556"),
        hidden_template("4556"),
        by_uuid(1, uuid::Uuid::from_u128(9)),
        of_type::<u8>(1),
        of_type::<String>(2),
        of_type::<String>(12),
        Repo.get(1),
        Repo.all(),
        set("lv", "1"),
        set("lv:1", "a b"),
        set("lv::1:", "c:d"),
        set("", "lv"),
    ]
}

/// The keys of all calls, each with whether it was found; those that were not are stored by that.
async fn read() -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for call in calls() {
        let ((), report) = observe(call).await;
        let [call] = report.calls.as_slice() else { panic!("{report:?}") };
        found.push((call.key.clone(), call.outcome == Outcome::Hit));
    }
    found
}

/// Names that cover some of the keys, or nothing: pieces of keys, as they stand there and as they were before.
fn names(keys: &BTreeSet<String>, count: usize, seed: u64) -> BTreeSet<String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut names: BTreeSet<String> = [
        "lv",
        "lv2",
        "l",
        "lv:",
        ":lv",
        "lv::1",
        "lv:%e",
        "lv::shops",
        "%",
        "%e",
        "*",
        "lv:*",
        "cache",
        "lv:Repo",
        "lv:Repo::all",
        "lv:a b:shops",
    ]
    .map(str::to_owned)
    .into();
    let keys: Vec<&str> =
        keys.iter().map(|key| key.strip_prefix("cachefn:").expect("it is the prefix")).collect();
    names.extend(keys.iter().map(|key| (*key).to_owned()));
    while names.len() < count {
        let key = *random.choice(&keys).expect("there are some");
        let cuts: Vec<_> = match random.u8(..4) {
            0 => key.char_indices().map(|(at, _)| at).filter(|at| *at > 0).collect(),
            _ => key.match_indices(':').map(|(at, _)| at).collect(),
        };
        let Some(cut) = random.choice(cuts) else { continue };
        let name = &key[..cut];
        names.insert(match random.u8(..8) {
            0 => name.replace("%20", " ").replace("%25", "%").replace("%3A", ":").replace('"', ""),
            1 => name.replace("%20", " ").replace("%e", "").replace('"', ""),
            2 => name.replace(':', "::"),
            3 => format!("{name}:"),
            4 => format!("{name}{}", random.char('a'..='c')),
            _ => name.to_owned(),
        });
    }
    names.remove("");
    names
}

fn in_url(name: &str) -> String {
    name.bytes().fold(String::new(), |url, byte| format!("{url}%{byte:02X}"))
}

/// Checks it for so many names.
async fn agree(count: usize) {
    read().await;
    let stored = read().await;
    assert!(stored.iter().all(|(_, found)| *found), "{stored:?}");
    let all: BTreeSet<_> = stored.into_iter().map(|(key, _)| key).collect();
    assert_eq!(walk("").await, all);
    let seed = fastrand::u64(..);
    let mut empty = 0;
    for name in names(&all, count, seed) {
        let listed = walk(&format!("namespace={}", in_url(&name))).await;
        assert_eq!(delete(&format!("?namespace={}", in_url(&name))).await.body["invalidated"], "applied");
        let gone: BTreeSet<_> =
            read().await.into_iter().filter(|(_, found)| !found).map(|(key, _)| key).collect();
        assert_eq!(listed, gone, "{name:?} of the names of {seed}");
        empty += usize::from(listed.is_empty());
    }
    assert!(empty > 0 && empty < count * 2 / 3, "{empty} of {count} names cover nothing");
}

async fn used(config: ConfigBuilder) -> Turn {
    let config = config
        .enabled(true)
        .redis_enabled(true)
        .redis_host("127.0.0.1")
        .redis_timeout(Duration::from_secs(10))
        .secret("what sensitive keys are hidden with");
    let turn = Turn::take(config).await;
    until("Redis is used", || cachefn::status().redis.is_some_and(|redis| redis.connected)).await;
    turn
}

#[tokio::test]
async fn what_is_listed_in_memory_is_what_goes() {
    let _turn = Turn::take(Config::builder().enabled(true).secret("any")).await;
    agree(300).await;
}

#[tokio::test]
async fn what_is_listed_in_redis_is_what_goes() {
    for near in [false, true] {
        let server = RedisServer::start();
        let _turn = used(Config::builder().redis_port(server.port()).near(near)).await;
        agree(80).await;
    }
}

#[tokio::test]
async fn what_is_listed_in_a_cluster_is_what_goes() {
    let cluster = Cluster::start().await;
    let _turn = used(Config::builder().redis_cluster(true).redis_port(cluster.settings().port)).await;
    agree(60).await;
}
