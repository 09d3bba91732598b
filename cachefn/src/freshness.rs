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
        Life { fresh, due, stale: self.stale, error: self.stale_if_error, age: Duration::ZERO }
    }

    /// What is left at `now`, in ms since 1970, of the life of a value that was found elsewhere.
    pub(crate) fn rest(&self, span: Span, now: u64) -> Life {
        let until = |moment: u64| Duration::from_millis(moment.saturating_sub(now));
        // By a clock that is behind it would live longer than it was meant to.
        let fresh =
            until(span.fresh_until).min(Duration::from_millis(span.fresh_until.saturating_sub(span.born)));
        let past = |moment: u64| until(moment).saturating_sub(fresh);
        let due = self.refresh_ahead.map_or(fresh, |part| until(due(span, part)).min(fresh));
        let age = Duration::from_millis(now.saturating_sub(span.born));
        Life { fresh, due, stale: past(span.stale_until), error: past(span.error_until), age }
    }

    /// Whether what lives for `span` is to be refreshed at `now`, in ms since 1970, though it is fresh.
    pub(crate) fn is_due(&self, span: Span, now: u64) -> bool {
        self.refresh_ahead.is_some_and(|part| now >= due(span, part))
    }
}

/// When that part of a life is over, in ms since 1970.
fn due(span: Span, part: f64) -> u64 {
    let life = Duration::from_millis(span.fresh_until.saturating_sub(span.born)).mul_f64(part);
    span.born.saturating_add(u64::try_from(life.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn where_nothing_is_said_values_expire() {
        assert_eq!(Freshness::NONE.life(MINUTE), Life::from(MINUTE));
        assert!(!Freshness::NONE.is_due(Life::from(MINUTE).span(0), 59_999));
    }

    #[test]
    fn a_value_is_due_after_a_part_of_its_life() {
        let freshness = Freshness { refresh_ahead: Some(0.5), ..Freshness::NONE };
        assert_eq!(freshness.life(MINUTE).due, MINUTE / 2);
        let span = freshness.life(MINUTE).span(1_000);
        assert!(!freshness.is_due(span, 30_999));
        assert!(freshness.is_due(span, 31_000));
    }

    #[test]
    fn what_was_found_elsewhere_lives_on_for_what_is_left() {
        let freshness = Freshness { stale: MINUTE, refresh_ahead: Some(0.5), ..Freshness::NONE };
        let span = freshness.life(MINUTE).span(1_000);
        let seconds = Duration::from_secs;
        let rest = |now| freshness.rest(span, now);
        let expected = Life { due: seconds(20), stale: MINUTE, age: seconds(10), ..Life::from(seconds(50)) };
        assert_eq!(rest(11_000), expected);
        assert_eq!(
            rest(41_000),
            Life { fresh: seconds(20), due: Duration::ZERO, age: seconds(40), ..expected }
        );
        assert_eq!(
            rest(71_000),
            Life {
                fresh: Duration::ZERO,
                due: Duration::ZERO,
                stale: seconds(50),
                age: seconds(70),
                ..expected
            }
        );
        assert_eq!(rest(131_000).whole(), Duration::ZERO);
        assert_eq!(rest(0).fresh, MINUTE, "the clock here is behind");
    }
}
