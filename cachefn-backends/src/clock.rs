//! Time: the machine's, or one that a test moves by hand.
//!
//! Every hit asks for the time, so on Linux it is the coarse clock that is asked: it moves in steps of the kernel's
//! timer, 4 ms as a rule and 10 ms at most, and costs a fifth of the exact one.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::runtime::Handle;

/// A clock that never goes back. Cheap to clone; clones tell the same time.
#[derive(Clone)]
pub struct Clock {
    /// What a test has in the place of the machine's time.
    moved: Option<Arc<Moved>>,
}

/// The time of a test.
struct Moved {
    /// What was added by hand, in nanoseconds.
    by_hand: AtomicU64,
    follows: Option<Followed>,
}

/// A runtime whose time goes by here too, and when that was zero.
struct Followed {
    runtime: Handle,
    start: tokio::time::Instant,
    unix_millis: u64,
}

/// A point in time of one [`Clock`], in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

impl Clock {
    /// The machine's monotonic clock.
    pub fn system() -> Self {
        Self { moved: None }
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn manual() -> Self {
        Self::moved(None)
    }

    /// The clock of the caller's tokio runtime, which a test may have paused; [`Clock::advance`] moves it on as well.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    pub fn tokio() -> Self {
        let (runtime, start) = (Handle::current(), tokio::time::Instant::now());
        Self::moved(Some(Followed { runtime, start, unix_millis: unix_millis() }))
    }

    fn moved(follows: Option<Followed>) -> Self {
        Self { moved: Some(Arc::new(Moved { by_hand: AtomicU64::new(0), follows })) }
    }

    /// Now, or up to a step of the machine's timer ago.
    #[inline]
    pub fn now(&self) -> Tick {
        match &self.moved {
            None => Tick(machine()),
            Some(moved) => Tick(moved.nanos()),
        }
    }

    /// Moves a manual clock forward; the machine's clock ignores it.
    pub fn advance(&self, by: Duration) {
        if let Some(moved) = &self.moved {
            moved.by_hand.fetch_add(saturating_nanos(by), Ordering::SeqCst);
        }
    }

    /// Milliseconds since 1970, for what leaves the process. A manual clock moves it too.
    pub fn unix_millis(&self) -> u64 {
        let Some(moved) = &self.moved else { return unix_millis() };
        let start = moved.follows.as_ref().map_or_else(unix_millis, |followed| followed.unix_millis);
        start.saturating_add(moved.nanos() / 1_000_000)
    }
}

impl Moved {
    #[cold]
    fn nanos(&self) -> u64 {
        let followed = self.follows.as_ref().map_or(0, Followed::nanos);
        self.by_hand.load(Ordering::SeqCst).saturating_add(followed)
    }
}

impl Followed {
    /// Any thread may ask; in another runtime it would be told that one's time.
    fn nanos(&self) -> u64 {
        let _entered = self.runtime.enter();
        saturating_nanos(self.start.elapsed())
    }
}

fn unix_millis() -> u64 {
    let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(real.as_millis()).unwrap_or(u64::MAX)
}

/// Clones of one clock are the same.
impl PartialEq for Clock {
    fn eq(&self, other: &Self) -> bool {
        match (&self.moved, &other.moved) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl Eq for Clock {}

impl Tick {
    /// This point in time plus `duration`, never past the end of time.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(duration)))
    }

    /// Since the clock began.
    pub fn nanos(self) -> u64 {
        self.0
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

/// Nanoseconds of the machine's monotonic clock.
#[cfg(target_os = "linux")]
#[inline]
fn machine() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    // Neither is ever negative.
    time.tv_sec.cast_unsigned().wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec.cast_unsigned())
}

/// Nanoseconds of the machine's monotonic clock, since it was first asked.
#[cfg(not(target_os = "linux"))]
fn machine() -> u64 {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    saturating_nanos(START.elapsed())
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
