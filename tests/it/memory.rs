//! Cached functions with memory behind them.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cachefn::{Config, Invalidated, Mode, cached};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// The cache of this process, set up once; every test has functions of its own.
pub(crate) async fn memory() {
    static READY: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    let init = || async {
        cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    };
    READY.get_or_init(init).await;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) version: u32,
}

/// Counts what a database would have to do, and makes readers wait at a gate.
pub(crate) struct Db {
    pub(crate) reads: AtomicU32,
    version: AtomicU32,
    entered: Semaphore,
    gate: Semaphore,
}

impl Db {
    pub(crate) fn new() -> Arc<Self> {
        Self::with_gate(Semaphore::MAX_PERMITS)
    }

    /// Readers wait until [`Db::open`].
    pub(crate) fn closed() -> Arc<Self> {
        Self::with_gate(0)
    }

    pub(crate) fn with_gate(permits: usize) -> Arc<Self> {
        let (entered, gate) = (Semaphore::new(0), Semaphore::new(permits));
        Arc::new(Self { reads: AtomicU32::new(0), version: AtomicU32::new(0), entered, gate })
    }

    pub(crate) fn user(&self, id: u64) -> User {
        self.reads.fetch_add(1, Ordering::SeqCst);
        User { id, version: self.version.load(Ordering::SeqCst) }
    }

    /// Reads, and only then waits: what is returned was true when the body began.
    pub(crate) async fn slow_user(&self, id: u64) -> User {
        let user = self.user(id);
        self.entered.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        user
    }

    /// Waits until another reader stands at the gate.
    pub(crate) async fn entered(&self) {
        self.entered.acquire().await.unwrap().forget();
    }

    pub(crate) fn open(&self, readers: usize) {
        self.gate.add_permits(readers);
    }

    pub(crate) fn reads(&self) -> u32 {
        self.reads.load(Ordering::SeqCst)
    }

    pub(crate) fn update(&self) -> u32 {
        self.version.fetch_add(1, Ordering::SeqCst) + 1
    }
}

pub(crate) fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> JoinHandle<F::Output> {
    tokio::spawn(future)
}

#[tokio::test]
async fn a_second_call_is_answered_from_memory_until_it_is_invalidated() {
    #[cached(expire = 300, namespace = "plain", key = id)]
    async fn get_user(id: u64, db: &Db) -> Result<User, String> {
        Ok(db.user(id))
    }

    memory().await;
    let db = Db::new();
    assert_eq!(get_user(7, &db).await.unwrap().version, 0);
    db.update();
    assert_eq!(get_user(7, &db).await.unwrap().version, 0);
    assert_eq!(db.reads(), 1);
    assert_eq!(invalidate_get_user(7).await, Invalidated::Applied);
    assert_eq!(get_user(7, &db).await.unwrap().version, 1);
    assert_eq!(get_user(8, &db).await.unwrap().id, 8);
    assert_eq!(db.reads(), 3);
    assert_eq!(cachefn::status().mode, Mode::Memory);
}

#[tokio::test]
async fn only_successes_that_hold_something_are_stored() {
    #[cached(namespace = "shapes")]
    async fn plain(runs: &AtomicCount) -> u32 {
        runs.next()
    }
    #[cached(namespace = "shapes", key = "result:{fail}")]
    async fn result(fail: bool, runs: &AtomicCount) -> Result<u32, std::fmt::Error> {
        let run = runs.next();
        if fail { Err(std::fmt::Error) } else { Ok(run) }
    }
    #[cached(namespace = "shapes", key = some)]
    async fn option(some: bool, runs: &AtomicCount) -> Option<u32> {
        let run = runs.next();
        some.then_some(run)
    }
    #[cached(namespace = "shapes", key = some)]
    async fn both(some: Option<bool>, runs: &AtomicCount) -> Result<Option<u32>, std::rc::Rc<str>> {
        let run = runs.next();
        some.map(|some| some.then_some(run)).ok_or_else(|| "none".into())
    }

    memory().await;
    let runs = AtomicCount::default();
    assert_eq!((plain(&runs).await, plain(&runs).await), (1, 1));
    assert_eq!((result(false, &runs).await, result(false, &runs).await), (Ok(2), Ok(2)));
    assert!(result(true, &runs).await.is_err() && result(true, &runs).await.is_err());
    assert_eq!(runs.get(), 4);
    assert_eq!((option(true, &runs).await, option(true, &runs).await), (Some(5), Some(5)));
    assert_eq!((option(false, &runs).await, option(false, &runs).await), (None, None));
    assert_eq!(runs.get(), 7);
    assert_eq!((both(Some(true), &runs).await, both(Some(true), &runs).await), (Ok(Some(8)), Ok(Some(8))));
    assert_eq!((both(Some(false), &runs).await, both(Some(false), &runs).await), (Ok(None), Ok(None)));
    assert!(both(None, &runs).await.is_err() && both(None, &runs).await.is_err());
    assert_eq!(runs.get(), 12);
}

