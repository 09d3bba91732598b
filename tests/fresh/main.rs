//! Values that are no longer, or hardly, fresh: each test has a cache of its own, and a clock that it moves.

mod background;
mod budget;
mod caller;
mod counts;
mod failing;
mod slow;
mod terms;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cachefn::testing::Clock;
use cachefn::{Config, Outcome};
use tokio::sync::Semaphore;

/// A cache in memory on the clock of the test's runtime, which stands still until it is moved.
fn paused() -> Config {
    tokio::time::pause();
    on(&Clock::tokio())
}

fn on(clock: &Clock) -> Config {
    Config::builder().enabled(true).clock(clock).build().unwrap()
}

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// What bodies read from: it counts, may have them wait, and may fail.
#[derive(Clone, Default)]
struct Origin(Arc<State>);

struct State {
    runs: AtomicU32,
    ended: AtomicU32,
    entered: Semaphore,
    gate: Semaphore,
    fails: AtomicU32,
}

impl Default for State {
    fn default() -> Self {
        Self {
            runs: AtomicU32::new(0),
            ended: AtomicU32::new(0),
            entered: Semaphore::new(0),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            fails: AtomicU32::new(0),
        }
    }
}

/// Counts a body that was dropped too.
struct Ends<'a>(&'a AtomicU32);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Origin {
    /// The number of the body that asks.
    async fn next(&self) -> Result<u32, &'static str> {
        let run = self.0.runs.fetch_add(1, Ordering::SeqCst) + 1;
        let _ends = Ends(&self.0.ended);
        self.0.entered.add_permits(1);
        self.0.gate.acquire().await.unwrap().forget();
        if self.0.fails.load(Ordering::SeqCst) > 0 { Err("the origin is away") } else { Ok(run) }
    }

    fn runs(&self) -> u32 {
        self.0.runs.load(Ordering::SeqCst)
    }

    /// How many bodies have ended, one way or the other.
    fn ended(&self) -> u32 {
        self.0.ended.load(Ordering::SeqCst)
    }

    /// From now on bodies wait.
    fn close(&self) {
        self.0.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn open(&self, bodies: usize) {
        self.0.gate.add_permits(bodies);
    }

    /// Waits until another body has begun.
    async fn entered(&self) {
        self.0.entered.acquire().await.unwrap().forget();
    }

    fn fail(&self, fails: bool) {
        self.0.fails.store(u32::from(fails), Ordering::SeqCst);
    }
}

/// What a single call returns and comes to.
async fn seen<T>(call: impl Future<Output = T>) -> (T, Outcome) {
    let (value, report) = cachefn::observe(call).await;
    (value, report.calls[0].outcome)
}

/// Calls until the answer is `wanted`.
async fn becomes<T: PartialEq, F: Future<Output = T>>(call: impl Fn() -> F, wanted: T) {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while call().await != wanted {
        assert!(std::time::Instant::now() < deadline, "waited in vain");
        tokio::task::yield_now().await;
    }
}
