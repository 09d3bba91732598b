//! A value with what it takes to judge it.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use smallvec::SmallVec;

use super::generation::Captured;
use super::hot::Hot;
use super::name::{Name, Short};
use crate::backend::Absence;
use crate::clock::Tick;
use crate::sync::{AtomicBool, AtomicU64, Ordering};

/// An entry of any type.
pub type AnyEntry = Arc<Entry>;

/// A value with what it takes to judge it. In this order: what a hit looks at fits in two cache lines.
#[repr(C)]
pub struct Entry {
    /// The epoch of its set in the hot table, at a moment before it was last found in moka.
    certified: AtomicU64,
    /// How many groups had been struck, at a moment before its generations were last found current.
    verified: AtomicU64,
    expires: Tick,
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
    life: Duration,
    weight: u32,
}

/// A call that an entry is found by.
struct Known {
    hash: u64,
    words: SmallVec<[u8; 32]>,
}

/// What an entry is made of.
pub(super) struct Parts {
    pub(super) name: Name,
    pub(super) owner: TypeId,
    pub(super) captured: Captured,
    pub(super) expires: Tick,
    pub(super) life: Duration,
    pub(super) weight: u32,
}

impl Entry {
    pub(super) fn new(parts: Parts, value: Box<dyn Any + Send + Sync>) -> Arc<Self> {
        let Parts { name, owner, captured, expires, life, weight } = parts;
        Arc::new(Self {
            stripe: Hot::stripe(name.hash),
            name,
            known: OnceLock::new(),
            owner,
            captured,
            expires,
            certified: AtomicU64::new(u64::MAX),
            verified: AtomicU64::new(u64::MAX),
            evicted: AtomicBool::new(false),
            life,
            weight,
            value,
        })
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> &(dyn Any + Send + Sync) {
        &*self.value
    }

    /// What is left of its life at `now`.
    pub fn remaining(&self, now: Tick) -> Duration {
        self.expires.since(now)
    }

    /// Whether `owner` may use it at `now`, when so many groups have been struck, and else why not.
    #[inline]
    pub(super) fn judge(&self, owner: TypeId, struck: u64, now: Tick) -> Result<(), Absence> {
        if self.owner != owner {
            Err(Absence::Foreign)
        } else if !self.is_verified(struck) {
            Err(Absence::Invalidated(None))
        } else if self.expires <= now {
            Err(Absence::Absent)
        } else {
            Ok(())
        }
    }

    /// The same where it is known whose it is.
    #[inline]
    pub(super) fn is_alive(&self, struck: u64, now: Tick) -> bool {
        self.is_verified(struck) && self.expires > now
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
