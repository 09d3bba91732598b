//! Looking at entries without using them, for whoever watches the cache.
//!
//! [`Memory::page`] and [`Memory::census`] walk over all entries. They hold no lock for long, but take tens of
//! milliseconds for a hundred thousand entries: they are for a thread that may wait.

use std::any::TypeId;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::{AnyEntry, Memory};
use crate::life::Age;

/// An entry, but for its value.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its key.
    pub key: Arc<str>,
    /// Who stored it.
    pub owner: TypeId,
    /// How old it is.
    pub age: Age,
    /// What is left until it expires.
    pub remaining: Duration,
    /// What it counts for against the bound, in bytes.
    pub bytes: u64,
}

/// What the entries of one owner come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many there are.
    pub entries: u64,
    /// What they count for against the bound, in bytes.
    pub bytes: u64,
}

impl Memory {
    /// The entry of `key`, whosever it is, and how old it is; nothing if it is not to be used any more.
    pub fn peek(&self, key: &str) -> Option<(AnyEntry, Age)> {
        let inner = &self.inner;
        let entry = inner.entries.get(&inner.hashing.seek(key.as_bytes()))?;
        let age = self.age(&entry)?;
        Some((entry, age))
    }

    /// The first `most` entries that are alive, in the order of their keys: of those that come after `after` and that
    /// `wanted` accepts.
    ///
    /// What stands in memory all the time is on one page, and on one only.
    pub fn page(&self, after: Option<&str>, most: usize, wanted: impl Fn(&str) -> bool) -> Vec<Seen> {
        let mut page = BTreeMap::new();
        for (_, entry) in &self.inner.entries {
            let key = &entry.name().text;
            if after.is_some_and(|after| **key <= *after) || !wanted(key) {
                continue;
            }
            if page.len() >= most && page.last_key_value().is_some_and(|(last, _)| last <= key) {
                continue;
            }
            let Some(age) = self.age(&entry) else { continue };
            page.insert(Arc::clone(key), self.seen(&entry, age));
            if page.len() > most {
                page.pop_last();
            }
        }
        page.into_values().collect()
    }

    /// What the living entries of each owner come to.
    pub fn census(&self) -> HashMap<TypeId, Share> {
        let mut census: HashMap<_, Share> = HashMap::new();
        for (_, entry) in self.inner.entries.iter().filter(|(_, entry)| self.age(entry).is_some()) {
            let share = census.entry(entry.owner()).or_default();
            share.entries += 1;
            share.bytes += u64::from(entry.weight());
        }
        census
    }

    /// How many bytes may be held.
    pub fn bound(&self) -> u64 {
        self.inner.room.saturating_add(self.inner.hot.bytes())
    }

    fn age(&self, entry: &AnyEntry) -> Option<Age> {
        entry.judge(entry.owner(), self.inner.generations.bumps(), self.inner.clock.now()).ok()
    }

    fn seen(&self, entry: &AnyEntry, age: Age) -> Seen {
        Seen {
            key: Arc::clone(&entry.name().text),
            owner: entry.owner(),
            age,
            remaining: self.remaining(entry),
            bytes: entry.weight().into(),
        }
    }
}

#[cfg(all(test, not(cachefn_model)))]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::place::{Group, Lineage, Place, Target};

    fn filled(keys: impl IntoIterator<Item = String>) -> Memory {
        let memory = Memory::new(1 << 26, Clock::manual());
        for key in keys {
            let ticket = memory.begin(&Place::new(key, Lineage::new("users", "app::f", [])));
            let entry = ticket.entry(7_u8, TypeId::of::<u8>(), 1, Duration::from_secs(60));
            ticket.store(entry);
        }
        memory
    }

    #[test]
    fn pages_hold_every_entry_once_and_in_order() {
        let keys: Vec<String> = (0..1_000).map(|id| format!("users:f:{id:04}")).collect();
        let memory = filled(keys.iter().cloned().chain(["other:f".to_owned()]));
        let (mut walked, mut after) = (Vec::new(), None::<Arc<str>>);
        loop {
            let page = memory.page(after.as_deref(), 64, |key| key.starts_with("users:"));
            assert!(page.len() <= 64);
            let Some(last) = page.last() else { break };
            after = Some(Arc::clone(&last.key));
            walked.extend(page.into_iter().map(|seen| seen.key.to_string()));
        }
        assert_eq!(walked, keys);
    }

    #[test]
    fn what_was_struck_is_not_looked_at() {
        let memory = filled(["users:f:1".to_owned(), "users:f:2".to_owned()]);
        memory.invalidate(&Target::Key("users:f:1".into()));
        assert!(memory.peek("users:f:1").is_none());
        assert_eq!(memory.peek("users:f:2").map(|(_, age)| age), Some(Age::Fresh));
        assert_eq!(memory.census()[&TypeId::of::<u8>()].entries, 1);
        memory.invalidate(&Target::Group(Group::namespace("users")));
        assert!(memory.page(None, 10, |_| true).is_empty() && memory.census().is_empty());
    }
}
