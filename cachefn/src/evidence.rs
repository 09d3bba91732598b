//! What a function's misses note for [advice](crate::advice), and nothing else needs.
//!
//! Hits note nothing. A fill costs one atomic maximum, and a miss that finds another program's entry two stores.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cachefn_backends::clock::Tick;

/// For so long an entry of another program counts as one of its deployment's that runs now.
const FOREIGN_LASTS: Duration = Duration::from_secs(600);

/// Notes of one function.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// The longest time that a value was to be served, in milliseconds; zero before the first.
    longest_life: AtomicU64,
    /// The number of the function whose entry was found under a key of this one.
    foreign_site: AtomicU64,
    /// When that was, in nanoseconds of the cache's clock, plus one; zero if never.
    foreign_seen: AtomicU64,
    /// Values that Redis had no room for.
    full: AtomicU64,
}

impl Evidence {
    /// Notes how long a value is to be served.
    pub(crate) fn lives(&self, life: Duration) {
        let millis = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        self.longest_life.fetch_max(millis, Ordering::Relaxed);
    }

    /// Notes that the function of this number has stored what was found in Redis.
    pub(crate) fn finds_foreign(&self, site: u64, now: Tick) {
        self.foreign_site.store(site, Ordering::Relaxed);
        self.foreign_seen.store(now.nanos().saturating_add(1), Ordering::Relaxed);
    }

    /// Notes a value that Redis has no room for.
    pub(crate) fn finds_full(&self) {
        self.full.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn longest_life(&self) -> Option<Duration> {
        let millis = self.longest_life.load(Ordering::Relaxed);
        (millis > 0).then(|| Duration::from_millis(millis))
    }

    /// The number of the function that has stored under the same key, if an entry of it was found of late.
    pub(crate) fn foreign(&self, now: Tick) -> Option<u64> {
        let seen = self.foreign_seen.load(Ordering::Relaxed).checked_sub(1)?;
        let age = Duration::from_nanos(now.nanos().checked_sub(seen)?);
        (age <= FOREIGN_LASTS).then(|| self.foreign_site.load(Ordering::Relaxed))
    }

    pub(crate) fn full(&self) -> u64 {
        self.full.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use cachefn_backends::clock::Clock;

    use super::*;

    #[test]
    fn the_longest_life_counts_and_what_was_foreign_is_forgotten() {
        let (evidence, clock) = (Evidence::default(), Clock::manual());
        assert_eq!((evidence.longest_life(), evidence.foreign(clock.now())), (None, None));
        [3, 7, 5].map(Duration::from_secs).into_iter().for_each(|life| evidence.lives(life));
        assert_eq!(evidence.longest_life(), Some(Duration::from_secs(7)));
        evidence.finds_foreign(17, clock.now());
        clock.advance(FOREIGN_LASTS);
        assert_eq!(evidence.foreign(clock.now()), Some(17));
        clock.advance(Duration::from_secs(1));
        assert_eq!(evidence.foreign(clock.now()), None);
    }
}
