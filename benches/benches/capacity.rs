//! What is kept: hit ratios under a bound, what an entry weighs, and that a million keys stay under the bound.
//!
//! Requests follow Zipf's law with exponent 0.9 over 100 000 keys, once alone and once with a scan: every fifth request
//! is for a key that is never asked for again. Every contestant may hold as many entries as cachefn does under its bound
//! in bytes. (moka keeps better counts where it is bound by number: by weight it sizes its sketch for a quarter of them.) Memory is the process's own, measured in a process for each contestant.

use std::env;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;

use cachefn::Config;
use cachefn_benches::cases::call;

const KEYS: usize = 100_000;
const REQUESTS: u64 = 1_000_000;
const WEIGHED: u64 = 200_000;
/// The bound that a million keys are not to break, in bytes.
const SMALL: u64 = 64 << 20;
const EXPONENT: f64 = 0.9;
const HOUR: Duration = Duration::from_secs(3600);

/// The first argument of a run that fills a cache and prints what that took.
const WEIGH: &str = "weigh";

static BODIES: AtomicU64 = AtomicU64::new(0);

async fn body(id: u64) -> u64 {
    BODIES.fetch_add(1, Ordering::Relaxed);
    std::future::ready(id).await
}

#[cachefn::cached(expire = 3600)]
async fn ours(id: u64) -> u64 {
    body(id).await
}

#[cached::macros::concurrent_cached(ttl_secs = 3600)]
async fn concurrent(id: u64) -> u64 {
    body(id).await
}

static BOUND: AtomicU64 = AtomicU64::new(1 << 30);

type Moka = moka::sync::Cache<u64, u64>;
type Cachet = cachet::Cache<u64, u64>;
type Quick = quick_cache::sync::Cache<u64, u64>;

#[expect(clippy::cast_possible_truncation, reason = "as many entries as there is memory for")]
fn bound() -> usize {
    BOUND.load(Ordering::SeqCst) as usize
}

/// As many as the others may hold, nearly: the number is to stand in the attribute.
#[cached::macros::concurrent_cached(max_size = 10_000, ttl_secs = 3600)]
async fn concurrent_bounded(id: u64) -> u64 {
    body(id).await
}

async fn moka_sync(id: u64) -> u64 {
    static CACHE: LazyLock<Moka> = LazyLock::new(|| Moka::new(bound() as u64));
    if let Some(found) = CACHE.get(&id) {
        return found;
    }
    let value = body(id).await;
    CACHE.insert(id, value);
    value
}

async fn cachet(id: u64) -> u64 {
    static CACHE: LazyLock<Cachet> = LazyLock::new(|| {
        let clock = tick::runtime::InactiveClock::default().activate(Waker::noop().clone()).0;
        let memory = cachet::Cache::builder(clock).memory_with(|memory| memory.max_capacity(bound() as u64));
        memory.ttl(HOUR).build()
    });
    if let Ok(Some(found)) = CACHE.get(&id).await {
        return found.into_value();
    }
    let value = body(id).await;
    CACHE.insert(id, value).await.expect("memory does not fail");
    value
}

async fn quick(id: u64) -> u64 {
    static CACHE: LazyLock<Quick> = LazyLock::new(|| Quick::new(bound().min(1 << 20)));
    if let Some(found) = CACHE.get(&id) {
        return found;
    }
    let value = body(id).await;
    CACHE.insert(id, value);
    value
}

/// As one bounds bytes: by weight, and with an expiry for each entry.
async fn moka_by_weight(id: u64) -> u64 {
    const WEIGHT: u32 = 700;

    static CACHE: LazyLock<Moka> = LazyLock::new(|| {
        let cache = Moka::builder().max_capacity(bound() as u64 * u64::from(WEIGHT)).weigher(|_, _| WEIGHT);
        cache.expire_after(Hour).build()
    });
    if let Some(found) = CACHE.get(&id) {
        return found;
    }
    let value = body(id).await;
    CACHE.insert(id, value);
    value
}

struct Hour;

impl moka::Expiry<u64, u64> for Hour {
    fn expire_after_create(&self, _: &u64, _: &u64, _: std::time::Instant) -> Option<Duration> {
        Some(HOUR)
    }
}

type Call = fn(u64);

/// The first has to be bounded and the last cannot be: they have no weight, and no ratio.
const CONTESTANTS: [(&str, Call); 7] = [
    ("cached, concurrent, bounded", |id| call(concurrent_bounded(id))),
    ("cachefn", |id| call(ours(id))),
    ("moka, bound by weight", |id| call(moka_by_weight(id))),
    ("moka, bound by number", |id| call(moka_sync(id))),
    ("cachet", |id| call(cachet(id))),
    ("quick_cache (no expiry)", |id| call(quick(id))),
    ("cached, concurrent_cached", |id| call(concurrent(id))),
];

