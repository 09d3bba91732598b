//! Fills that are under way, so that an invalidation can void them exactly.
//!
//! A group's invalidation reaches a running fill through the generations it captured. A key has no
//! generation: its running fills are listed here, and invalidating the key marks each of them under
//! the same lock under which a fill checks its mark and stores. A fill that stores voids those of
//! its key that began earlier, so of two fills the one begun later wins, whichever ends first.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::quality::RandomState;

use crate::sync::{AtomicBool, AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};

const SHARDS: usize = 64;

type Running = HashMap<Arc<str>, Vec<Arc<Mark>>, RandomState>;

/// The fills under way, by key.
pub(super) struct Fills {
    shards: [Mutex<Running>; SHARDS],
    hasher: RandomState,
    begun: AtomicU64,
}

/// Where a fill has its value from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A body.
    Load,
    /// A place where the value of one was stored.
    Reading,
}

/// The mark of one fill.
#[derive(Debug)]
pub(super) struct Mark {
    kind: Kind,
    begun: u64,
    voided: AtomicBool,
}

/// The fills of the keys of one shard, locked.
pub(super) struct Locked<'a>(MutexGuard<'a, Running>);

impl Fills {
    pub(super) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::default(),
            begun: AtomicU64::new(0),
        }
    }

    /// Lists a fill of `key` that begins now.
    pub(super) fn begin(&self, key: &Arc<str>, kind: Kind) -> Arc<Mark> {
        let mut running = self.lock(key).0;
        let begun = self.begun.fetch_add(1, Ordering::Relaxed);
        let mark = Arc::new(Mark { kind, begun, voided: AtomicBool::new(false) });
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

    /// Voids the fills of `key` whose values are older than that of `mark`.
    pub(super) fn void_older(&self, key: &str, mark: &Mark) {
        self.void(key, |other| mark.is_newer(other));
    }

    fn void(&self, key: &str, which: impl Fn(&Mark) -> bool) {
        for mark in self.0.get(key).into_iter().flatten().filter(|mark| which(mark)) {
            mark.voided.store(true, Ordering::Release);
        }
    }
}

impl Mark {
    /// Loads begin in the order of their values. What is read may be older than any load that has ended, and is newer
    /// than none.
    fn is_newer(&self, other: &Self) -> bool {
        match (self.kind, other.kind) {
            (Kind::Load, Kind::Load) => other.begun < self.begun,
            (Kind::Load, Kind::Reading) => true,
            (Kind::Reading, _) => false,
        }
    }

    /// Whether an invalidation of the key or a later fill came between.
    pub(super) fn is_void(&self) -> bool {
        self.voided.load(Ordering::Acquire)
    }
}
