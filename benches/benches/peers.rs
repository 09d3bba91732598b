//! A hit in memory beside what one could use in its place, in one interleaved run: time and throughput as ratios, and
//! instructions.
//!
//! Every contestant is an async function whose value is cloned out of memory; those that know no expiry are marked.
//! Each round runs every contestant once on every load, in turns, so that whatever else the machine does falls on all
//! of them; medians are compared.

use std::collections::HashMap;
use std::env;
use std::hint::black_box;
use std::sync::{Barrier, LazyLock};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use cachefn::Config;
use cachefn_benches::cases::call;
use cachefn_benches::instructions;
use cachefn_benches::measure::{median, nanoseconds};

const ROUNDS: usize = 11;
const CALLS: u32 = 200_000;
const KEYS: u64 = 10_000;
/// More than caches of processors hold.
const MANY: u64 = 100_000;
const HOUR: Duration = Duration::from_secs(3600);

/// The first argument of a run that only calls, for callgrind to count.
const REPEAT: &str = "repeat";

/// What is called, with numbers and with texts of 32 bytes for keys.
struct Contestant {
    name: &'static str,
    number: fn(u64),
    text: fn(u64),
}

static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| (0..KEYS).map(|id| format!("{id:032}")).collect());

#[expect(clippy::cast_possible_truncation, reason = "there are few texts")]
fn text(id: u64) -> &'static str {
    &TEXTS[id as usize]
}

/// A function of a number and one of a text, each with an attribute or none.
macro_rules! functions {
    ($module:ident: $($number:meta)?, $($text:meta)?) => {
        mod $module {
            $(#[$number])?
            pub(super) async fn number(id: u64) -> u64 {
                std::hint::black_box(id) * 2
            }

            $(#[$text])?
            pub(super) async fn text(id: String) -> u64 {
                std::hint::black_box(id.len() as u64)
            }
        }
    };
}

functions!(plain: ,);
functions!(ours: cachefn::cached(expire = 3600), cachefn::cached(expire = 3600));
functions!(concurrent: cached::macros::concurrent_cached(ttl_secs = 3600), cached::macros::concurrent_cached(ttl_secs = 3600));
functions!(concurrent_bounded: cached::macros::concurrent_cached(max_size = 131_072, ttl_secs = 3600), cached::macros::concurrent_cached(max_size = 131_072, ttl_secs = 3600));
functions!(single: cached::macros::cached(ttl_secs = 3600), cached::macros::cached(ttl_secs = 3600));
functions!(single_bounded: cached::macros::cached(max_size = 131_072, ttl_secs = 3600), cached::macros::cached(max_size = 131_072, ttl_secs = 3600));

/// The same by hand, over a store that is asked first.
macro_rules! store {
    ($module:ident, $store:ident<$key:ident>, $new:expr, |$cache:ident, $id:ident| $get:expr, |$value:ident| $set:expr) => {
        mod $module {
            use super::*;

            store!(@ number, u64, $store, $new, |$cache, $id| $get, |$value| $set);
            store!(@ text, String, $store, $new, |$cache, $id| $get, |$value| $set);
        }
    };
    (@ $name:ident, $key:ty, $store:ident, $new:expr, |$cache:ident, $id:ident| $get:expr, |$value:ident| $set:expr) => {
        pub(super) async fn $name($id: $key) -> u64 {
            static CACHE: LazyLock<$store<$key>> = LazyLock::new(|| $new);
            let $cache = &*CACHE;
            if let Some(found) = $get {
                return found;
            }
            let $value = super::plain::$name($id.clone()).await;
            $set;
            $value
        }
    };
}

type Moka<K> = moka::sync::Cache<K, u64>;
type MokaFuture<K> = moka::future::Cache<K, u64>;
type Cachet<K> = ::cachet::Cache<K, u64>;
type Quick<K> = quick_cache::sync::Cache<K, u64>;

struct Hour;

impl<K> moka::Expiry<K, u64> for Hour {
    fn expire_after_create(&self, _: &K, _: &u64, _: std::time::Instant) -> Option<Duration> {
        Some(HOUR)
    }
}

store!(
    moka_sync,
    Moka<K>,
    moka::sync::Cache::builder().max_capacity(1 << 20).expire_after(Hour).build(),
    |cache, id| cache.get(&id),
    |value| cache.insert(id, value)
);
store!(
    moka_future,
    MokaFuture<K>,
    moka::future::Cache::builder().max_capacity(1 << 20).expire_after(Hour).build(),
    |cache, id| cache.get(&id).await,
    |value| cache.insert(id, value).await
);
store!(
    cachet,
    Cachet<K>,
    ::cachet::Cache::builder(clock()).memory().ttl(HOUR).stampede_protection().build(),
    |cache, id| cache.get(&id).await.ok().flatten().map(::cachet::CacheEntry::into_value),
    |value| drop(cache.insert(id, value).await)
);
store!(quick, Quick<K>, quick_cache::sync::Cache::new(1 << 17), |cache, id| cache.get(&id), |value| cache
    .insert(id, value));

/// One that has no runtime behind it, for nothing here waits.
fn clock() -> tick::Clock {
    tick::runtime::InactiveClock::default().activate(Waker::noop().clone()).0
}

macro_rules! contestant {
    ($name:literal, $module:ident) => {
        Contestant {
            name: $name,
            number: |id| call($module::number(black_box(id))),
            text: |id| call($module::text(black_box(text(id)).to_owned())),
        }
    };
}

const CONTESTANTS: [Contestant; 10] = [
    contestant!("nothing but the body", plain),
    contestant!("cachefn", ours),
    contestant!("cached, concurrent_cached", concurrent),
    contestant!("cached, concurrent, bounded", concurrent_bounded),
    contestant!("cached, cached", single),
    contestant!("cached, cached, bounded", single_bounded),
    contestant!("moka::sync", moka_sync),
    contestant!("moka::future", moka_future),
    contestant!("cachet", cachet),
    contestant!("quick_cache (no expiry)", quick),
];

/// What everything is compared with: the fastest attribute but ours.
const PEER: usize = 2;

/// How the calls of a round are spread.
#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    keys: u64,
    threads: u32,
    text: bool,
}

const LOADS: [Load; 6] = [
    Load { name: "10 000 keys", keys: KEYS, threads: 1, text: false },
    Load { name: "100 000 keys", keys: MANY, threads: 1, text: false },
    Load { name: "one hot key", keys: 1, threads: 1, text: false },
    Load { name: "10 000 keys, 2 threads", keys: KEYS, threads: 2, text: false },
    Load { name: "one hot key, 2 threads", keys: 1, threads: 2, text: false },
    Load { name: "10 000 texts of 32 bytes", keys: KEYS, threads: 1, text: true },
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    // The others hold as many entries as there are.
    let config = Config::builder().enabled(true).max_bytes(1 << 28).build().expect("nothing else is set");
    call(async { cachefn::init_with(config).await.expect("it is off") });
    if let [REPEAT, name, calls] = arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        let contestant = CONTESTANTS.iter().find(|known| known.name == *name).expect("a contestant's name");
        for _ in 0..calls.parse::<u64>().expect("a number of calls") {
            (contestant.number)(7);
        }
        return;
    }
    for contestant in &CONTESTANTS {
        (0..MANY).for_each(contestant.number);
        (0..KEYS).for_each(contestant.text);
    }
    // What a load's name begins with leaves the others out.
    let loads: Vec<Load> = LOADS
        .into_iter()
        .filter(|load| arguments.first().is_none_or(|wanted| load.name.starts_with(wanted.as_str())))
        .collect();
    let mut times: HashMap<(usize, usize), Vec<f64>> = HashMap::new();
    for _ in 0..ROUNDS {
        for (at, load) in loads.iter().enumerate() {
            for (who, contestant) in CONTESTANTS.iter().enumerate() {
                times.entry((at, who)).or_default().push(round(*load, contestant));
            }
        }
    }
    print(&loads, times);
}

