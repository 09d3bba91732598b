//! What is counted and said of the calls of an instance.

use std::time::{Duration, Instant};

use cachefn_backends::life::Age;

use super::{Instance, Unusable, Write};
use crate::codec::EncodeError;
use crate::event::{self, Audience};
use crate::global::Cache;
use crate::log_limit::{LeftOut, Reason};
use crate::observe::Outcome;
use crate::stats::SAMPLE_WEIGHT;
use crate::watching;
use crate::why_unstored::WhyUnstored;

impl Instance {
    /// Says that a call was none of the cache's business.
    pub(crate) fn says_bypassed(&self, cache: &Cache, write: Write<'_>, audience: Audience) {
        if audience.is_any()
            && let Ok(key) = self.key(cache, write)
        {
            event::outcome(Outcome::Bypassed, self, &cache.prefix, key.as_str(), None, audience);
        }
    }

    /// Writes a log line, unless the function has written one for this reason of late.
    fn warn(&self, cache: &Cache, reason: Reason, line: impl FnOnce(&str, LeftOut)) {
        if let Some(left_out) = self.identity.log_limits.permit(reason, cache.memory.clock().now()) {
            line(&self.identity.function, left_out);
        }
    }

    /// Counts a call that cannot be cached, and says why.
    pub(crate) fn says_unusable(&self, cache: &Cache, why: &Unusable) {
        self.identity.counters.unfit.count();
        match why {
            Unusable::Key(error) => {
                self.warn(cache, Reason::Key, |function, left_out| event::no_key(function, error, left_out));
            }
            Unusable::NoSecret => self.warn(cache, Reason::NoSecret, event::no_secret),
        }
    }

    /// Counts a response that no layer tells the request of, and says so.
    #[cfg(feature = "axum")]
    pub(crate) fn says_no_request(&self, cache: &Cache) {
        self.identity.counters.unfit.count();
        self.warn(cache, Reason::NoRequest, event::no_request);
    }

    /// Counts a value that names too many tags, and says so.
    pub(crate) fn says_too_many_tags(&self, cache: &Cache) {
        self.identity.counters.unfit.count();
        self.warn(cache, Reason::TooManyTags, event::too_many_tags);
    }

    /// Counts a value that is a `Result` or `Option` behind a type parameter, and says that nothing is stored.
    pub(crate) fn says_hidden(&self, cache: &Cache) {
        self.identity.counters.unfit.count();
        self.warn(cache, Reason::HiddenResult, event::hidden_result);
    }

    /// Counts a value that cannot be written down, and says why.
    pub(crate) fn says_not_stored(&self, cache: &Cache, why: &EncodeError) {
        self.identity.counters.unfit.count();
        let reason = match why {
            EncodeError::Unfit(_) => Reason::Unfit,
            EncodeError::TooLarge => Reason::TooLarge,
            EncodeError::Custom(_) => Reason::Serialize,
        };
        self.warn(cache, reason, |function, left_out| event::not_stored(function, why, left_out));
    }

    /// Counts a call that memory alone has answered. It is timed if it is in the sample.
    #[inline]
    pub(crate) fn counts_hit(&self, age: Age, timed: Option<Instant>) {
        self.identity.memory_hits.count();
        if age != Age::Fresh {
            self.identity.counters.stale.count();
        }
        if let Some(timed) = timed {
            self.identity.memory_lookups.add_sample(timed.elapsed(), SAMPLE_WEIGHT);
        }
    }

    /// Counts a call that memory has answered at the second look; all of them are timed.
    pub(crate) fn counts_late_hit(&self, age: Age, asked: Instant) {
        self.counts_hit(age, None);
        self.identity.memory_lookups.add(asked.elapsed());
    }

    /// Counts a call that was answered from the cache, and for which Redis was asked.
    pub(crate) fn counts_redis_hit(&self, age: Age, asked: Instant) {
        self.identity.counters.redis_hits.count();
        if age != Age::Fresh {
            self.identity.counters.stale.count();
        }
        self.identity.redis_lookups.add(asked.elapsed());
    }

    /// Counts a call that has missed, and is answered with what was at hand.
    pub(crate) fn makes_do(&self, remaining: Option<Duration>) -> Outcome {
        if remaining.is_some() {
            return Outcome::Hit;
        }
        self.identity.counters.stale.count();
        Outcome::Stale
    }

    /// Says what was found; the key is written only for those who want it.
    #[cold]
    pub(crate) fn says_hit(
        &self,
        cache: &Cache,
        write: Write<'_>,
        age: Age,
        remaining: Option<Duration>,
        audience: Audience,
    ) {
        if audience == Audience::Counting {
            let (outcome, remaining) = found(age, remaining.unwrap_or_default());
            event::counted(outcome, self, remaining);
        } else if let Ok(key) = self.key(cache, write) {
            self.says(cache, age, key.as_str(), remaining.unwrap_or_default(), audience);
        }
    }

    /// Says what was found.
    pub(crate) fn says(&self, cache: &Cache, age: Age, key: &str, remaining: Duration, audience: Audience) {
        let (outcome, remaining) = found(age, remaining);
        event::outcome(outcome, self, &cache.prefix, key, remaining, audience);
    }

    /// Counts a value that is not stored because a rule says so, and says which.
    pub(crate) fn says_unstored(&self, why: WhyUnstored) {
        self.identity.counters.unstored.count();
        event::unstored(self, why);
        watching::unstored(why);
    }

    /// Logs that a value which the function has stored cannot be read.
    pub(crate) fn logs_unreadable(&self, cache: &Cache) {
        self.warn(cache, Reason::Unreadable, event::unreadable);
    }

    /// Notes that the function of this number has stored what was found in Redis.
    pub(crate) fn finds_foreign(&self, cache: &Cache, site: u64) {
        self.identity.evidence.finds_foreign(site, cache.memory.clock().now());
    }

    /// Says that another function stores under the same key.
    pub(crate) fn says_shared_key(&self, cache: &Cache, key: &str) {
        self.warn(cache, Reason::SharedKey, |function, left_out| event::shared_key(function, key, left_out));
    }
}

/// What a call comes to that finds an entry of this age, with what is left of its life.
fn found(age: Age, remaining: Duration) -> (Outcome, Option<Duration>) {
    match age {
        Age::Fresh => (Outcome::Hit, Some(remaining)),
        Age::Stale | Age::Spent => (Outcome::Stale, None),
    }
}
