//! The primitives that the model checker has to see: its own, with `--cfg cachefn_model`.

#[cfg(not(cachefn_model))]
pub(crate) use std::sync::{Mutex, MutexGuard};

#[cfg(cachefn_model)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard};

pub(crate) use std::sync::PoisonError;
