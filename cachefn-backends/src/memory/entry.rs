//! A value with what it takes to judge it.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use smallvec::SmallVec;

use super::generation::Captured;
use super::name::{Name, Short};
use crate::backend::Absence;
use crate::clock::Tick;
use crate::envelope::Token;
use crate::life::{Age, Life, Moments};
use crate::sync::{AtomicBool, AtomicU64, Ordering};

/// Who is to refresh an entry has so long to do it before another is asked.
pub const TURN: Duration = Duration::from_secs(1);

/// An entry of any type.
pub type AnyEntry = Arc<Entry>;

/// A value with what it takes to judge it. In this order: what a hit looks at fits in two cache lines.
#[repr(C)]
pub struct Entry {
    /// The epoch of its set in the hot table, at a moment before it was last found in moka.
    certified: AtomicU64,
    /// How many groups had been struck, at a moment before its generations were last found current.
    verified: AtomicU64,
    /// Before, it is fresh and nobody needs to do anything.
    due: Tick,
    /// Who stored it; somebody else's entry of the same key is not theirs.
    owner: TypeId,
    /// Which epoch is its own.
    stripe: usize,
    /// The call it was found by, once it was: a hit compares the whole.
    known: OnceLock<Known>,
    value: Box<dyn Any + Send + Sync>,
    name: Name,
    captured: Captured,
    evicted: AtomicBool,
    /// What comes after it is due; none if that is its end.
    aging: Option<Box<Aging>>,
    life: Duration,
    weight: u32,
    /// How many seconds old it was when it was made.
    aged: u32,
    /// Where another store did not take it: what that one showed instead.
    unstored: Option<Box<Unstored>>,
}

/// What another store showed of the place of an entry that it did not take. While it shows the same, nothing that the
/// other store knows of has invalidated the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unstored {
    /// A marker in place of the value, which goes with whatever invalidates the value.
    Marked(Token),
    /// No value, and the generations of the lineage; nothing where one of them is missing.
    Unmarked(Option<Vec<Token>>),
}

/// What becomes of an entry once it is due.
struct Aging {
    moments: Moments,
    /// When the next caller is asked to refresh it, in nanoseconds.
    asks: AtomicU64,
}

/// What that costs in memory, in bytes.
#[expect(clippy::cast_possible_truncation, reason = "it is a small struct")]
const AGING: u32 = size_of::<Aging>() as u32 + 16;

/// A call that an entry is found by.
struct Known {
    hash: u64,
    words: SmallVec<[u8; 48]>,
}

/// What an entry is made of.
pub(super) struct Parts {
    pub(super) name: Name,
    pub(super) owner: TypeId,
    pub(super) captured: Captured,
    pub(super) now: Tick,
    pub(super) life: Life,
    pub(super) weight: u32,
    pub(super) unstored: Option<Unstored>,
    pub(super) stripe: usize,
}