#[derive(Default)]
pub(crate) struct AtomicCount(AtomicU32);

impl AtomicCount {
    pub(crate) fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Serialize for AtomicCount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A constant, so that it may stand in a default key.
        serializer.serialize_unit()
    }
}

#[tokio::test]
async fn an_entry_expires() {
    #[cached(expire = "30ms", namespace = "expires", skip(db))]
    async fn get(id: u64, db: &Db) -> User {
        db.user(id)
    }

    memory().await;
    let db = Db::new();
    let start = Instant::now();
    get(1, &db).await;
    let new = db.update();
    while get(1, &db).await.version != new {
        assert!(start.elapsed() < Duration::from_secs(10), "it never expires");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // The clock moves in steps of the machine's timer, 10 ms at most.
    assert!(start.elapsed() >= Duration::from_millis(20), "it expired after {:?}", start.elapsed());
}

#[tokio::test]
async fn a_refresh_stores_and_beats_loads_that_began_earlier() {
    #[cached(namespace = "refresh", key = id)]
    async fn get(id: u64, db: Arc<Db>) -> Option<User> {
        let user = db.slow_user(id).await;
        (user.version < 3).then_some(user)
    }

    memory().await;
    let db = Db::closed();
    db.open(1);
    assert_eq!(get(1, Arc::clone(&db)).await.unwrap().version, 0);
    db.update();
    db.open(1);
    assert_eq!(refresh_get(1, Arc::clone(&db)).await.unwrap().version, 1);
    assert_eq!(get(1, Arc::clone(&db)).await.unwrap().version, 1);

    // A load that began before a refresh, and ends after it, does not overwrite it.
    invalidate_get(1).await;
    let slow_db = Db::closed();
    let slow = spawn(get(1, Arc::clone(&slow_db)));
    slow_db.entered().await;
    db.update();
    db.open(1);
    assert_eq!(refresh_get(1, Arc::clone(&db)).await.unwrap().version, 2);
    slow_db.open(1);
    assert_eq!(slow.await.unwrap().unwrap().version, 0);
    let reads = db.reads();
    assert_eq!(get(1, Arc::clone(&db)).await.unwrap().version, 2);
    assert_eq!(db.reads(), reads);

    // Where a refresh finds nothing, nothing is left.
    db.update();
    db.open(2);
    assert_eq!(refresh_get(1, Arc::clone(&db)).await, None);
    let reads = db.reads();
    assert_eq!(get(1, Arc::clone(&db)).await, None);
    assert_eq!(db.reads(), reads + 1);
}

#[tokio::test]
async fn a_refresh_is_for_the_function_it_names_and_not_for_those_inside() {
    #[cached(namespace = "inside", key = "inner")]
    async fn inner(runs: &AtomicCount) -> u32 {
        runs.next()
    }
    #[cached(namespace = "inside", key = "outer")]
    async fn outer(runs: &AtomicCount) -> u32 {
        inner(runs).await
    }

    memory().await;
    let runs = AtomicCount::default();
    assert_eq!(outer(&runs).await, 1);
    assert_eq!(refresh_outer(&runs).await, 1);
    assert_eq!(refresh_inner(&runs).await, 2);
}

#[tokio::test]
async fn an_argument_that_cannot_be_written_leaves_the_call_uncached() {
    struct Unwritable;
    impl Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    #[cached(namespace = "unwritable", key = it)]
    async fn get(it: &Unwritable, runs: &AtomicCount) -> u32 {
        let _ = it;
        runs.next()
    }

    memory().await;
    let runs = AtomicCount::default();
    assert_eq!((get(&Unwritable, &runs).await, get(&Unwritable, &runs).await), (1, 2));
    assert_eq!(invalidate_get(&Unwritable).await, Invalidated::Applied);
}

#[tokio::test]
async fn what_a_function_did_is_counted() {
    #[cached(namespace = "counted", key = id)]
    async fn counted(id: u64) -> Result<u64, ()> {
        if id == 0 { Err(()) } else { Ok(id) }
    }

    memory().await;
    for id in [1, 1, 1, 2, 0] {
        let _ = counted(id).await;
    }
    let stats = cachefn::stats();
    let one = stats.function("counted").unwrap();
    assert_eq!((one.hits, one.misses, one.fills, one.errors), (2, 3, 2, 1));
    assert_eq!(one.namespace, "counted");
    assert!((one.hit_rate() - 0.4).abs() < 1e-9);
    assert!(stats.total().hits >= 2);
}
