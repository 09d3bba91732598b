//! Entries in this process: typed, bounded in bytes, dead at once when invalidated.
//!
//! ```text
//! Memory ── entries      moka: bound, admission (TinyLFU: Einziger et al., 2017), expiry
//!        ── generations  one cell a group; entries point to those of their lineage
//!        └─ fills        fills under way, so that invalidating a key voids them
//! ```
//!
//! Entries are typed (`Arc<Entry<dyn Any>>`, the value in the entry's own allocation), so a hit never
//! decodes. Reading takes no lock that a writer holds for long.

mod fill;
mod generation;
mod protocol;

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::{Absence, Filled};
use crate::clock::{Clock, Tick};
use crate::place::{Group, Place, Target};
use fill::{Fills, Mark};
use generation::{Captured, Generations};

/// What an entry costs beside its key and value, in bytes, as counted against the bound.
pub const ENTRY_OVERHEAD: usize = 256;

/// An entry of any type.
pub type AnyEntry = Arc<Entry<dyn Any + Send + Sync>>;

/// The in-process store. Cheap to clone; clones are the same store.
#[derive(Clone)]
pub struct Memory {
    inner: Arc<Inner>,
}

struct Inner {
    entries: moka::sync::Cache<Arc<str>, AnyEntry>,
    generations: Generations,
    fills: Fills,
    clock: Clock,
}

/// A value with what it takes to judge it.
#[derive(Debug)]
pub struct Entry<V: ?Sized> {
    captured: Captured,
    /// Who stored it; somebody else's entry of the same key is not theirs.
    owner: TypeId,
    expires: Tick,
    life: Duration,
    weight: u32,
    value: V,
}

/// A fill that is under way: what it captured when it began. Dropping it ends the fill.
pub struct Ticket {
    memory: Memory,
    place: Place,
    mark: Arc<Mark>,
    /// Read before anything else: a tag that was struck later is noticed.
    strikes: u64,
    captured: Captured,
}

impl Memory {
    /// A store that keeps at most `max_bytes` of keys, values and [`ENTRY_OVERHEAD`]s.
    pub fn new(max_bytes: u64, clock: Clock) -> Self {
        let entries = moka::sync::Cache::builder()
            .max_capacity(max_bytes)
            .weigher(|_, entry: &AnyEntry| entry.weight)
            .expire_after(Lives)
            .build();
        let inner = Inner { entries, generations: Generations::default(), fills: Fills::new(), clock };
        Self { inner: Arc::new(inner) }
    }

    /// The entry of `key` that `owner` stored, if it is alive. Costs one moka lookup.
    pub fn get(&self, key: &str, owner: TypeId) -> Result<AnyEntry, Absence> {
        let entry = self.inner.entries.get(key).ok_or(Absence::Absent)?;
        if entry.owner != owner {
            Err(Absence::Foreign)
        } else if !entry.captured.is_current() {
            Err(Absence::Invalidated(None))
        } else if entry.expires <= self.inner.clock.now() {
            Err(Absence::Absent)
        } else {
            Ok(entry)
        }
    }

    /// Begins a fill of `place`: captures its generations and lists it for the key's invalidation.
    pub fn begin(&self, place: &Place) -> Ticket {
        let strikes = self.inner.generations.strikes();
        let mark = self.inner.fills.begin(&place.key);
        let captured = self.inner.generations.capture(&place.lineage);
        Ticket { memory: self.clone(), place: place.clone(), mark, strikes, captured }
    }

    /// Strikes `target`. When this returns, no read finds and no running fill stores what was loaded
    /// under it before.
    pub fn invalidate(&self, target: &Target) {
        match target {
            Target::Group(group) => self.inner.generations.bump(group),
            Target::Key(key) => {
                let fills = self.inner.fills.lock(key);
                fills.void_all(key);
                self.inner.entries.invalidate(&**key);
            }
        }
    }

    /// Strikes everything and gives the memory back.
    pub fn clear(&self) {
        self.invalidate(&Target::Group(Group::root()));
        self.inner.entries.invalidate_all();
    }