fn print(loads: &[Load], mut times: HashMap<(usize, usize), Vec<f64>>) {
    println!(
        "one hit: nanoseconds, and how many times those of {}; medians of {ROUNDS} rounds of {CALLS} calls per thread",
        CONTESTANTS[PEER].name
    );
    print!("{:<28}", "");
    for load in loads {
        print!("{:>27}", load.name);
    }
    println!("{:>14}", "instructions");
    let mut medians = |load: usize, who: usize| median(times.get_mut(&(load, who)).expect("it ran"));
    for (who, contestant) in CONTESTANTS.iter().enumerate() {
        print!("{:<28}", contestant.name);
        for load in 0..loads.len() {
            let (time, peer) = (medians(load, who), medians(load, PEER));
            print!("{:>27}", format!("{time:.0} ({:.2}x)", time / peer));
        }
        let instructions = instructions::per_call(&[REPEAT, contestant.name]);
        println!("{:>14}", instructions.map_or("no valgrind".to_owned(), |count| count.to_string()));
    }
}

/// Nanoseconds of one hit, as its thread sees it, on average over all threads.
fn round(load: Load, contestant: &Contestant) -> f64 {
    let start = Barrier::new(load.threads as usize);
    let total: f64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..load.threads)
            .map(|seed| {
                scope.spawn({
                    let start = &start;
                    move || run(load, contestant, seed, start)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a hit does not panic")).sum()
    });
    total / f64::from(load.threads)
}

fn run(load: Load, contestant: &Contestant, seed: u32, start: &Barrier) -> f64 {
    // Weyl's sequence: every key equally often, in no order that a processor could guess.
    let mut state = u64::from(seed);
    let function = if load.text { contestant.text } else { contestant.number };
    start.wait();
    nanoseconds(CALLS, || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        function((state >> 32) % load.keys);
    })
}
