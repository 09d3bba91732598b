//! Cached functions of this very process with Redis behind them: every value goes through its bytes.
#![allow(missing_docs)]

#[path = "../both/mod.rs"]
mod both;
mod landing;
mod levels;
mod poisoned;
mod stored;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use cachefn::{Config, Invalidated, cached};
use cachefn_tests::{Options, RedisServer, logs, until};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

/// A server for the tests that run at the moment; the last of them ends it.
async fn redis() -> Arc<RedisServer> {
    static SERVER: Mutex<Weak<RedisServer>> = Mutex::const_new(Weak::new());
    let mut current = SERVER.lock().await;
    if let Some(server) = current.upgrade() {
        return server;
    }
    logs::capture();
    // As a user who may do what the README says, and nothing else.
    let rules = "~cachefn@* -@all +ping +time +mget +set +unlink +ttl +pttl +expire +evalsha +script|load +info \
                 +client|tracking +client|caching +append";
    let user: Vec<_> = ["user", "app", "on", ">of-app"].into_iter().chain(rules.split(' ')).collect();
    let server = Arc::new(RedisServer::with(Options::default().line(&user)));
    let config = Config::builder()
        .enabled(true)
        .redis_enabled(true)
        .redis_host("127.0.0.1")
        .redis_port(server.port())
        .redis_username("app")
        .redis_password("of-app")
        // Every call asks.
        .near(false)
        .secret("what sensitive keys are hidden with")
        // Long enough for a busy machine: no test here is about time.
        .redis_timeout(Duration::from_secs(5));
    cachefn::shutdown().await;
    cachefn::init_with(config.build().unwrap()).await.unwrap();
    until("Redis is used", || cachefn::status().redis.is_some_and(|redis| redis.connected)).await;
    *current = Arc::downgrade(&server);
    server
}

/// What the tests of both kinds have behind them in this process.
async fn cache() -> Arc<RedisServer> {
    redis().await
}

#[derive(Default)]
struct Runs(AtomicU32);

