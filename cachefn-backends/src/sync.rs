//! The primitives that the model checker has to see. With `--cfg cachefn_model` they are its own, and every use of them
//! is a point at which another thread may go on.

#[cfg(not(cachefn_model))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64};
#[cfg(not(cachefn_model))]
pub(crate) use std::sync::{Mutex, MutexGuard};

#[cfg(cachefn_model)]
pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU64};
#[cfg(cachefn_model)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard};

pub(crate) use std::sync::PoisonError;
pub(crate) use std::sync::atomic::Ordering;

/// Stands where something is done that the model checker does not see: a step of moka or of an `ArcSwap`.
#[inline]
pub(crate) fn step() {
    #[cfg(cachefn_model)]
    shuttle::thread::yield_now();
}
