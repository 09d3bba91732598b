//! Keys of equal arguments that are not equal.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use xxhash_rust::xxh3::xxh3_128;

use crate::key::Key;
use crate::site::Instance;

/// What calls and invalidations were keyed by: a function and the loose form of its arguments, as a hash because it may be
/// sensitive, to the key.
#[derive(Default)]
pub(crate) struct Keys(Mutex<HashMap<u128, Key>>);

impl Keys {
    /// Compares a key with those that came before.
    ///
    /// # Panics
    ///
    /// If another one differs in nothing but what may not count.
    pub(crate) fn compare(&self, instance: &Instance, loose: &str, key: &Key) {
        let path = &instance.identity.path;
        let form = xxh3_128(format!("{path}\0{loose}").as_bytes());
        let before = {
            let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match keys.entry(form) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(free) => {
                    free.insert(key.clone());
                    return;
                }
            }
        };
        assert!(
            before == *key,
            "`{path}` was given arguments that may be equal, under two keys:\n  {before}\n  {key}\n\
             they differ in the order of a list or in how a moment or a number is written, in {place}. If such arguments \
             are equal, calls with one miss what the other has stored, and invalidating one leaves the other: write \
             `key = …` with what identifies the value, a `HashSet` or `BTreeSet` in the place of a type that hides it, or \
             invalidate by a tag. If the order counts, pass a `Vec`, or test without `strict`",
            before = before.as_str(),
            key = key.as_str(),
            place = place(before.as_str(), key.as_str()),
        );
    }
}

/// The part of a key in which two of them differ.
fn place(one: &str, other: &str) -> String {
    let differs = one.split(':').zip(other.split(':')).find(|(one, other)| one != other);
    differs.map_or_else(|| "their length".to_owned(), |(one, other)| format!("`{one}` and `{other}`"))
}
