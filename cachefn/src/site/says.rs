//! What is counted and said of the calls of an instance.

use std::time::{Duration, Instant};

use cachefn_backends::life::Age;

use super::{Instance, Unusable, Write};
use crate::event::{self, Audience};
use crate::global::Cache;
use crate::observe::Outcome;

impl Instance {
    /// Says that a call was none of the cache's business.
    pub(crate) fn says_bypassed(&self, cache: &Cache, write: Write<'_>, audience: Audience) {
        if audience.is_any()
            && let Ok(key) = self.key(cache, write)
        {
            event::outcome(Outcome::Bypassed, self, &cache.prefix, key.as_str(), None, audience);
        }
    }

    /// Counts a call that cannot be cached, and says why.
    pub(crate) fn says_unusable(&self, why: &Unusable) {
        self.identity.counters.unfit.count();
        match why {
            Unusable::Key(error) => event::no_key(&self.identity.function, error),
            Unusable::NoSecret => {
                self.identity.said_unfit.call_once(|| event::no_secret(&self.identity.function));
            }
        }
    }

    /// Says once that a response is asked for and no layer tells for which request.
    #[cfg(feature = "axum")]
    pub(crate) fn says_no_request(&self) {
        self.identity.counters.unfit.count();
        self.identity.said_unfit.call_once(|| event::no_request(&self.identity.function));
    }

    /// Counts a value that names too many tags, and says so once.
    pub(crate) fn says_too_many_tags(&self) {
        self.identity.counters.unfit.count();
        self.identity.said_unfit.call_once(|| event::too_many_tags(&self.identity.function));
    }

    /// Says once that nothing is stored: the value is a `Result` or `Option` behind a type parameter.
    pub(crate) fn says_hidden(&self) {
        self.identity.counters.unfit.count();
        self.identity.said_unfit.call_once(|| event::hidden_result(&self.identity.function));
    }

    /// Counts a call that was answered from the cache.
    #[inline]
    pub(crate) fn counts_hit(&self, age: Age, timed: Option<Instant>) {
        self.identity.hits.count();
        if age != Age::Fresh {
            self.identity.counters.stale.count();
        }
        if let Some(timed) = timed {
            self.identity.lookups.add(timed.elapsed());
        }
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

    /// Logs once that a value which the function has stored cannot be read.
    pub(crate) fn logs_unreadable(&self) {
        self.identity.unreadable_logged.call_once(|| event::unreadable(&self.identity.function));
    }

    /// Says once that another function stores under the same key.
    pub(crate) fn says_shared_key(&self, key: &str) {
        self.identity.shared_key.call_once(|| event::shared_key(&self.identity.function, key));
    }
}

/// What a call comes to that finds an entry of this age, with what is left of its life.
fn found(age: Age, remaining: Duration) -> (Outcome, Option<Duration>) {
    match age {
        Age::Fresh => (Outcome::Hit, Some(remaining)),
        Age::Stale | Age::Spent => (Outcome::Stale, None),
    }
}
