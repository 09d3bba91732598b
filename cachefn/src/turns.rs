//! Whose turn it is to refresh what Redis holds: one call a second for each key of this process.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use cachefn_backends::clock::Tick;
use cachefn_backends::memory::TURN;

/// Keys share these. One that loses its turn to another has it within a second.
const PLACES: usize = 4096;

/// When the next turn of each place is, in nanoseconds.
pub(crate) struct Turns {
    next: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self { next: (0..PLACES).map(|_| AtomicU64::new(0)).collect(), hasher: RandomState::new() }
    }

    /// Takes the turn of `key`, if there is one at `now`.
    pub(crate) fn take(&self, key: &str, now: Tick) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are the index")]
        let next = &self.next[self.hasher.hash_one(key) as usize % PLACES];
        let turn = |next: u64| (next <= now.nanos()).then(|| now.after(TURN).nanos());
        next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, turn).is_ok()
    }
}
