//! Fills that are under way, so that an invalidation can void them exactly.
//!
//! A group's invalidation reaches a running fill through the generations it captured. A key has no
//! generation: its running fills are listed here, and invalidating the key marks each of them under
//! the same lock under which a fill checks its mark and stores. A fill that stores voids those of
//! its key that began earlier, so of two fills the one begun later wins, whichever ends first.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::sync::{AtomicBool, AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};

const SHARDS: usize = 64;

type Running = HashMap<Arc<str>, Vec<Arc<Mark>>>;

/// The fills under way, by key.
pub(super) struct Fills {
    shards: [Mutex<Running>; SHARDS],
    hasher: RandomState,
    begun: AtomicU64,
}

/// The mark of one fill.
#[derive(Debug)]
pub(super) struct Mark {
    begun: u64,
    voided: AtomicBool,
}

/// The fills of the keys of one shard, locked.
pub(super) struct Locked<'a>(MutexGuard<'a, Running>);

impl Fills {
    pub(super) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
            begun: AtomicU64::new(0),
        }
    }

    /// Lists a fill of `key` that begins now.
    pub(super) fn begin(&self, key: &Arc<str>) -> Arc<Mark> {
        let mut running = self.lock(key).0;
        let begun = self.begun.fetch_add(1, Ordering::Relaxed);
        let mark = Arc::new(Mark { begun, voided: AtomicBool::new(false) });
        running.entry(Arc::clone(key)).or_default().push(Arc::clone(&mark));
        mark
    }

    /// Strikes a fill off the list.
    pub(super) fn end(&self, key: &str, mark: &Arc<Mark>) {
        let mut running = self.lock(key).0;
        if let Some(marks) = running.get_mut(key) {
            marks.retain(|other| !Arc::ptr_eq(other, mark));
            if marks.is_empty() {
                running.remove(key);
            }
        }
    }

    /// Locks the fills of `key` against each other and against its invalidation.
    pub(super) fn lock(&self, key: &str) -> Locked<'_> {
        let shard = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        // Each change is complete before anything can panic, so a poisoned lock is still right.
        Locked(self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many fills are under way.
    pub(super) fn len(&self) -> usize {
        let counts = self.shards.iter().map(|shard| {
            let running = shard.lock().unwrap_or_else(PoisonError::into_inner);
            running.values().map(Vec::len).sum::<usize>()
        });
        counts.sum()
    }
}

impl Locked<'_> {
    /// Voids every fill of `key`.
    pub(super) fn void_all(&self, key: &str) {
        self.void(key, |_| true);
    }

    /// Voids the fills of `key` that began before `mark`.
    pub(super) fn void_earlier(&self, key: &str, mark: &Mark) {
        self.void(key, |other| other.begun < mark.begun);
    }

    fn void(&self, key: &str, which: impl Fn(&Mark) -> bool) {
        for mark in self.0.get(key).into_iter().flatten().filter(|mark| which(mark)) {
            mark.voided.store(true, Ordering::Release);
        }
    }
}

impl Mark {
    /// Whether an invalidation of the key or a later fill came between.
    pub(super) fn is_void(&self) -> bool {
        self.voided.load(Ordering::Acquire)
    }
}
