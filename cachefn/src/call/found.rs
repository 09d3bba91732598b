//! A value that was found in the cache.

use std::any::Any;
use std::time::Duration;

use cachefn_backends::clock::{Clock, Tick};
use cachefn_backends::envelope::Span;
use cachefn_backends::memory::{AnyEntry, Entry};

use crate::layout::Erased;
use crate::shape::Kind;
use crate::verdict::Storable;
use crate::wants::Standing;

/// A value that was found in the cache.
pub(super) enum Found {
    /// That of an entry of this process.
    Entry(AnyEntry),
    /// Out of Redis, or the caller's own.
    Own(Erased),
}

/// A value that is older than it should be, and at hand if nothing better comes.
pub(super) struct Spare {
    value: Found,
    expires: Tick,
    /// When it may be served no longer, whatever happens.
    end: Tick,
    /// How long ago it was stored when it was found, and when that was.
    found: (Duration, Tick),
}

impl Standing {
    pub(super) fn of(entry: &Entry, clock: &Clock) -> Self {
        let now = clock.now();
        Self {
            age: entry.since_stored(now),
            remaining: entry.remaining(now),
            overdue: now.since(entry.expires()),
        }
    }

    /// By what its store says of it.
    pub(super) fn within(span: Span, now: u64) -> Self {
        let between = |earlier: u64, later: u64| Duration::from_millis(later.saturating_sub(earlier));
        Self {
            age: between(span.born, now),
            remaining: between(now, span.fresh_until),
            overdue: between(span.fresh_until, now),
        }
    }
}

impl Found {
    /// What is returned for it, if it is of the right type.
    pub(super) fn output<K: Kind<Stored: Storable>>(self) -> Option<K::Output> {
        match self {
            Self::Entry(entry) => copy::<K>(entry.value()),
            Self::Own(value) => value.downcast::<K::Stored>().ok().map(|value| K::restore(*value)),
        }
    }
}

impl Spare {
    pub(super) fn entry(entry: AnyEntry, clock: &Clock) -> Self {
        let (expires, end, now) = (entry.expires(), entry.end(), clock.now());
        Self { found: (entry.since_stored(now), now), value: Found::Entry(entry), expires, end }
    }

    /// What Redis holds, by its own account of its life.
    pub(super) fn decoded(value: Erased, span: Span, clock: &Clock) -> Self {
        let now = clock.unix_millis();
        let left = |until: u64| Duration::from_millis(until.saturating_sub(now));
        let end = clock.now().after(left(span.stale_until.max(span.error_until)));
        let found = (Duration::from_millis(now.saturating_sub(span.born)), clock.now());
        Self { value: Found::Own(value), expires: clock.now().after(left(span.fresh_until)), end, found }
    }

    /// What is left until it expires; nothing if it has.
    pub(super) fn remaining(&self, clock: &Clock) -> Option<Duration> {
        let remaining = self.expires.since(clock.now());
        (!remaining.is_zero()).then_some(remaining)
    }

    /// How long ago it was stored.
    pub(super) fn age(&self, clock: &Clock) -> Duration {
        let (age, then) = self.found;
        age.saturating_add(clock.now().since(then))
    }

    /// The value, if it may still be served, with what is left until it expires.
    pub(super) fn serve(self, clock: &Clock) -> Option<(Found, Option<Duration>)> {
        let remaining = self.remaining(clock);
        (clock.now() < self.end).then_some((self.value, remaining))
    }

    /// The value, which was found to be servable just now.
    pub(super) fn into_found(self) -> Found {
        self.value
    }
}

/// What is returned for a stored value, if it is of the right type.
#[inline]
pub(super) fn copy<K: Kind<Stored: Storable>>(value: &dyn Any) -> Option<K::Output> {
    value.downcast_ref::<K::Stored>().cloned().map(K::restore)
}
