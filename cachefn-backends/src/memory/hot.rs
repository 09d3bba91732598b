//! The entries that are read now: looked at before moka, without a lock and without writing a reference count.
//!
//! A fixed array of small sets, indexed by the hash of the call in short, so that a hit never writes its key. It is
//! lossy and never authoritative: what is not here is asked of moka, and what is here was there.
//!
//! ```text
//! reader        epoch = epochs[key]; entry = moka.get(key); entry.certified = epoch; publish(entry)
//! later reader  entry = set.way; if entry.certified == epochs[key] { it is in moka }
//! whoever       moka.remove(key) or moka.insert(key, other); epochs[key] += 1; return
//! ```
//!
//! *Why a hit is never stale.* An entry answers only while the epoch of its key is the one it was certified under,
//! which its reader saw **before** it found the entry in moka. Whoever removes or replaces it does that first and
//! raises the epoch afterwards, before returning. So a reader that finds the epoch unchanged began before that return,
//! and one that saw the raised epoch cannot have found the entry. In the other order an entry could be certified
//! between the two steps, and stay. All interleavings are checked in `model.rs`.
//!
//! That an entry was evicted says nothing about its truth; its memory is given back by clearing its way. A reader
//! that publishes an entry evicted meanwhile sees its mark afterwards and takes it back.

use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};

use super::Entry;
use super::name::Short;
use crate::sync::{AtomicU64, Ordering, step};

const WAYS: usize = 7;

/// Keys share this many epochs, and fewer under a small bound. Whoever raises one has a few entries of other keys asked of
/// moka once more.
const STRIPES: u64 = if cfg!(cachefn_model) { 4 } else { 8192 };

/// The fewest of them.
const FEWEST: u64 = if cfg!(cachefn_model) { 4 } else { 64 };

/// Larger entries, in bytes, are not worth a place: copying them out costs more than finding them.
pub(super) const LARGEST: usize = 4 << 10;

/// The table.
pub(super) struct Hot {
    sets: Box<[Set]>,
    epochs: Box<[AtomicU64]>,
}

/// One cache line: a glance at the tags tells which way to look at.
#[repr(align(64))]
struct Set {
    /// A byte of the hash of each way's key; zero where there is none. A hint: the ways know better.
    tags: AtomicU64,
    ways: [ArcSwapOption<Entry>; WAYS],
}

/// An entry of the table, as long as it is looked at.
pub(super) type Held = Guard<Option<Arc<Entry>>>;

impl Hot {
    /// Makes a table for a store of `max_bytes`: one way for every 256 to 512 bytes of the bound, between 28 and 7 340 032,
    /// and one epoch for every 512 to 1024 bytes, between 64 and 8192. So it takes a twentieth of the bound at most, and
    /// 768 bytes at least.
    pub(super) fn new(max_bytes: u64) -> Self {
        let sets = (max_bytes / (256 * WAYS as u64)).clamp(4, 1 << 20);
        let epochs = (max_bytes / 512).clamp(FEWEST, STRIPES);
        let epochs = (0..1_u64 << epochs.ilog2()).map(|_| AtomicU64::new(0)).collect();
        Self { sets: (0..1_u64 << sets.ilog2()).map(|_| Set::new()).collect(), epochs }
    }

    /// The memory that the table itself takes.
    pub(super) fn bytes(&self) -> u64 {
        (size_of_val(&*self.sets) + size_of_val(&*self.epochs)) as u64
    }

    /// Whether an entry that counts for so many bytes may be here.
    pub(super) fn takes(weight: u32) -> bool {
        weight as usize <= LARGEST
    }

    /// The entry of a call, if it is here and still what moka has.
    #[inline]
    pub(super) fn get(&self, call: Short<'_>) -> Option<Held> {
        let set = self.set(call.hash);
        let (tags, tag) = (set.tags.load(Ordering::Relaxed), tag(call.hash));
        let mut alike = matches(tags, tag);
        while alike != 0 {
            step();
            let held = set.ways[alike.trailing_zeros() as usize / 8].load();
            if let Some(entry) = &*held
                && entry.is_of(call)
            {
                return entry.is_certified(self.epoch(entry.stripe())).then_some(held);
            }
            alike &= alike - 1;
        }
        None
    }

