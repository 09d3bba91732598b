//! Entries in this process: typed, bounded in bytes, dead at once when invalidated.
//!
//! ```text
//! Memory ── hot          those that are read now: no lock, no reference count
//!        ── entries      moka: bound, admission (TinyLFU: Einziger et al., 2017), expiry
//!        ── generations  one cell a group; entries point to those of their lineage
//!        └─ fills        fills under way, so that invalidating a key voids them
//! ```
//!
//! Entries hold typed values, so a hit never decodes. Reading takes no lock that a writer holds for long.

mod entry;
mod fill;
mod generation;
mod hot;
mod inspect;
mod name;
mod protocol;
mod struck;

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::{Absence, Filled};
use crate::clock::{Clock, Tick};
use crate::life::{Age, Life};
use crate::place::{Group, Place, Target};
use crate::sync::{AtomicU64, Ordering, step};
use entry::Parts;
pub use entry::{AnyEntry, Entry, TURN, Unstored};
use fill::{Fills, Kind, Mark};
use generation::{Captured, Generations};
use hot::Hot;
pub use inspect::{Seen, Share};
pub use name::Short;
use name::{Hashing, Known, Name, Sought};

/// What an entry costs beside its key and value, in bytes, as counted against the bound: what the process was measured to
/// grow by for small ones, the books of moka included.
pub const ENTRY_OVERHEAD: usize = 640;

/// Of so many hits in the hot table moka is told of one, so that it knows what is used.
const REPORTED: u8 = 64;

/// What holds the entries.
type Entries = moka::sync::Cache<Name, AnyEntry, Known>;

/// The in-process store. Cheap to clone; clones are the same store.
#[derive(Clone)]
pub struct Memory {
    inner: Arc<Inner>,
}

struct Inner {
    /// How many bytes there are for entries.
    room: u64,
    /// How many bytes have ever been stored.
    stored: AtomicU64,
    hot: Arc<Hot>,
    hashing: Hashing,
    entries: Entries,
    generations: Generations,
    fills: Fills,
    clock: Clock,
}

/// What a call may do with the entry that it has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// How old it is.
    pub age: Age,
    /// Whether the call is whom the refreshing falls to: one a second, once the entry is due.
    pub refreshes: bool,
}

/// A fill that is under way: what it captured when it began. Dropping it ends the fill.
pub struct Ticket {
    memory: Memory,
    place: Place,
    name: Name,
    mark: Arc<Mark>,
    /// Read before anything else: a tag that was struck later is noticed.
    strikes: u64,
    captured: Captured,
}

impl Memory {
    /// A store that keeps at most `max_bytes`: keys, values, groups, [`ENTRY_OVERHEAD`]s, and the table of what is read now.
    pub fn new(max_bytes: u64, clock: Clock) -> Self {
        let hot = Arc::new(Hot::new(max_bytes));
        let room = max_bytes.saturating_sub(hot.bytes());
        let entries = moka::sync::Cache::builder()
            .max_capacity(room)
            .weigher(|_, entry: &AnyEntry| entry.weight())
            .expire_after(Lives)
            .eviction_listener({
                let hot = Arc::clone(&hot);
                // A model has it come as late as can be: its own threads do it.
                move |_, entry: AnyEntry, _| {
                    if !cfg!(cachefn_model) {
                        hot.forget(&entry);
                    }
                }
            })
            .build_with_hasher(Known::default());
        let (hashing, generations, fills) = (Hashing::default(), Generations::default(), Fills::new());
        let stored = AtomicU64::new(0);
        Self { inner: Arc::new(Inner { room, stored, hot, hashing, entries, generations, fills, clock }) }
    }

