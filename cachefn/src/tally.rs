//! What the cached calls of a request came to, in a few words: as many as they may be, it takes no more room.

use std::time::Duration;

use crate::observe::{Lacked, Outcome};
use crate::watching::Amendment;
use crate::why_unstored::WhyUnstored;

/// What calls came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// How many came to each outcome, in the order of [`Outcome`].
    counts: [usize; 5],
    /// The least of what is left of what answered.
    remaining: Option<Duration>,
    /// The least life of what was stored.
    stored_life: Option<Duration>,
    /// How long ago the oldest was stored that answered.
    age: Option<Duration>,
    /// The worst that was there and did not answer.
    lacked: Lacked,
    /// How many have stored what their bodies returned.
    stored: usize,
    /// What clients may keep, by the first function that says so.
    client: Option<&'static str>,
    /// Why the first was not stored that was not.
    unstored: Option<WhyUnstored>,
    /// The keys of the first calls.
    keys: Vec<String>,
    most_keys: usize,
    hides: bool,
}

impl Tally {
    /// With the keys of the first `most_keys` calls.
    pub(crate) fn new(most_keys: usize) -> Self {
        Self { most_keys, ..Self::default() }
    }

    pub(crate) fn shows_keys(&self) -> bool {
        self.most_keys > 0
    }

    pub(crate) fn add(&mut self, outcome: Outcome, remaining: Option<Duration>, key: Option<&str>) {
        self.counts[outcome as usize] += 1;
        // What has expired lives on no longer.
        let remaining = if outcome == Outcome::Stale { Some(Duration::ZERO) } else { remaining };
        self.remaining = least(self.remaining, remaining);
        if let Some(key) = key.filter(|_| self.keys.len() < self.most_keys) {
            self.keys.push(key.to_owned());
        }
    }

    pub(crate) fn amend(&mut self, amendment: Amendment) {
        match amendment {
            Amendment::Stored(life) => {
                self.stored += 1;
                self.stored_life = least(self.stored_life, Some(life));
            }
            Amendment::Lacked(lacked) => self.lacked = self.lacked.max(lacked),
        }
    }

    pub(crate) fn aged(&mut self, age: Duration) {
        self.age = self.age.max(Some(age));
    }

    /// How long ago the oldest value was stored that answered a call.
    pub(crate) fn age(&self) -> Option<Duration> {
        self.age
    }

    /// How long all lives on that has answered or was stored, as far as that is known.
    pub(crate) fn left(&self) -> Option<Duration> {
        least(self.remaining, self.stored_life)
    }

    pub(crate) fn client(&self) -> Option<&'static str> {
        self.client
    }

    pub(crate) fn set_client(&mut self, client: &'static str) {
        self.client.get_or_insert(client);
    }

    pub(crate) fn unstored(&mut self, why: WhyUnstored) {
        self.unstored.get_or_insert(why);
    }

    pub(crate) fn why_unstored(&self) -> Option<WhyUnstored> {
        self.unstored
    }

    /// A `sensitive` function was called, also if nothing came of it.
    pub(crate) fn hide(&mut self) {
        self.hides = true;
    }

    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        self.counts[outcome as usize]
    }

    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.remaining
    }

    pub(crate) fn lacked(&self) -> Lacked {
        self.lacked
    }

    /// Whether bodies were run and all that they returned was stored.
    pub(crate) fn has_stored_all(&self) -> bool {
        let ran = self.count(Outcome::Miss) + self.count(Outcome::Bypassed);
        ran > 0 && self.stored >= ran
    }

    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Whether a `sensitive` function was called.
    pub(crate) fn hides(&self) -> bool {
        self.hides
    }
}

fn least(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_calls_there_are_a_tally_is_as_long() {
        let mut tally = Tally::new(16);
        for call in 0..100_000_u64 {
            let remaining = Duration::from_secs(100_000 - call);
            tally.add(Outcome::Hit, Some(remaining), Some(&format!("cachefn:n:f:{call}")));
        }
        assert_eq!((tally.count(Outcome::Hit), tally.remaining()), (100_000, Some(Duration::from_secs(1))));
        assert_eq!((tally.keys().len(), tally.keys.capacity()), (16, 16));
        assert_eq!(
            (tally.keys()[0].as_str(), tally.keys()[15].as_str()),
            ("cachefn:n:f:0", "cachefn:n:f:15")
        );
    }

    #[test]
    fn all_is_stored_where_as_many_were_stored_as_have_run() {
        let mut tally = Tally::default();
        assert!(!tally.has_stored_all(), "none has run");
        tally.add(Outcome::Miss, None, None);
        tally.add(Outcome::Collapsed, None, None);
        tally.add(Outcome::Bypassed, None, None);
        tally.amend(Amendment::Stored(Duration::from_secs(60)));
        assert!(!tally.has_stored_all());
        tally.amend(Amendment::Stored(Duration::from_secs(60)));
        assert!(tally.has_stored_all());
    }
}