impl Runs {
    fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn get(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Plain {
    id: u64,
    names: HashMap<String, Option<u8>>,
    when: Duration,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Skipping {
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u8>,
    second: Vec<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    id: u8,
    #[serde(flatten)]
    rest: HashMap<String, u8>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u8),
    Text(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    One { a: u8 },
    Two { b: f64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Gap {
    A,
    #[serde(skip)]
    #[expect(dead_code, reason = "it is there to be skipped")]
    B,
    C,
    D,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Floats([f64; 3]);

/// One cached function for a type, called until it is a hit, and what it answered each time.
macro_rules! survives {
    ($($name:ident: $type:ty = $value:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            #[cached(namespace = "survives", key = "{fn}")]
            async fn $name(runs: &Runs) -> $type {
                runs.next();
                $value
            }

            let _server = redis().await;
            let runs = Runs::default();
            let value: $type = $value;
            assert_eq!($name(&runs).await, value);
            assert_eq!($name(&runs).await, value);
            assert_eq!(runs.get(), 1, "the second call is a hit");
        }
    )*};
}

survives! {
    a_struct_survives: Plain = Plain {
        id: u64::MAX,
        names: HashMap::from([("a".into(), Some(1)), (String::new(), None)]),
        when: Duration::from_nanos(1),
    };
    fields_that_are_left_out_survive: Skipping = Skipping { first: None, second: vec![vec![0]] };
    fields_that_are_not_left_out_survive: Skipping = Skipping { first: Some(1), second: vec![] };
    flattened_fields_survive: Flat = Flat { id: 1, rest: HashMap::from([("x".into(), 2)]) };
    untagged_variants_survive: Vec<Untagged> = vec![Untagged::Number(1), Untagged::Text("1".into())];
    tagged_variants_survive: Vec<Tagged> = vec![Tagged::One { a: 1 }, Tagged::Two { b: 0.1 + 0.2 }];
    variants_behind_a_skipped_one_survive: [Gap; 3] = [Gap::A, Gap::C, Gap::D];
    json_values_survive: serde_json::Value = serde_json::json!({"a": [1, null, "x"], "b": 1.5});
    shared_values_survive: Result<Arc<str>, ()> = Ok("shared".into());
    nested_options_survive: Option<Option<u8>> = Some(None);
    floats_survive: Floats = Floats([f64::MIN_POSITIVE, -0.0, f64::INFINITY]);
}

#[tokio::test]
async fn of_a_result_only_ok_is_stored_and_of_an_option_only_some() {
    #[cached(namespace = "shapes", key = which)]
    async fn get(which: u8, runs: &Runs) -> Result<Option<u32>, std::rc::Rc<str>> {
        let run = runs.next();
        match which {
            0 => Err("none".into()),
            1 => Ok(None),
            _ => Ok(Some(run)),
        }
    }

    let server = redis().await;
    let runs = Runs::default();
    for expected in 1..=2 {
        assert!(get(0, &runs).await.is_err());
        assert_eq!(runs.get(), expected);
    }
    for expected in 3..=4 {
        assert_eq!(get(1, &runs).await, Ok(None));
        assert_eq!(runs.get(), expected);
    }
    assert_eq!((get(2, &runs).await, get(2, &runs).await), (Ok(Some(5)), Ok(Some(5))));
    let stats = cachefn::stats();
    let function = stats.functions.iter().find(|one| one.namespace == "shapes").unwrap();
    assert_eq!((function.hits, function.misses, function.fills, function.errors), (1, 5, 1, 2));
    assert!(server.keys(":l:").iter().all(|key| !key.contains("shapes")), "a lease was left behind");
}

#[tokio::test]
async fn a_value_that_cannot_be_stored_is_returned_all_the_same() {
    #[cached(namespace = "large", key = size)]
    async fn get(size: usize, runs: &Runs) -> Vec<u8> {
        runs.next();
        vec![7; size]
    }

    let _server = redis().await;
    let runs = Runs::default();
    for size in [(1 << 20) - 100, 1 << 21] {
        assert_eq!(get(size, &runs).await.len(), size);
        assert_eq!(get(size, &runs).await.len(), size);
    }
    assert_eq!(runs.get(), 2, "memory keeps the larger one");
    assert_eq!(cachefn::stats().functions.iter().find(|one| one.namespace == "large").unwrap().unfit, 1);
}

#[tokio::test]
async fn a_refresh_stores_and_one_that_finds_nothing_removes() {
    #[cached(namespace = "refresh", key = "it")]
    async fn get(there: bool, runs: &Runs) -> Option<u32> {
        let run = runs.next();
        there.then_some(run)
    }

    let _server = redis().await;
    let runs = Runs::default();
    assert_eq!(get(true, &runs).await, Some(1));
    assert_eq!(refresh_get(true, &runs).await, Some(2));
    assert_eq!(get(true, &runs).await, Some(2));
    assert_eq!(refresh_get(false, &runs).await, None);
    assert_eq!(get(true, &runs).await, Some(4));
    assert_eq!(invalidate_get().await, Invalidated::Applied);
    assert_eq!(get(true, &runs).await, Some(5));
}

struct Repo<T>(Runs, T);

impl<T: Copy + Into<u64>> Repo<T> {
    #[cached(namespace = "generic", key = id)]
    pub(crate) async fn get(&self, id: u8) -> String {
        format!("{id} {} {}", self.0.next(), std::any::type_name::<T>())
    }
}

#[tokio::test]
async fn instances_of_a_generic_method_have_entries_of_their_own_and_one_invalidation() {
    let _server = redis().await;
    let (small, large) = (Repo(Runs::default(), 1_u8), Repo(Runs::default(), 1_u64));
    for _ in 0..2 {
        assert_eq!(small.get(1).await, "1 1 u8");
        assert_eq!(large.get(1).await, "1 1 u64");
    }
    Repo::<u8>::invalidate_get(1).await;
    assert_eq!(small.get(1).await, "1 2 u8");
    assert_eq!(large.get(1).await, "1 2 u64");
}

mod first {
    #[cachefn::cached(namespace = "meeting", key = id)]
    pub(super) async fn get(id: u64) -> u32 {
        u32::try_from(id).unwrap() + 1
    }
}

mod second {
    #[cachefn::cached(namespace = "meeting", key = id)]
    pub(super) async fn get(id: u64) -> u32 {
        u32::try_from(id).unwrap() + 2
    }
}

#[tokio::test]
async fn functions_of_one_name_and_type_never_meet_and_it_is_said_once() {
    let _server = redis().await;
    for _ in 0..3 {
        assert_eq!(first::get(7).await, 8);
        assert_eq!(second::get(7).await, 9);
    }
    let said = logs::lines("another function stores under the same key");
    assert_eq!(said.iter().filter(|line| line.text.contains("meeting")).count(), 2, "once for each of them");
}

#[tokio::test]
async fn a_body_dropped_half_way_gives_its_lease_back() {
    #[cached(namespace = "dropped", key = "it")]
    async fn get(runs: &Runs) -> u32 {
        if runs.next() == 1 {
            std::future::pending::<()>().await;
        }
        7
    }

    let server = redis().await;
    let runs = Runs::default();
    assert!(tokio::time::timeout(Duration::from_millis(100), get(&runs)).await.is_err());
    until("the lease is given back", || server.keys(":l:dropped").is_empty()).await;
    assert_eq!(get(&runs).await, 7);
}

#[tokio::test]
async fn a_paused_clock_does_not_make_redis_late() {
    let _server = redis().await;
    let paused = std::thread::spawn(|| {
        #[cached(namespace = "paused", key = "it")]
        async fn get(runs: &Runs) -> u32 {
            runs.next()
        }

        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let runs = Runs::default();
            (get(&runs).await, get(&runs).await)
        })
    });
    assert_eq!(paused.join().unwrap(), (1, 1));
}

#[tokio::test]
async fn an_instance_that_stays_out_of_redis_shares_what_redis_says_nothing_came_between() {
    use tokio::sync::Semaphore;

    // Two instances whose names are the same: the second one stays out of Redis, where nobody could tell them apart.
    #[cached(namespace = "alike", key = 1)]
    async fn get<F: Fn() -> Option<u8> + Send>(
        make: F,
        entered: Arc<Semaphore>,
        gate: Arc<Semaphore>,
    ) -> Option<u8> {
        entered.add_permits(1);
        gate.acquire().await.unwrap().forget();
        make()
    }

    let _server = redis().await;
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)));
    assert_eq!(get(|| Some(1), Arc::clone(&entered), Arc::clone(&gate)).await, Some(1));
    entered.acquire().await.unwrap().forget();

    let nothing = || None;
    let gate = Arc::new(Semaphore::new(0));
    let call = || tokio::spawn(get(nothing, Arc::clone(&entered), Arc::clone(&gate)));
    let (first, second) = (call(), call());
    entered.acquire().await.unwrap().forget();
    // By then the other follows. If it does not, its body ends too.
    gate.add_permits(2);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (None, None));
    assert_eq!(entered.available_permits(), 0, "one body for both");
}