    /// A call in short: whose it is, and its arguments in whole words of eight bytes. Costs one hash.
    #[inline]
    pub fn short<'k>(&self, owner: TypeId, words: &'k [u8]) -> Short<'k> {
        self.inner.hashing.short(owner, words)
    }

    /// Shows `look` the entry of a call and how old it is, if it was read shortly before by the same call, is alive, and
    /// nobody needs to be asked to refresh it. Costs no lock, no allocation and no write to memory that threads share.
    #[inline]
    pub fn glance<R>(&self, call: Short<'_>, look: impl FnOnce(&Entry, Age) -> R) -> Option<R> {
        let inner = &*self.inner;
        let held = inner.hot.get(call)?;
        let entry = held.as_ref()?;
        let age = entry.is_at_rest(inner.generations.bumps(), inner.clock.now())?;
        if is_reported() {
            inner.report(entry);
        }
        Some(look(entry, age))
    }

    /// Shows `look` the entry of `key`, if it is alive and `call` is its owner's, and whose turn it is. The next such
    /// call will need but a glance. Costs one moka lookup.
    pub fn read<R>(
        &self,
        key: &str,
        call: Option<Short<'_>>,
        owner: TypeId,
        look: impl FnOnce(&AnyEntry, Turn) -> R,
    ) -> Result<R, Absence> {
        let inner = &*self.inner;
        let sought = inner.hashing.seek(key.as_bytes());
        let epoch = inner.hot.epoch(inner.hot.stripe(sought.hash));
        let now = inner.clock.now();
        let (entry, age) = inner.find(sought, owner, now)?;
        if let Some(call) = call.filter(|_| Hot::takes(entry.weight())) {
            inner.hot.publish(&entry, call, epoch);
        }
        let refreshes = age != Age::Spent && entry.asks(now);
        Ok(look(&entry, Turn { age, refreshes }))
    }

    /// The entry of `key` that `owner` stored, if it is fresh and not due. Costs one moka lookup, or two.
    ///
    /// To look again: moka is not told of an absence another time, or whatever is absent would seem to be wanted more
    /// than what is there.
    pub fn get(&self, key: &str, owner: TypeId) -> Result<AnyEntry, Absence> {
        let sought = self.inner.hashing.seek(key.as_bytes());
        if !self.inner.entries.contains_key(&sought) {
            return Err(Absence::Absent);
        }
        let now = self.inner.clock.now();
        let (entry, _) = self.inner.find(sought, owner, now)?;
        if entry.is_due(now) { Err(Absence::Absent) } else { Ok(entry) }
    }

    /// The entry of `key` that `owner` stored, whether or not it has expired. Nobody's turn to refresh it is taken.
    pub fn get_of_any_age(&self, key: &str, owner: TypeId) -> Option<AnyEntry> {
        let sought = self.inner.hashing.seek(key.as_bytes());
        self.inner.find(sought, owner, self.inner.clock.now()).ok().map(|(entry, _)| entry)
    }

    /// Begins a fill of `place`: captures its generations and lists it for the key's invalidation.
    pub fn begin(&self, place: &Place) -> Ticket {
        self.begin_as(place, Kind::Load)
    }

    /// The same for a value that is read where it was stored: a load that ends meanwhile is newer, whenever it began.
    pub fn begin_reading(&self, place: &Place) -> Ticket {
        self.begin_as(place, Kind::Reading)
    }

    fn begin_as(&self, place: &Place, kind: Kind) -> Ticket {
        let strikes = self.inner.generations.strikes();
        let mark = self.inner.fills.begin(&place.key, kind);
        let captured = self.inner.generations.capture(&place.lineage);
        let name = self.inner.hashing.name(&place.key);
        Ticket { memory: self.clone(), place: place.clone(), name, mark, strikes, captured }
    }

    /// Strikes `target`. When this returns, no read finds and no running fill stores what was loaded
    /// under it before.
    pub fn invalidate(&self, target: &Target) {
        match target {
            Target::Group(group) => self.inner.generations.bump(group),
            Target::Key(key) => {
                let fills = self.inner.fills.lock(key);
                fills.void_all(key);
                self.inner.remove(&self.inner.hashing.name(key));
            }
        }
    }

    /// Strikes everything; its memory is given back with the next accesses, or by [`Self::reclaim`].
    pub fn clear(&self) {
        self.invalidate(&Target::Group(Group::root()));
        self.inner.entries.invalidate_all();
        self.inner.hot.clear();
    }

    /// Has moka give back now what it would give back with the next accesses, and forgets the groups of what is gone.
    pub fn reclaim(&self) {
        self.inner.entries.run_pending_tasks();
        self.inner.generations.sweep();
    }

    /// What is left of the life of an entry.
    pub fn remaining(&self, entry: &Entry) -> Duration {
        entry.remaining(self.inner.clock.now())
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

    /// How many bytes are held, after housekeeping: what the entries count for, and the table of those that are read now.
    pub fn bytes(&self) -> u64 {
        self.inner.entries.run_pending_tasks();
        self.inner.entries.weighted_size() + self.inner.hot.bytes()
    }

    /// How many fills are under way.
    pub fn fills(&self) -> usize {
        self.inner.fills.len()
    }
}

impl Inner {
    fn find(&self, sought: Sought<'_>, owner: TypeId, now: Tick) -> Result<(AnyEntry, Age), Absence> {
        step();
        let entry = self.entries.get(&sought).ok_or(Absence::Absent)?;
        step();
        let age = entry.judge(owner, self.generations.bumps(), now)?;
        Ok((entry, age))
    }

    /// Lets moka know that an entry is used.
    #[cold]
    fn report(&self, entry: &Entry) {
        // The lookup itself is the report.
        drop(self.entries.get(entry.name()));
    }

    /// Holds the order in which the hot table may be left: moka first.
    fn remove(&self, name: &Name) {
        step();
        self.entries.invalidate(name);
        self.hot.raise(self.hot.stripe(name.hash));
    }

    fn insert(&self, name: &Name, entry: AnyEntry) {
        step();
        self.entries.insert(name.clone(), entry);
        self.hot.raise(self.hot.stripe(name.hash));
    }

