//! Values that are read back as soon as they are written.
//!
//! Whether a type's `Deserialize` reads what its `Serialize` writes shows only when it is tried. It is tried with the
//! first values of each type and codec, with the first value of each function, with the first value that holds
//! something of a kind that none before it held (a variant, a `Some`, a struct), and for a while after a value that could
//! not be read. All others cost two relaxed loads.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// So many values of a type are read back whatever they hold.
const FIRST: u32 = 16;

/// So many more after one that failed: a fault that one value in these has goes on being noticed.
const AFTER_A_FAILURE: u32 = 256;

/// What is known of the values of one type in one codec.
#[derive(Debug)]
pub(super) struct Trial {
    /// What values held that were read back.
    kinds: AtomicU64,
    /// How many are still read back whatever they hold.
    left: AtomicU32,
}

impl Trial {
    pub(super) fn new() -> Self {
        Self { kinds: AtomicU64::new(0), left: AtomicU32::new(FIRST) }
    }

    /// Whether a value that holds these `kinds` of content is to be read back.
    #[inline]
    pub(super) fn is_due(&self, kinds: u64) -> bool {
        self.left.load(Ordering::Relaxed) > 0 || kinds & !self.kinds.load(Ordering::Relaxed) != 0
    }

    /// Takes note of a value that was read back.
    pub(super) fn passed(&self, kinds: u64) {
        self.kinds.fetch_or(kinds, Ordering::Relaxed);
        let less = |left: u32| left.checked_sub(1);
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Takes note of a value that could not be read.
    pub(super) fn failed(&self) {
        self.left.store(AFTER_A_FAILURE, Ordering::Relaxed);
    }
}
