//! Many callers of one cold key: how many bodies run, and what becomes of the others when the first caller is dropped.
//!
//! The body takes 50 ms. In the second table the first of 101 callers is dropped after 10 ms; bodies that begin after
//! that, and how long the last of the others waited from then on.

use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use cachefn_benches::measure::turn_on;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

const BODY: Duration = Duration::from_millis(50);
const CALLERS: usize = 1000;
const FOLLOWERS: usize = 100;
const ROUNDS: u64 = 5;
/// Longer than that nobody is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

static BODIES: AtomicU64 = AtomicU64::new(0);

async fn body(id: u64) -> u64 {
    BODIES.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(BODY).await;
    id
}

#[cachefn::cached(expire = 3600)]
async fn ours(id: u64) -> u64 {
    body(id).await
}

#[cached::macros::cached(ttl_secs = 3600, sync_writes = "by_key")]
async fn synchronized(id: u64) -> u64 {
    body(id).await
}

#[cached::macros::cached(ttl_secs = 3600)]
async fn single(id: u64) -> u64 {
    body(id).await
}

#[cached::macros::concurrent_cached(ttl_secs = 3600)]
async fn concurrent(id: u64) -> u64 {
    body(id).await
}

async fn moka_get_with(id: u64) -> u64 {
    static CACHE: LazyLock<moka::future::Cache<u64, u64>> =
        LazyLock::new(|| moka::future::Cache::new(1 << 20));
    CACHE.get_with(id, body(id)).await
}

async fn quick_get_or_insert(id: u64) -> u64 {
    static CACHE: LazyLock<quick_cache::sync::Cache<u64, u64>> =
        LazyLock::new(|| quick_cache::sync::Cache::new(1 << 17));
    let loaded = async { Ok::<_, std::convert::Infallible>(body(id).await) };
    let Ok(value) = CACHE.get_or_insert_async(&id, loaded).await;
    value
}

async fn cachet_get_or_insert(id: u64) -> u64 {
    static CACHE: LazyLock<cachet::Cache<u64, u64>> = LazyLock::new(|| {
        let clock = tick::runtime::InactiveClock::default().activate(Waker::noop().clone()).0;
        cachet::Cache::builder(clock).memory().stampede_protection().build()
    });
    CACHE.get_or_insert(&id, || body(id)).await.expect("memory does not fail").into_value()
}

type Call = fn(u64) -> Pin<Box<dyn Future<Output = u64> + Send>>;

const CONTESTANTS: [(&str, Call); 7] = [
    ("cachefn", |id| Box::pin(ours(id))),
    ("cached, sync_writes by_key", |id| Box::pin(synchronized(id))),
    ("cached, cached", |id| Box::pin(single(id))),
    ("cached, concurrent_cached", |id| Box::pin(concurrent(id))),
    ("moka, get_with", |id| Box::pin(moka_get_with(id))),
    ("cachet, stampede_protection", |id| Box::pin(cachet_get_or_insert(id))),
    ("quick_cache, get_or_insert", |id| Box::pin(quick_get_or_insert(id))),
];

fn main() {
    turn_on();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
    let runtime = runtime.expect("threads can be started");
    println!("{CALLERS} callers of a cold key; the most of {ROUNDS} rounds\n");
    println!("{:<30}{:>10}{:>14}", "", "bodies", "ms until all");
    for (name, call) in CONTESTANTS {
        let rounds = (0..ROUNDS).map(|round| stampede(&runtime, call, round));
        let (bodies, time) =
            rounds.fold((0, Duration::ZERO), |most, one| (most.0.max(one.0), most.1.max(one.1)));
        println!("{name:<30}{bodies:>10}{:>14.0}", time.as_secs_f64() * 1e3);
    }
    println!("\n{} callers, the first dropped after 10 ms; the most of {ROUNDS} rounds\n", FOLLOWERS + 1);
    println!("{:<30}{:>10}{:>14}{:>14}", "", "bodies", "answered", "ms until all");
    for (name, call) in CONTESTANTS {
        let rounds: Vec<_> = (0..ROUNDS).map(|round| dropped(&runtime, call, 1000 + round)).collect();
        let most = |part: fn(&(u64, usize, Duration)) -> u128| rounds.iter().map(part).max().unwrap_or(0);
        let answered = rounds.iter().map(|round| round.1).min().unwrap_or(0);
        let (bodies, time) = (most(|round| round.0.into()), most(|round| round.2.as_millis()));
        println!("{name:<30}{bodies:>10}{:>14}{time:>14}", format!("{answered} of {FOLLOWERS}"));
    }
    println!("\ngoals: one body; after the drop two bodies at most, all answered within 1.3 times a body");
}

/// How many bodies run, and for how long.
fn stampede(runtime: &Runtime, call: Call, key: u64) -> (u64, Duration) {
    let (before, begun) = (BODIES.load(Ordering::SeqCst), Instant::now());
    runtime.block_on(async {
        let callers: Vec<JoinHandle<u64>> = (0..CALLERS).map(|_| tokio::spawn(call(key))).collect();
        for caller in callers {
            assert_eq!(caller.await.expect("nobody panics"), key);
        }
    });
    (BODIES.load(Ordering::SeqCst) - before, begun.elapsed())
}

/// How many bodies run in all, how many of the others are answered, and when the last of them is, from the drop on.
fn dropped(runtime: &Runtime, call: Call, key: u64) -> (u64, usize, Duration) {
    let before = BODIES.load(Ordering::SeqCst);
    runtime.block_on(async {
        let leader = tokio::spawn(call(key));
        tokio::time::sleep(Duration::from_millis(1)).await;
        let followers: Vec<JoinHandle<u64>> = (0..FOLLOWERS).map(|_| tokio::spawn(call(key))).collect();
        tokio::time::sleep(Duration::from_millis(9)).await;
        leader.abort();
        let (begun, mut answered) = (Instant::now(), 0);
        for follower in followers {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            answered += usize::from(tokio::time::timeout(left, follower).await.is_ok());
        }
        (BODIES.load(Ordering::SeqCst) - before, answered, begun.elapsed())
    })
}
