//! What is counted and said of a call that memory has not answered.

use std::mem;
use std::time::Duration;

use cachefn_backends::backend::Absence;
use cachefn_backends::life::Age;

use super::{Role, Search};
use crate::event;
use crate::observe::Outcome;
use crate::watching;

impl Search {
    /// A call is a hit or a miss, once: what it finds after it has missed, another call's body has left there.
    pub(super) fn hit(&mut self, age: Duration, remaining: Duration) {
        if self.role == Role::Detached {
            return;
        }
        if mem::replace(&mut self.counted, true) {
            return self.collapsed(Some(remaining));
        }
        self.aged(age);
        self.counts_hit(Age::Fresh);
        self.says(Outcome::Hit, Some(remaining));
    }

    /// The same, of a value that has expired.
    pub(super) fn hit_stale(&mut self, age: Duration) {
        self.aged(age);
        if mem::replace(&mut self.counted, true) {
            self.instance.identity.counters.stale.count();
        } else {
            self.counts_hit(Age::Stale);
        }
        self.says(Outcome::Stale, None);
    }

    fn counts_hit(&self, age: Age) {
        if self.asked_redis {
            self.instance.counts_redis_hit(age, self.asked);
        } else {
            self.instance.counts_late_hit(age, self.asked);
        }
    }

    pub(super) fn aged(&self, age: Duration) {
        if self.audience.is_any() {
            watching::aged(age);
        }
    }

    pub(super) fn collapsed(&self, remaining: Option<Duration>) {
        self.instance.identity.counters.collapsed.count();
        self.says(Outcome::Collapsed, remaining);
    }

    pub(super) fn says(&self, outcome: Outcome, remaining: Option<Duration>) {
        self.span.ends(outcome);
        event::outcome(
            outcome,
            &self.instance,
            &self.cache.prefix,
            self.key.as_str(),
            remaining,
            self.audience,
        );
    }

    /// Counts the miss, with its reason.
    pub(in crate::call) fn miss(&mut self) {
        if !self.counted {
            self.counted = true;
            let counters = &self.instance.identity.counters;
            counters.misses.count();
            match self.absence {
                Absence::Invalidated(_) => counters.invalidated.count(),
                Absence::Foreign => counters.unreadable.count(),
                _ => {}
            }
        }
    }
}