    /// The clock entries live by.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// How many entries are held, after housekeeping. Dead ones count until they are reclaimed.
    pub fn entries(&self) -> u64 {
        self.inner.entries.run_pending_tasks();
        self.inner.entries.entry_count()
    }

    /// How many bytes are held, after housekeeping.
    pub fn bytes(&self) -> u64 {
        self.inner.entries.run_pending_tasks();
        self.inner.entries.weighted_size()
    }

    /// How many fills are under way.
    pub fn fills(&self) -> usize {
        self.inner.fills.len()
    }
}

impl Ticket {
    /// The place that is filled.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether what this fill loads may be given to calls that begin now.
    pub fn is_current(&self) -> bool {
        !self.mark.is_void() && self.captured.is_current()
    }

    /// Wraps a value as this fill's entry. `size` is the value's size in bytes, as it counts against
    /// the bound; `life` runs from now.
    pub fn entry<V: Any + Send + Sync>(
        &self,
        value: V,
        owner: TypeId,
        size: usize,
        life: Duration,
    ) -> Arc<Entry<V>> {
        self.entry_of(self.captured.clone(), value, owner, size, life)
    }

    /// The same for a value that names more groups; none if one of them was struck since the fill began.
    pub fn entry_tagged<V: Any + Send + Sync>(
        &self,
        value: V,
        owner: TypeId,
        size: usize,
        life: Duration,
        tags: &[Group],
    ) -> Option<Arc<Entry<V>>> {
        let generations = &self.memory.inner.generations;
        let captured = match tags {
            [] => self.captured.clone(),
            tags => generations.extend(&self.captured, tags, self.strikes)?,
        };
        Some(self.entry_of(captured, value, owner, size, life))
    }

    fn entry_of<V>(
        &self,
        captured: Captured,
        value: V,
        owner: TypeId,
        size: usize,
        life: Duration,
    ) -> Arc<Entry<V>> {
        let weight = self.place.key.len() + size + ENTRY_OVERHEAD;
        let expires = self.memory.inner.clock.now().after(life);
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        Arc::new(Entry { captured, owner, expires, life, weight, value })
    }

    /// Stores the fill's entry, unless an invalidation or a later fill came between.
    pub fn store(&self, entry: AnyEntry) -> Filled {
        if !entry.captured.is_current() {
            return Filled::Refused;
        }
        self.settle(|entries, key| entries.insert(Arc::clone(key), entry))
    }

    /// Ends a fill whose newer truth is that there is nothing: an entry that stands is removed.
    pub fn vacate(&self) -> Filled {
        self.settle(|entries, key| entries.invalidate(&**key))
    }

    fn settle(&self, change: impl FnOnce(&moka::sync::Cache<Arc<str>, AnyEntry>, &Arc<str>)) -> Filled {
        let (inner, key) = (&self.memory.inner, &self.place.key);
        let fills = inner.fills.lock(key);
        if !self.is_current() {
            return Filled::Refused;
        }
        fills.void_earlier(key, &self.mark);
        change(&inner.entries, key);
        Filled::Stored
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.memory.inner.fills.end(&self.place.key, &self.mark);
    }
}

impl<V: ?Sized> Entry<V> {
    /// The value.
    pub fn value(&self) -> &V {
        &self.value
    }

    /// What is left of its life at `now`.
    pub fn remaining(&self, now: Tick) -> Duration {
        self.expires.since(now)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("entries", &self.inner.entries.entry_count()).finish_non_exhaustive()
    }
}

/// Lets moka reclaim entries that nobody reads again. It never makes an entry usable: every read
/// checks the entry itself.
struct Lives;

impl moka::Expiry<Arc<str>, AnyEntry> for Lives {
    fn expire_after_create(&self, _: &Arc<str>, entry: &AnyEntry, _: Instant) -> Option<Duration> {
        Some(entry.life)
    }

    fn expire_after_update(
        &self,
        _: &Arc<str>,
        entry: &AnyEntry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.life)
    }
}

#[cfg(test)]
mod tests;
