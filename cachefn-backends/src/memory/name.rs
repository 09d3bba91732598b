//! Keys with their hashes: a call hashes its key once, for everything that looks it up.

use std::any::TypeId;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use foldhash::quality::RandomState;
use moka::Equivalent;

/// What keys are hashed with: seeded anew in every process, so that nobody can choose keys that collide.
#[derive(Clone, Default)]
pub(super) struct Hashing(RandomState);

/// A call in short: whose it is, and its arguments as they are written before they are a key. Calls that are alike in
/// short have the same key; a key may be written down in more than one way. Without `Debug`: arguments may be secret.
#[derive(Clone, Copy)]
pub struct Short<'k> {
    pub(super) hash: u64,
    pub(super) owner: TypeId,
    /// Whole words, so that they are hashed and compared as they were written.
    pub(super) words: &'k [u8],
}

/// A key that is looked for.
#[derive(Clone, Copy)]
pub(super) struct Sought<'k> {
    pub(super) hash: u64,
    pub(super) text: &'k [u8],
}

/// The key of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) hash: u64,
    pub(super) text: Arc<str>,
}

/// Hands on the hash that a name brings along.
#[derive(Clone, Copy, Default)]
pub(super) struct Known(u64);

impl Hashing {
    #[inline]
    pub(super) fn seek<'k>(&self, text: &'k [u8]) -> Sought<'k> {
        Sought { hash: self.0.hash_one(Bytes(text)), text }
    }

    #[inline]
    pub(super) fn short<'k>(&self, owner: TypeId, words: &'k [u8]) -> Short<'k> {
        let mut hasher = self.0.build_hasher();
        owner.hash(&mut hasher);
        for word in words.chunks_exact(8) {
            hasher.write_u64(word_of(word));
        }
        Short { hash: hasher.finish(), owner, words }
    }

    pub(super) fn name(&self, text: &Arc<str>) -> Name {
        Name { hash: self.seek(text.as_bytes()).hash, text: Arc::clone(text) }
    }
}

impl Short<'_> {
    /// Whether both have the same words.
    #[inline]
    pub(super) fn says(&self, words: &[u8]) -> bool {
        let pairs = || self.words.chunks_exact(8).zip(words.chunks_exact(8));
        self.words.len() == words.len() && pairs().all(|(one, other)| word_of(one) == word_of(other))
    }
}

#[inline]
fn word_of(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_ne_bytes)
}

/// Bytes without their length, for nothing follows them.
struct Bytes<'k>(&'k [u8]);

impl Hash for Bytes<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0);
    }
}

impl Hash for Sought<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<Name> for Sought<'_> {
    fn equivalent(&self, name: &Name) -> bool {
        self.hash == name.hash && self.text == name.text.as_bytes()
    }
}

impl BuildHasher for Known {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl Hasher for Known {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        debug_assert!(false, "a name writes its hash and nothing else");
        self.0 = bytes.iter().fold(self.0, |hash, &byte| hash.rotate_left(8) ^ u64::from(byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sought_is_found_by_the_hash_of_its_name() {
        let hashing = Hashing::default();
        let name = hashing.name(&"users:get:7".into());
        let (same, other) = (hashing.seek(b"users:get:7"), hashing.seek(b"users:get:8"));
        assert!(same.equivalent(&name) && !other.equivalent(&name));
        assert_eq!(Known::default().hash_one(&name), Known::default().hash_one(same));
    }
}