/// Keys by rank: the sums of `1 / rank ^ exponent`, of which a random one is looked for.
static RANKS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let weights = (1..=KEYS).scan(0.0, |sum, rank| {
        #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
        let weight = 1.0 / (rank as f64).powf(EXPONENT);
        *sum += weight;
        Some(*sum)
    });
    weights.collect()
});

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [WEIGH, name] => weigh(name),
        ["ratio", name, entries, scans] => ratio(name, entries, *scans == "scans"),
        _ => print(),
    }
}

/// Runs this program again, and reads the numbers that it prints.
fn run(arguments: &[&str]) -> Vec<f64> {
    let program = env::current_exe().expect("it is running");
    let output = Command::new(program).args(arguments).stderr(Stdio::inherit()).output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

fn print() {
    println!(
        "hits of {REQUESTS} requests, Zipf {EXPONENT} over {KEYS} keys; as many entries as cachefn holds\n"
    );
    println!("{:<30}{:>12}{:>14}{:>14}", "", "entries", "Zipf", "with scans");
    let entries = run(&["ratio", "cachefn", "0", "-"])[1];
    for (name, _) in &CONTESTANTS[..6] {
        let ratio = |scans: &str| 100.0 * run(&["ratio", name, &entries.to_string(), scans])[0];
        println!("{name:<30}{entries:>12}{:>13.1}%{:>13.1}%", ratio("-"), ratio("scans"));
    }
    println!("\nbytes of memory for each of {WEIGHED} entries, u64 to u64\n");
    for (name, _) in &CONTESTANTS[1..] {
        println!("{name:<30}{:>12.0}", run(&[WEIGH, name])[0]);
    }
    let million = run(&[WEIGH, "bound"]);
    println!(
        "\na million keys under CACHE_MAX_BYTES of 64 MiB: {:.1} MiB counted, {:.1} MiB of memory",
        million[1] / f64::from(1 << 20),
        million[0] / f64::from(1 << 20)
    );
}

fn turn_on(bytes: u64) {
    let config = Config::builder().enabled(true).max_bytes(bytes).build().expect("nothing else is set");
    call(async { cachefn::init_with(config).await.expect("it is off") });
}

/// The memory of this process in bytes, as far as it is not swapped out.
fn memory() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(f64::NAN);
    pages * 4096.0
}

#[expect(clippy::cast_precision_loss, reason = "of a size that is printed")]
fn weigh(name: &str) {
    let bounded = name == "bound";
    turn_on(if bounded { SMALL } else { 1 << 30 });
    let name = if bounded { "cachefn" } else { name };
    let contestant = CONTESTANTS.iter().find(|(known, _)| *known == name).expect("a contestant's name").1;
    contestant(u64::MAX);
    let before = memory();
    let keys = if bounded { 1_000_000 } else { WEIGHED };
    (0..keys).for_each(contestant);
    let bytes = memory() - before;
    let counted = cachefn::status().bytes as f64;
    assert!(!bounded || counted <= SMALL as f64, "{counted} bytes are counted under a bound of {SMALL}");
    println!("{} {counted}", if bounded { bytes } else { bytes / keys as f64 });
}

/// The share of hits, and how many entries there are in the end.
#[expect(clippy::cast_precision_loss, reason = "a ratio needs no more digits")]
fn ratio(name: &str, entries: &str, scans: bool) {
    // About 10 000 entries, with their keys.
    turn_on(10_000 * (640 + 28));
    if let Some(entries) = entries.parse().ok().filter(|entries| *entries > 0) {
        BOUND.store(entries, Ordering::SeqCst);
    }
    let contestant = CONTESTANTS.iter().find(|(known, _)| *known == name).expect("a contestant's name").1;
    let mut random = fastrand::Rng::with_seed(7);
    let last = *RANKS.last().expect("there are keys");
    let (mut requests, mut hits) = (0_u64, 0_u64);
    for number in 0..REQUESTS {
        if scans && number % 5 == 0 {
            contestant(1_000_000 + number);
        }
        let drawn = random.f64() * last;
        let rank = RANKS.partition_point(|sum| *sum < drawn) as u64;
        let before = BODIES.load(Ordering::Relaxed);
        contestant(rank);
        // The first half fills the cache.
        if number >= REQUESTS / 2 {
            requests += 1;
            hits += u64::from(BODIES.load(Ordering::Relaxed) == before);
        }
    }
    println!("{} {}", hits as f64 / requests as f64, cachefn::status().entries);
}
