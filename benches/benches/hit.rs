//! How long a hit in memory takes: with many keys and with one, on one thread and on two.
//!
//! The function returns a number and takes a number, so that neither key nor value weighs anything.

use std::sync::Barrier;
use std::thread;

use cachefn::cached;
use cachefn_benches::cases::call;
use cachefn_benches::measure::{median, nanoseconds, turn_on};

const ROUNDS: usize = 15;
const CALLS: u32 = 200_000;

#[cached(expire = 3600, key = id, companions = false)]
#[allow(clippy::unused_async, reason = "only an async function can be cached")]
async fn double(id: u64) -> u64 {
    id * 2
}

/// How the calls of a round are spread.
#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    keys: u64,
    threads: u32,
}

const LOADS: [Load; 4] = [
    Load { name: "10 000 keys, 1 thread", keys: 10_000, threads: 1 },
    Load { name: "10 000 keys, 2 threads", keys: 10_000, threads: 2 },
    Load { name: "one hot key, 1 thread", keys: 1, threads: 1 },
    Load { name: "one hot key, 2 threads", keys: 1, threads: 2 },
];

fn main() {
    turn_on();
    (0..10_000).for_each(|id| call(double(id)));
    let mut times = LOADS.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (load, times) in LOADS.iter().zip(&mut times) {
            times.push(round(*load));
        }
    }
    let hits: u64 = cachefn::stats().functions.iter().map(|function| function.hits).sum();
    let calls: u64 = LOADS.iter().map(|load| u64::from(load.threads * CALLS)).sum::<u64>() * ROUNDS as u64;
    println!(
        "one hit; medians of {ROUNDS} rounds of {CALLS} calls per thread; {hits} of {calls} calls were hits"
    );
    println!("{:<26}{:>12}{:>18}", "", "ns", "hits per second");
    for (load, times) in LOADS.iter().zip(&mut times) {
        let time = median(times);
        println!("{:<26}{time:>12.1}{:>18.0}", load.name, f64::from(load.threads) * 1e9 / time);
    }
}

/// Nanoseconds of one hit, as its thread sees it, on average over all threads.
fn round(load: Load) -> f64 {
    let start = Barrier::new(load.threads as usize);
    let total: f64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..load.threads)
            .map(|seed| {
                scope.spawn({
                    let start = &start;
                    move || run(load, seed, start)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a hit does not panic")).sum()
    });
    total / f64::from(load.threads)
}

fn run(load: Load, seed: u32, start: &Barrier) -> f64 {
    // Weyl's sequence: every key equally often, in no order that a processor could guess.
    let mut state = u64::from(seed);
    start.wait();
    nanoseconds(CALLS, || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        call(double((state >> 32) % load.keys));
    })
}
