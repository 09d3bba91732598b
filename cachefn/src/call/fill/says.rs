//! What is counted and said of a fill.

use std::time::Duration;

use super::Fill;
use crate::event;
use crate::observe::{Lacked, Outcome};
use crate::watching::{self, Amendment, Attention};

impl Fill {
    /// The body has ended.
    pub(super) fn says_miss(&self) {
        self.says_end(false);
    }

    pub(super) fn says_end(&self, failed: bool) {
        let elapsed = self.started.elapsed();
        if self.given {
            self.span.ends_as_set();
            return event::given(&self.instance, &self.cache.prefix, self.key.as_str());
        }
        self.instance.identity.bodies.add(elapsed);
        if self.served {
            event::refreshed(&self.instance, &self.cache.prefix, self.key.as_str(), failed, elapsed);
        } else {
            self.says(if self.bypassed { Outcome::Bypassed } else { Outcome::Miss }, None);
            if self.is_told() && self.lacked != Lacked::Nothing {
                watching::amend(&self.cache.prefix, self.key.as_str(), Amendment::Lacked(self.lacked));
            }
        }
    }

    pub(super) fn says_stored(&self, life: Duration) {
        if self.is_told() {
            watching::amend(&self.cache.prefix, self.key.as_str(), Amendment::Stored(life));
        }
    }

    /// Whether somebody watches the call.
    pub(super) fn is_told(&self) -> bool {
        self.audience.is_any() && !self.served && watching::attention() != Attention::None
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
}
