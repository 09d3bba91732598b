//! What a function says about values that are no longer, or hardly, fresh.

use std::time::Duration;

use cachefn_backends::envelope::Span;
use cachefn_backends::life::Life;

/// `stale`, `stale_if_error`, `refresh_ahead` and `timeout`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freshness {
    pub(crate) stale: Duration,
    pub(crate) stale_if_error: Duration,
    /// After which part of its life a hit has an entry refreshed.
    pub(crate) refresh_ahead: Option<f64>,
    /// How long a body is waited for where something older may be returned.
    pub(crate) timeout: Option<Duration>,
}

impl Freshness {
    /// Nothing is said: values expire, and that is that.
    pub(crate) const NONE: Self =
        Self { stale: Duration::ZERO, stale_if_error: Duration::ZERO, refresh_ahead: None, timeout: None };

    /// The life of a value that expires after `fresh`.
    pub(crate) fn life(&self, fresh: Duration) -> Life {
        let due = self.refresh_ahead.map_or(fresh, |part| fresh.mul_f64(part).min(fresh));
        Life { fresh, due, stale: self.stale, error: self.stale_if_error }
    }

    /// Whether what lives for `span` is to be refreshed at `now`, in ms since 1970, though it is fresh.
    pub(crate) fn is_due(&self, span: Span, now: u64) -> bool {
        let Some(part) = self.refresh_ahead else { return false };
        let life = Duration::from_millis(span.fresh_until.saturating_sub(span.born));
        Duration::from_millis(now.saturating_sub(span.born)) >= life.mul_f64(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn where_nothing_is_said_values_expire() {
        assert_eq!(Freshness::NONE.life(MINUTE), Life::from(MINUTE));
        assert!(!Freshness::NONE.is_due(Life::from(MINUTE).span(0, 0), 59_999));
    }

    #[test]
    fn a_value_is_due_after_a_part_of_its_life() {
        let freshness = Freshness { refresh_ahead: Some(0.5), ..Freshness::NONE };
        assert_eq!(freshness.life(MINUTE).due, MINUTE / 2);
        let span = freshness.life(MINUTE).span(1_000, 1_000);
        assert!(!freshness.is_due(span, 30_999));
        assert!(freshness.is_due(span, 31_000));
    }
}