    /// Makes room after a value of `weight` was stored. moka does that by itself for every 64 values, which may be many
    /// times the bound; so it is done for every eighth of the bound, too. Groups of what is gone are looked for each time as
    /// much was stored as there is room for.
    fn keep_house(&self, weight: u32) {
        if cfg!(cachefn_model) {
            return;
        }
        let before = self.stored.fetch_add(weight.into(), Ordering::Relaxed);
        let after = before.wrapping_add(weight.into());
        let passes = |step: u64| before / step != after / step;
        if passes((self.room / 8).max(1)) {
            self.entries.run_pending_tasks();
        }
        if passes(self.room.max(1)) {
            self.generations.sweep();
        }
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
        life: impl Into<Life>,
    ) -> AnyEntry {
        self.entry_of(self.captured.clone(), value, owner, size, life.into())
    }

    /// The same for a value that names more groups; none if one of them was struck since the fill began.
    pub fn entry_tagged<V: Any + Send + Sync>(
        &self,
        value: V,
        owner: TypeId,
        size: usize,
        life: Life,
        tags: &[Group],
    ) -> Option<AnyEntry> {
        Some(self.entry_of(self.capture(tags)?, value, owner, size, life))
    }

    fn entry_of<V: Any + Send + Sync>(
        &self,
        captured: Captured,
        value: V,
        owner: TypeId,
        size: usize,
        life: Life,
    ) -> AnyEntry {
        let key = self.place.key.len();
        // The call in short stands beside the key; up to 48 bytes of it are within the entry.
        let words = key.saturating_sub(48);
        let weight =
            [key, words, size, captured.cost(), ENTRY_OVERHEAD].into_iter().fold(0, usize::saturating_add);
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        let (now, stripe) = (self.memory.inner.clock.now(), self.memory.inner.hot.stripe(self.name.hash));
        let parts =
            Parts { name: self.name.clone(), owner, captured, now, life, weight, stripe, unstored: None };
        Entry::new(parts, Box::new(value))
    }

    /// Makes an entry of this fill out of one that nobody else holds, for a value that another store did not take: `life`
    /// runs from now. None if somebody holds it, or if one of the `tags` was invalidated since this fill began.
    pub fn unstored(
        &self,
        entry: AnyEntry,
        unstored: Unstored,
        life: Life,
        tags: &[Group],
    ) -> Option<AnyEntry> {
        let captured = self.capture(tags)?;
        let (value, owner, weight) = Arc::into_inner(entry)?.into_value();
        let (name, now) = (self.name.clone(), self.memory.inner.clock.now());
        let stripe = self.memory.inner.hot.stripe(name.hash);
        let parts = Parts { name, owner, captured, now, life, weight, stripe, unstored: Some(unstored) };
        Some(Entry::new(parts, value))
    }

    /// The generations of the lineage and of `tags`; nothing if one of these was invalidated since the fill began.
    fn capture(&self, tags: &[Group]) -> Option<Captured> {
        match tags {
            [] => Some(self.captured.clone()),
            tags => self.memory.inner.generations.extend(&self.captured, tags, self.strikes),
        }
    }

    /// Stores the fill's entry, unless an invalidation or a later fill came between. Where it is refused nothing that was
    /// loaded earlier is left.
    pub fn store(&self, entry: AnyEntry) -> Filled {
        if !entry.is_current() {
            return self.refuse();
        }
        let weight = entry.weight();
        let filled = self.settle(|inner, name| inner.insert(name, entry));
        self.memory.inner.keep_house(weight);
        filled
    }

    /// Ends a fill whose value must not be stored because one of its tags was invalidated: what was loaded earlier goes.
    pub fn refuse(&self) -> Filled {
        let _ = self.vacate();
        Filled::Refused
    }

    /// Ends a fill whose newer truth is that there is nothing: an entry that stands is removed.
    pub fn vacate(&self) -> Filled {
        self.settle(Inner::remove)
    }

    /// Ends a fill that has nothing to store: an entry that stands stays, and fills that began earlier are voided.
    pub fn leave(&self) -> Filled {
        self.settle(|_, _| ())
    }

    fn settle(&self, change: impl FnOnce(&Inner, &Name)) -> Filled {
        let (inner, key) = (&self.memory.inner, &self.place.key);
        let fills = inner.fills.lock(key);
        if !self.is_current() {
            return Filled::Refused;
        }
        fills.void_older(key, &self.mark);
        change(inner, &self.name);
        Filled::Stored
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.memory.inner.fills.end(&self.place.key, &self.mark);
    }
}

/// Whether moka is told of this hit. Which ones is left to chance, for calls may come in turns.
#[inline]
fn is_reported() -> bool {
    fastrand::u8(..REPORTED) == 0
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("entries", &self.inner.entries.entry_count()).finish_non_exhaustive()
    }
}

/// Lets moka reclaim entries that nobody reads again. It never makes an entry usable: every read
/// checks the entry itself.
struct Lives;

impl moka::Expiry<Name, AnyEntry> for Lives {
    fn expire_after_create(&self, _: &Name, entry: &AnyEntry, _: Instant) -> Option<Duration> {
        Some(entry.life())
    }

    fn expire_after_update(
        &self,
        _: &Name,
        entry: &AnyEntry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.life())
    }
}

#[cfg(all(test, cachefn_model))]
mod model;
#[cfg(all(test, not(cachefn_model)))]
mod tests;