    /// Which epoch is that of a key.
    #[expect(clippy::cast_possible_truncation, reason = "the low bits are the index")]
    pub(super) fn stripe(&self, hash: u64) -> usize {
        hash as usize & (self.epochs.len() - 1)
    }

    /// What an entry is certified under. To be read before moka is asked.
    #[inline]
    pub(super) fn epoch(&self, stripe: usize) -> u64 {
        self.epochs[stripe].load(Ordering::Acquire)
    }

    /// Puts an entry here that was found in moka by `call`, after `epoch` was read.
    pub(super) fn publish(&self, entry: &Arc<Entry>, call: Short<'_>, epoch: u64) {
        let Some(hash) = entry.know(call) else { return };
        let set = self.set(hash);
        entry.certify(epoch);
        let way = set.way_for(tag(hash));
        step();
        set.ways[way].store(Some(Arc::clone(entry)));
        set.tag(way, tag(hash));
        if entry.is_evicted() {
            set.forget(entry);
        }
    }

    /// To be called after an entry was removed from moka or replaced there, before anybody is told.
    #[inline]
    pub(super) fn raise(&self, stripe: usize) {
        self.epochs[stripe].fetch_add(1, Ordering::SeqCst);
    }

    /// Gives the memory of an entry back that moka holds no longer.
    pub(super) fn forget(&self, entry: &Arc<Entry>) {
        entry.mark_evicted();
        if let Some(hash) = entry.hash() {
            self.set(hash).forget(entry);
        }
    }

    /// Gives all memory back.
    pub(super) fn clear(&self) {
        (0..self.epochs.len()).for_each(|stripe| self.raise(stripe));
        for set in &self.sets {
            set.tags.store(0, Ordering::Relaxed);
            set.ways.iter().for_each(|way| way.store(None));
        }
    }

    #[inline]
    fn set(&self, hash: u64) -> &Set {
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are the index")]
        let index = hash as usize & (self.sets.len() - 1);
        &self.sets[index]
    }
}

impl Set {
    fn new() -> Self {
        Self { tags: AtomicU64::new(0), ways: std::array::from_fn(|_| ArcSwapOption::empty()) }
    }

    /// The way of the same key, an empty one, or that of another entry.
    fn way_for(&self, tag: u64) -> usize {
        let tags = self.tags.load(Ordering::Relaxed);
        let of_way = |way: usize| (tags >> (8 * way)) & 0xff;
        let same = (0..WAYS).find(|&way| of_way(way) == tag);
        let empty = || (0..WAYS).find(|&way| of_way(way) == 0);
        same.or_else(empty).unwrap_or_else(|| fastrand::usize(..WAYS))
    }

    fn tag(&self, way: usize, tag: u64) {
        let with = |tags: u64| Some(tags & !(0xff << (8 * way)) | tag << (8 * way));
        // Never `Err`: the closure always gives a value.
        let _ = self.tags.fetch_update(Ordering::Relaxed, Ordering::Relaxed, with);
    }

    fn forget(&self, entry: &Arc<Entry>) {
        for way in &self.ways {
            step();
            let held = way.load();
            if held.as_ref().is_some_and(|held| Arc::ptr_eq(held, entry)) {
                drop(way.compare_and_swap(&held, None));
            }
        }
    }
}

/// A byte of the hash that is not of its index, never zero.
#[inline]
fn tag(hash: u64) -> u64 {
    (hash >> 56).max(1)
}

/// The highest bit of every byte of `tags` that may be `tag`, the lowest such byte certainly ("Bit Twiddling Hacks":
/// determine if a word has a byte equal to n).
#[inline]
fn matches(tags: u64, tag: u64) -> u64 {
    const LOW: u64 = 0x0001_0101_0101_0101;
    let apart = tags ^ (LOW * tag);
    apart.wrapping_sub(LOW) & !apart & (LOW << 7)
}
