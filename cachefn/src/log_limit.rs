//! Limits for the log lines that calls cause: one for each function and reason, then at most one a minute, which has how
//! many were left out since.
//!
//! Costs a look at two atomics where a line would be written, and 16 bytes for each function and reason.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cachefn_backends::clock::Tick;

/// The shortest time between two lines of one function and reason.
const INTERVAL: Duration = Duration::from_secs(60);

/// Why a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// An argument cannot be part of a key.
    Key,
    /// A sensitive key, and no secret.
    NoSecret,
    /// A response without a layer that knows the request.
    #[cfg_attr(not(feature = "axum"), expect(dead_code, reason = "only responses have requests"))]
    NoRequest,
    TooManyTags,
    /// A `Result` or `Option` behind a type parameter.
    HiddenResult,
    /// Another function's key.
    SharedKey,
    /// A value that its codec cannot carry.
    Unfit,
    /// A value that is too large.
    TooLarge,
    /// A value whose `Serialize` fails.
    Serialize,
    /// A stored value that its type does not read.
    Unreadable,
}

const REASONS: usize = Reason::Unreadable as usize + 1;

/// The limits of one function.
#[derive(Debug)]
pub(crate) struct LogLimits([LogLimit; REASONS]);

#[derive(Debug)]
struct LogLimit {
    /// From when on a line may be written, in nanoseconds of the cache's clock; zero before the first.
    next: AtomicU64,
    left_out: AtomicU64,
}

impl LogLimits {
    pub(crate) const fn new() -> Self {
        Self([const { LogLimit { next: AtomicU64::new(0), left_out: AtomicU64::new(0) } }; REASONS])
    }

    /// Whether there was ever reason for such a line.
    pub(crate) fn has_met(&self, reason: Reason) -> bool {
        self.0[reason as usize].next.load(Ordering::Relaxed) > 0
    }

    /// How many lines were left out since the last one, if one may be written at `now`; otherwise this one is left out.
    #[cold]
    pub(crate) fn permit(&self, reason: Reason, now: Tick) -> Option<LeftOut> {
        let LogLimit { next, left_out } = &self.0[reason as usize];
        let (due, now) = (next.load(Ordering::Relaxed), now.nanos());
        let interval = u64::try_from(INTERVAL.as_nanos()).unwrap_or(u64::MAX);
        // A time that is further away was another clock's: the cache has been set up anew.
        let is_due = due == 0 || now >= due || due - now > interval;
        // Of threads that come at the same time one writes.
        let wins =
            || next.compare_exchange(due, now + interval, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_due && wins() {
            return Some(LeftOut(left_out.swap(0, Ordering::Relaxed)));
        }
        left_out.fetch_add(1, Ordering::Relaxed);
        None
    }
}

/// How many lines of the same function and reason were not written since the last one that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut(u64);

impl LeftOut {
    /// The field of the line; absent where nothing was left out.
    pub(crate) fn field(self) -> Option<u64> {
        (self.0 > 0).then_some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use cachefn_backends::clock::Clock;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_line_is_written_at_once_and_then_once_a_minute_with_how_many_were_left_out() {
        let (limits, clock) = (LogLimits::new(), Clock::manual());
        let permit = |reason| limits.permit(reason, clock.now());
        assert!(!limits.has_met(Reason::Unfit));
        assert_eq!(permit(Reason::Unfit), Some(LeftOut(0)));
        assert!(limits.has_met(Reason::Unfit) && !limits.has_met(Reason::TooLarge));
        for _ in 0..499 {
            assert_eq!(permit(Reason::Unfit), None);
        }
        assert_eq!(permit(Reason::TooLarge), Some(LeftOut(0)), "each reason has its own");
        clock.advance(59 * SECOND);
        assert_eq!(permit(Reason::Unfit), None);
        clock.advance(SECOND);
        assert_eq!(permit(Reason::Unfit).and_then(LeftOut::field), Some(500));
        assert_eq!(permit(Reason::Unfit), None);
        clock.advance(60 * SECOND);
        assert_eq!(permit(Reason::Unfit), Some(LeftOut(1)));
        assert_eq!(permit(Reason::TooLarge).and_then(LeftOut::field), None);
    }

    #[test]
    fn a_clock_that_begins_anew_silences_nothing() {
        let (limits, before, after) = (LogLimits::new(), Clock::manual(), Clock::manual());
        before.advance(3600 * SECOND);
        assert!(limits.permit(Reason::Key, before.now()).is_some());
        assert!(limits.permit(Reason::Key, after.now()).is_some());
    }

    #[test]
    fn of_threads_that_come_together_one_writes_and_all_others_are_counted() {
        let (limits, clock) = (LogLimits::new(), Clock::manual());
        let written = std::thread::scope(|scope| {
            let call = || (0..1000).filter(|_| limits.permit(Reason::Key, clock.now()).is_some()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(call)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        });
        assert_eq!(written, 1);
        clock.advance(60 * SECOND);
        assert_eq!(limits.permit(Reason::Key, clock.now()), Some(LeftOut(3999)));
    }
}
