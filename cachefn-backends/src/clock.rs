//! Time: the machine's, or one that a test moves by hand.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that never goes back. Cheap to clone; clones tell the same time.
#[derive(Clone)]
pub struct Clock {
    start: Instant,
    /// What a test has added to the machine's time, in nanoseconds.
    moved: Option<Arc<AtomicU64>>,
}

/// A point in time of one [`Clock`], in nanoseconds since it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

impl Clock {
    /// The machine's monotonic clock.
    pub fn system() -> Self {
        Self { start: Instant::now(), moved: None }
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn manual() -> Self {
        Self { start: Instant::now(), moved: Some(Arc::new(AtomicU64::new(0))) }
    }

    /// Now.
    pub fn now(&self) -> Tick {
        match &self.moved {
            None => Tick(saturating_nanos(self.start.elapsed())),
            Some(moved) => Tick(moved.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward; the machine's clock ignores it.
    pub fn advance(&self, by: Duration) {
        if let Some(moved) = &self.moved {
            moved.fetch_add(saturating_nanos(by), Ordering::SeqCst);
        }
    }

    /// Milliseconds since 1970, for what leaves the process. A manual clock moves it too.
    pub fn unix_millis(&self) -> u64 {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let moved = self.moved.as_ref().map_or(0, |moved| moved.load(Ordering::SeqCst) / 1_000_000);
        u64::try_from(real.as_millis()).unwrap_or(u64::MAX).saturating_add(moved)
    }
}

impl Tick {
    /// This point in time plus `duration`, never past the end of time.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(duration)))
    }

    /// The time from `earlier` to here; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.moved.is_some() { "Manual" } else { "System" };
        f.debug_tuple(kind).field(&self.now()).finish()
    }
}

fn saturating_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = Clock::manual();
        let before = clock.now();
        assert_eq!(clock.now(), before);
        clock.clone().advance(Duration::from_secs(3));
        assert_eq!(clock.now().since(before), Duration::from_secs(3));
        assert_eq!(before.since(clock.now()), Duration::ZERO);
    }

    #[test]
    fn the_longest_life_does_not_overflow() {
        let clock = Clock::system();
        assert!(clock.now().after(Duration::MAX) > clock.now());
    }
}