impl Entry {
    pub(super) fn new(parts: Parts, value: Box<dyn Any + Send + Sync>) -> Arc<Self> {
        let Parts { name, owner, captured, now, life, weight, stripe, unstored } = parts;
        let aging = |moments: Box<Moments>| Box::new(Aging { moments: *moments, asks: AtomicU64::new(0) });
        let aging = life.moments(now).map(aging);
        let more = aging.as_ref().map_or(0, |_| AGING);
        Arc::new(Self {
            stripe,
            name,
            known: OnceLock::new(),
            owner,
            captured,
            due: now.after(life.due),
            aging,
            certified: AtomicU64::new(u64::MAX),
            verified: AtomicU64::new(u64::MAX),
            evicted: AtomicBool::new(false),
            life: life.whole(),
            weight: weight.saturating_add(more),
            aged: u32::try_from(life.age.as_secs()).unwrap_or(u32::MAX),
            unstored: unstored.map(Box::new),
            value,
        })
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> &(dyn Any + Send + Sync) {
        &*self.value
    }

    /// What another store showed that did not take it, if one did not.
    pub fn unstored(&self) -> Option<&Unstored> {
        self.unstored.as_deref()
    }

    /// The value, who stored it, and its weight.
    pub(super) fn into_value(self) -> (Box<dyn Any + Send + Sync>, TypeId, u32) {
        (self.value, self.owner, self.weight)
    }

    /// Who stored it.
    pub fn owner(&self) -> TypeId {
        self.owner
    }

    /// What is left at `now` until it expires.
    pub fn remaining(&self, now: Tick) -> Duration {
        self.expires().since(now)
    }

    /// When it expires.
    pub fn expires(&self) -> Tick {
        self.aging.as_ref().map_or(self.due, |aging| aging.moments.expires)
    }

    /// How long ago its value was stored, wherever that was.
    pub fn since_stored(&self, now: Tick) -> Duration {
        let here = self.life.saturating_sub(self.end().since(now));
        here.saturating_add(Duration::from_secs(self.aged.into()))
    }

    /// How old it is at `now`; nothing if its life has ended.
    #[inline]
    pub fn age(&self, now: Tick) -> Option<Age> {
        if now < self.due {
            return Some(Age::Fresh);
        }
        self.aging.as_ref()?.moments.age(now)
    }

    /// When even where the body fails it is served no longer.
    pub fn end(&self) -> Tick {
        self.aging.as_ref().map_or(self.due, |aging| aging.moments.end())
    }

    /// Whether it is time to refresh it.
    pub(super) fn is_due(&self, now: Tick) -> bool {
        now >= self.due
    }

    /// Whether it is due at `now`, and the caller is whom that falls to: one a second.
    pub(super) fn asks(&self, now: Tick) -> bool {
        let Some(aging) = self.aging.as_ref().filter(|_| now >= self.due) else { return false };
        let turn = |asks: u64| (asks <= now.nanos()).then(|| now.after(TURN).nanos());
        aging.asks.fetch_update(Ordering::Relaxed, Ordering::Relaxed, turn).is_ok()
    }

    /// Whether it is due and somebody was asked to refresh it just now.
    #[cold]
    fn is_refreshed(&self, now: Tick) -> Option<Age> {
        let aging = self.aging.as_ref()?;
        let age = aging.moments.age(now).filter(|age| *age != Age::Spent)?;
        (aging.asks.load(Ordering::Relaxed) > now.nanos()).then_some(age)
    }

    /// How old it is for `owner` at `now`, when so many groups have been struck, and else why it is not to be used.
    #[inline]
    pub(super) fn judge(&self, owner: TypeId, struck: u64, now: Tick) -> Result<Age, Absence> {
        if self.owner != owner {
            Err(Absence::Foreign)
        } else if !self.is_verified(struck) {
            Err(Absence::Invalidated(None))
        } else {
            self.age(now).ok_or(Absence::Absent)
        }
    }

    /// How old it is, if it is alive, the caller's own, and nobody needs to be asked to refresh it.
    #[inline]
    pub(super) fn is_at_rest(&self, struck: u64, now: Tick) -> Option<Age> {
        if !self.is_verified(struck) {
            None
        } else if self.due > now {
            Some(Age::Fresh)
        } else {
            self.is_refreshed(now)
        }
    }

    #[inline]
    fn is_verified(&self, struck: u64) -> bool {
        self.verified.load(Ordering::Acquire) == struck || self.verify(struck)
    }

    /// Looks at every generation. `struck` was read before, so what is struck from then on is seen by whoever reads a
    /// greater number.
    #[inline(never)]
    fn verify(&self, struck: u64) -> bool {
        let current = self.captured.is_current();
        if current {
            self.verified.store(struck, Ordering::Release);
        }
        current
    }

    /// Whether it is found by this call.
    #[inline]
    pub(super) fn is_of(&self, call: Short<'_>) -> bool {
        self.owner == call.owner && self.known.get().is_some_and(|known| call.says(&known.words))
    }

    /// Has it be found by this call, unless another finds it already: the hash to find it under.
    pub(super) fn know(&self, call: Short<'_>) -> Option<u64> {
        let known = || Known { hash: call.hash, words: SmallVec::from_slice(call.words) };
        let known = self.known.get_or_init(known);
        (known.hash == call.hash && call.says(&known.words)).then_some(known.hash)
    }

    /// Whether its generations are current.
    pub(super) fn is_current(&self) -> bool {
        self.captured.is_current()
    }

    #[inline]
    pub(super) fn is_certified(&self, epoch: u64) -> bool {
        self.certified.load(Ordering::Acquire) == epoch
    }

    pub(super) fn certify(&self, epoch: u64) {
        self.certified.store(epoch, Ordering::Release);
    }

    pub(super) fn is_evicted(&self) -> bool {
        self.evicted.load(Ordering::SeqCst)
    }

    pub(super) fn mark_evicted(&self) {
        self.evicted.store(true, Ordering::SeqCst);
    }

    /// The hash that it is found under, if it is.
    pub(super) fn hash(&self) -> Option<u64> {
        self.known.get().map(|known| known.hash)
    }

    #[inline]
    pub(super) fn stripe(&self) -> usize {
        self.stripe
    }

    /// Its key.
    #[inline]
    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn life(&self) -> Duration {
        self.life
    }

    /// What it counts for against the bound, in bytes.
    pub(super) fn weight(&self) -> u32 {
        self.weight
    }
}

/// Without the key and the value: they may be secret.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("weight", &self.weight).finish_non_exhaustive()
    }
}
