//! How long to wait before the next attempt.

use std::time::Duration;

use super::fault::Fault;

const FIRST: Duration = Duration::from_millis(50);
/// The longest wait between attempts, and the usual one where only a human can help.
pub(super) const SLOW: Duration = Duration::from_secs(2);
const STABLE: Duration = Duration::from_secs(5);
const DWELL: Duration = Duration::from_millis(100);
const MAX_DWELL: Duration = Duration::from_secs(30);

/// The memory of what attempts came to.
#[derive(Debug, Default)]
pub(super) struct Pace {
    failures: u32,
    dwell: Duration,
}

impl Pace {
    /// The wait after an attempt failed: exponential, with full jitter so that the processes of a
    /// deployment do not come back in step.
    pub(super) fn failed(&mut self, fault: Fault) -> Duration {
        let limit = FIRST.saturating_mul(1 << self.failures.min(10)).min(SLOW);
        self.failures += 1;
        if fault.needs_a_human() { SLOW } else { limit.mul_f64(fraction()) }
    }

    /// The wait after trust in a server was lost that had lasted for `lasted`. None, unless it keeps
    /// being lost: what costs every call its timeout every time must not come back at once.
    pub(super) fn lost(&mut self, lasted: Duration) -> Duration {
        self.failures = 0;
        self.dwell = match lasted {
            stable if stable >= STABLE => Duration::ZERO,
            _ => (self.dwell * 2).clamp(DWELL, MAX_DWELL),
        };
        self.dwell
    }
}

/// Between 0 and 1.
fn fraction() -> f64 {
    let random = getrandom::u32().unwrap_or(u32::MAX);
    f64::from(random) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_at_most_two_seconds_apart() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            assert!(pace.failed(Fault::Refused) <= SLOW);
        }
        assert_eq!(pace.failed(Fault::Login), SLOW);
    }

    #[test]
    fn a_server_that_keeps_getting_lost_is_left_alone_for_longer_and_longer() {
        let mut pace = Pace::default();
        assert_eq!(pace.lost(STABLE), Duration::ZERO);
        assert_eq!(pace.lost(Duration::ZERO), DWELL);
        assert_eq!(pace.lost(Duration::ZERO), DWELL * 2);
        assert_eq!((0..20).map(|_| pace.lost(Duration::ZERO)).last(), Some(MAX_DWELL));
        assert_eq!(pace.lost(STABLE), Duration::ZERO);
    }
}
