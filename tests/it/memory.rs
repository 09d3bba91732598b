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
struct User {
    id: u64,
    version: u32,
}

/// Counts what a database would have to do, and makes readers wait at a gate.
struct Db {
    reads: AtomicU32,
    version: AtomicU32,
    entered: Semaphore,
    gate: Semaphore,
}

impl Db {
    fn new() -> Arc<Self> {
        Self::with_gate(Semaphore::MAX_PERMITS)
    }

    /// Readers wait until [`Db::open`].
    fn closed() -> Arc<Self> {
        Self::with_gate(0)
    }

    fn with_gate(permits: usize) -> Arc<Self> {
        let (entered, gate) = (Semaphore::new(0), Semaphore::new(permits));
        Arc::new(Self { reads: AtomicU32::new(0), version: AtomicU32::new(0), entered, gate })
    }

    fn user(&self, id: u64) -> User {
        self.reads.fetch_add(1, Ordering::SeqCst);
        User { id, version: self.version.load(Ordering::SeqCst) }
    }

    /// Reads, and only then waits: what is returned was true when the body began.
    async fn slow_user(&self, id: u64) -> User {
        let user = self.user(id);
        self.entered.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        user
    }

    /// Waits until another reader stands at the gate.
    async fn entered(&self) {
        self.entered.acquire().await.unwrap().forget();
    }

    fn open(&self, readers: usize) {
        self.gate.add_permits(readers);
    }

    fn reads(&self) -> u32 {
        self.reads.load(Ordering::SeqCst)
    }

    fn update(&self) -> u32 {
        self.version.fetch_add(1, Ordering::SeqCst) + 1
    }
}

fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> JoinHandle<F::Output> {
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
struct AtomicCount(AtomicU32);

impl AtomicCount {
    fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn get(&self) -> u32 {
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

/// One gated function in a namespace of its own, and everything that invalidates it.
mod gated {
    use super::{Db, User};
    use cachefn::cached;

    #[cached(namespace = "gated:{org}", key = id)]
    pub(super) async fn get(org: &str, id: u64, db: &Db) -> User {
        db.slow_user(id).await
    }
}

#[tokio::test]
async fn an_invalidation_beats_a_running_body_whatever_it_names() {
    type Invalidate = fn() -> cachefn::Invalidation;
    let ways: [(&str, Invalidate); 5] = [
        ("key", || gated::invalidate_get("key", 7)),
        ("function", || gated::invalidate_all_get()),
        ("level", || cachefn::invalidate_namespace("gated:level")),
        ("parent", || cachefn::invalidate_namespace("gated")),
        ("refresh-free", || gated::invalidate_get("refresh-free", 7)),
    ];
    memory().await;
    for (org, invalidate) in ways {
        let db = Db::closed();
        let call = |db: &Arc<Db>| {
            let db = Arc::clone(db);
            spawn(async move { gated::get(org, 7, &db).await })
        };
        let early = call(&db);
        db.entered().await;
        let new = db.update();
        assert_eq!(invalidate().await, Invalidated::Applied);
        let late = call(&db);
        db.entered().await;
        db.open(2);
        assert_eq!(early.await.unwrap().version, new - 1, "{org}: the early caller's own");
        assert_eq!(late.await.unwrap().version, new, "{org}: a later caller was given the old value");
        assert_eq!(gated::get(org, 7, &db).await.version, new, "{org}: the old value was stored");
        assert_eq!(db.reads(), 2, "{org}");
    }
}

#[tokio::test]
async fn a_namespace_covers_what_is_below_it_and_nothing_else() {
    #[cached(namespace = "area:{name}", key = "it")]
    async fn get(name: &str, db: &Db) -> User {
        db.user(name.len() as u64)
    }

    memory().await;
    let db = Db::new();
    let names = ["users", "users2", "user", "*", "us?rs", "a:b"];
    for name in names {
        get(name, &db).await;
    }
    let reads = db.reads();
    for miss in ["area:u", "area:user:", "are", "area:user?", "area:a:b", "area2", "rea"] {
        if miss != "area:user:" {
            cachefn::invalidate_namespace(miss).await;
        }
    }
    for name in names {
        get(name, &db).await;
    }
    assert_eq!(db.reads(), reads, "an invalidation struck a neighbour");
    cachefn::invalidate_namespace("area:users").await;
    for name in names {
        get(name, &db).await;
    }
    assert_eq!(db.reads(), reads + 1);
    cachefn::invalidate_namespace("area").await;
    for name in names {
        get(name, &db).await;
    }
    assert_eq!(db.reads(), reads + 1 + 6);
}

#[tokio::test]
async fn a_thousand_callers_of_a_cold_key_run_one_body() {
    #[cached(namespace = "cold", key = id)]
    async fn get(id: u64, db: &Db) -> User {
        db.slow_user(id).await
    }

    memory().await;
    let db = Db::closed();
    let callers: Vec<_> = (0..1000)
        .map(|_| {
            let db = Arc::clone(&db);
            spawn(async move { get(1, &db).await })
        })
        .collect();
    db.entered().await;
    db.open(1);
    for caller in callers {
        assert_eq!(caller.await.unwrap().id, 1);
    }
    assert_eq!(db.reads(), 1);
}

#[tokio::test]
async fn a_dropped_leader_leaves_its_followers_to_one_of_them() {
    #[cached(namespace = "dropped", key = id)]
    async fn get(id: u64, db: &Db) -> User {
        db.slow_user(id).await
    }

    memory().await;
    let db = Db::closed();
    let call = || {
        let db = Arc::clone(&db);
        spawn(async move { get(1, &db).await })
    };
    let leader = call();
    db.entered().await;
    let followers: Vec<_> = (0..100).map(|_| call()).collect();
    tokio::task::yield_now().await;
    leader.abort();
    db.entered().await;
    db.open(1);
    for follower in followers {
        assert_eq!(follower.await.unwrap().id, 1);
    }
    assert_eq!(db.reads(), 2);
}

#[tokio::test]
async fn a_panicking_leader_strands_nobody() {
    #[cached(namespace = "panics", key = id)]
    async fn get(id: u64, db: &Db) -> User {
        let user = db.slow_user(id).await;
        assert!(db.reads() > 1, "the first body panics");
        user
    }

    memory().await;
    let db = Db::closed();
    let call = || {
        let db = Arc::clone(&db);
        spawn(async move { get(1, &db).await })
    };
    let leader = call();
    db.entered().await;
    let followers: Vec<_> = (0..10).map(|_| call()).collect();
    tokio::task::yield_now().await;
    db.open(2);
    assert!(leader.await.unwrap_err().is_panic());
    for follower in followers {
        assert_eq!(follower.await.unwrap().id, 1);
    }
    assert_eq!(db.reads(), 2);
}

#[tokio::test]
async fn an_error_is_its_callers_own() {
    #[cached(namespace = "errors", key = id)]
    async fn get(id: u64, who: u32, db: &Db) -> Result<User, u32> {
        db.slow_user(id).await;
        Err(who)
    }

    memory().await;
    let db = Db::closed();
    let callers: Vec<_> = (0..20)
        .map(|who| {
            let db = Arc::clone(&db);
            spawn(async move { get(1, who, &db).await })
        })
        .collect();
    db.open(20);
    for (who, caller) in (0..20).zip(callers) {
        assert_eq!(caller.await.unwrap(), Err(who));
    }
    assert_eq!(db.reads(), 20);
}

#[tokio::test]
async fn recursion_does_not_wait_for_itself() {
    #[cached(namespace = "recursion", key = n)]
    async fn fibonacci(n: u64, runs: &AtomicCount) -> u64 {
        runs.next();
        if n < 2 {
            return n;
        }
        Box::pin(fibonacci(n - 1, runs)).await + Box::pin(fibonacci(n - 2, runs)).await
    }
    #[cached(namespace = "recursion", key = "same")]
    async fn same(depth: u32) -> u32 {
        if depth == 0 { 0 } else { Box::pin(same(depth - 1)).await + 1 }
    }

    memory().await;
    let runs = AtomicCount::default();
    assert_eq!(fibonacci(40, &runs).await, 102_334_155);
    assert_eq!(runs.get(), 41);
    let answer = tokio::time::timeout(Duration::from_millis(900), same(5)).await;
    assert_eq!(answer.expect("a body waited for itself"), 5);
}

#[tokio::test]
async fn a_leader_that_is_not_polled_is_replaced() {
    #[cached(namespace = "parked", key = id)]
    async fn get(id: u64, db: &Db) -> User {
        db.slow_user(id).await
    }

    memory().await;
    let db = Db::closed();
    let mut parked = Box::pin(get(1, &db));
    let first_poll = std::future::poll_fn(|cx| std::task::Poll::Ready(parked.as_mut().poll(cx)));
    assert!(first_poll.await.is_pending());
    // Permits go in the order of waiting: the first is the parked body's.
    db.open(2);
    let start = Instant::now();
    assert_eq!(get(1, &db).await.id, 1);
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(db.reads(), 2);
    assert_eq!(parked.await.id, 1, "the parked body is still its caller's");
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

mod one {
    #[cachefn::cached(namespace = "meeting", key = id)]
    pub(super) async fn get(id: u64) -> u32 {
        u32::try_from(id).unwrap() + 1
    }
}

mod two {
    #[cachefn::cached(namespace = "meeting", key = id)]
    pub(super) async fn get(id: u64) -> String {
        format!("two {id}")
    }
}

#[tokio::test]
async fn functions_of_one_name_in_two_modules_never_meet() {
    memory().await;
    for _ in 0..3 {
        assert_eq!(one::get(7).await, 8);
        assert_eq!(two::get(7).await, "two 7");
    }
}

struct Repo<T> {
    runs: AtomicCount,
    id: T,
}

struct Other {
    runs: AtomicCount,
}

impl<T: ToString + Copy> Repo<T> {
    #[cached(namespace = "methods", key = (self.id.to_string(), page))]
    pub(crate) async fn get(&self, page: u32) -> String {
        format!("{} of {}: run {}", page, std::any::type_name::<T>(), self.runs.next())
    }
}

impl Other {
    #[cached(namespace = "methods", skip(self))]
    pub(crate) async fn get(&self, id: u8, page: u32) -> String {
        format!("other {id} {page}: run {}", self.runs.next())
    }
}

#[tokio::test]
async fn methods_of_two_types_and_instances_of_one_have_entries_of_their_own() {
    memory().await;
    let (small, large) =
        (Repo { runs: AtomicCount::default(), id: 1_u8 }, Repo { runs: AtomicCount::default(), id: 1_u64 });
    let other = Other { runs: AtomicCount::default() };
    for _ in 0..3 {
        assert_eq!(small.get(2).await, "2 of u8: run 1");
        assert_eq!(large.get(2).await, "2 of u64: run 1");
        assert_eq!(other.get(1, 2).await, "other 1 2: run 1");
    }
    small.invalidate_get(2).await;
    assert_eq!(small.get(2).await, "2 of u8: run 2");
    assert_eq!(large.get(2).await, "2 of u64: run 2", "the key of a generic method goes in all instances");
    assert_eq!(other.get(1, 2).await, "other 1 2: run 1");
    Repo::<u8>::invalidate_all_get().await;
    assert_eq!(large.get(2).await, "2 of u64: run 3");
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
