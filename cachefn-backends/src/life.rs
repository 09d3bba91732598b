//! How long an entry serves, and how.
//!
//! ```text
//! stored        due             expired                         gone
//!   │── fresh ────┼── fresh ──────┼── stale ───────┼── spent ────┤
//!   │  served     │ served, while │ served, while  │ served only │
//!   │             │ one refreshes │ one refreshes  │ on failure  │
//! ```
//!
//! Serving past expiry is that of RFC 5861 (`stale-while-revalidate`, `stale-if-error`). All of it counts from the
//! moment of storing and nothing prolongs it.

use std::time::Duration;

use crate::clock::Tick;
use crate::envelope::Span;

/// How long an entry is to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Until it expires.
    pub fresh: Duration,
    /// Until a hit has it refreshed; not after it expires.
    pub due: Duration,
    /// For how long past expiry it is served while it is refreshed.
    pub stale: Duration,
    /// For how long past expiry it is served where the body fails.
    pub error: Duration,
    /// How old the value is when this life begins: what is read elsewhere was stored before.
    pub age: Duration,
}

/// How old an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Age {
    /// It has not expired.
    Fresh,
    /// It has expired, and is served while it is refreshed.
    Stale,
    /// It is served only where the body fails.
    Spent,
}

/// The moments of a life that has more than one; boxed, for most entries have only that of expiry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments {
    pub(crate) expires: Tick,
    stale: Tick,
    error: Tick,
}

impl From<Duration> for Life {
    fn from(fresh: Duration) -> Self {
        Self { fresh, due: fresh, stale: Duration::ZERO, error: Duration::ZERO, age: Duration::ZERO }
    }
}

impl Life {
    /// All of it: for so long the entry has to be kept.
    pub fn whole(&self) -> Duration {
        self.fresh.saturating_add(self.stale.max(self.error))
    }

    /// The same, but over after `limit` at the latest.
    #[must_use]
    pub fn at_most(self, limit: Duration) -> Self {
        let fresh = self.fresh.min(limit);
        let past = limit.saturating_sub(fresh);
        // The same part of what is left of it.
        let part = self.due.as_secs_f64() / self.fresh.as_secs_f64();
        let due = if fresh < self.fresh { fresh.mul_f64(part.min(1.0)) } else { self.due };
        Self { fresh, due, stale: self.stale.min(past), error: self.error.min(past), age: self.age }
    }

    /// Whether it ends when the entry expires, and nothing happens before.
    pub fn is_plain(&self) -> bool {
        *self == Self { age: self.age, ..Self::from(self.fresh) }
    }

    /// When what is stored at `now`, in ms since 1970, expires and ends.
    pub fn span(&self, now: u64) -> Span {
        let after = |past: Duration| now.saturating_add(millis(self.fresh.saturating_add(past)));
        Span {
            born: now,
            fresh_until: after(Duration::ZERO),
            stale_until: after(self.stale),
            error_until: after(self.error),
        }
    }

    pub(crate) fn moments(&self, now: Tick) -> Option<Box<Moments>> {
        let after = |past: Duration| now.after(self.fresh.saturating_add(past));
        let moments =
            || Moments { expires: now.after(self.fresh), stale: after(self.stale), error: after(self.error) };
        (!self.is_plain()).then(|| Box::new(moments()))
    }
}

impl Span {
    /// How old an entry of this span is at `now`, in ms since 1970; nothing if it has ended.
    ///
    /// One that ends when it expires is fresh as long as it is there: its store keeps it no longer, and clocks differ.
    pub fn age(&self, now: u64) -> Option<Age> {
        if self.fresh_until == self.stale_until && self.fresh_until == self.error_until {
            return Some(Age::Fresh);
        }
        age(now, self.fresh_until, self.stale_until, self.error_until)
    }
}

impl Moments {
    pub(crate) fn age(&self, now: Tick) -> Option<Age> {
        age(now, self.expires, self.stale, self.error)
    }

    /// When even those are over where the body fails.
    pub(crate) fn end(&self) -> Tick {
        self.stale.max(self.error)
    }
}

fn age<T: Copy + Ord>(now: T, fresh: T, stale: T, error: T) -> Option<Age> {
    if now < fresh {
        Some(Age::Fresh)
    } else if now < stale {
        Some(Age::Stale)
    } else {
        (now < error).then_some(Age::Spent)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_entry_grows_old_by_steps() {
        let life = Life { stale: seconds(5), error: seconds(20), ..Life::from(seconds(10)) };
        let span = life.span(1_000);
        let ages = [1_000, 10_999, 11_000, 15_999, 16_000, 30_999, 31_000].map(|now| span.age(now));
        let expected = [
            Some(Age::Fresh),
            Some(Age::Fresh),
            Some(Age::Stale),
            Some(Age::Stale),
            Some(Age::Spent),
            Some(Age::Spent),
            None,
        ];
        assert_eq!(ages, expected);
        assert_eq!(life.whole(), seconds(30));
    }

    #[test]
    fn what_ends_when_it_expires_is_judged_by_its_store_alone() {
        assert_eq!(Life::from(seconds(1)).span(0).age(u64::MAX), Some(Age::Fresh));
    }

    #[test]
    fn a_limit_is_that_of_the_whole() {
        let life = Life { due: seconds(8), stale: seconds(5), error: seconds(20), ..Life::from(seconds(10)) };
        assert_eq!(life.at_most(seconds(12)), Life { stale: seconds(2), error: seconds(2), ..life });
        let short = life.at_most(seconds(5));
        assert_eq!(short, Life { due: seconds(4), ..Life::from(seconds(5)) });
        assert_eq!(Life::from(seconds(10)).at_most(seconds(5)), Life::from(seconds(5)));
        assert_eq!(life.at_most(Duration::MAX), life);
    }

    #[test]
    fn the_longest_life_does_not_overflow() {
        let life = Life { stale: Duration::MAX, ..Life::from(Duration::MAX) };
        assert_eq!(life.whole(), Duration::MAX);
        assert_eq!(life.span(5).stale_until, u64::MAX);
    }
}
