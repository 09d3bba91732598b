//! The instances of one function that were called, with what can be done with their values where their types are not
//! known.
//!
//! A value that is found was stored, and what stores it has missed: so it is a miss that makes an instance known, and a
//! hit pays nothing.

use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use cachefn_backends::place::{Group, Place};

use crate::call::Vtable;
use crate::site::Instance;

/// The instances of one function that were called.
#[derive(Default)]
pub(crate) struct Instances {
    /// As a rule there is one.
    first: OnceLock<Known>,
    more: Mutex<Vec<Known>>,
}

/// An instance that was called.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) instance: Instance,
    pub(crate) vtable: &'static Vtable,
    /// Whether `tags = […]` gives its entries groups that only the arguments of a call tell.
    pub(crate) tagged: bool,
}

impl Instances {
    /// Lists an instance by one of its calls. Costs a load once it is listed, and a lock where it is not the first.
    pub(crate) fn list(&self, instance: Instance, vtable: &'static Vtable, place: &Place) {
        let known = || {
            let tagged = place.lineage.groups().iter().any(Group::is_tag);
            Known { instance, vtable, tagged }
        };
        if self.first.get_or_init(known).instance.owner == instance.owner {
            return;
        }
        let mut more = self.more.lock().unwrap_or_else(PoisonError::into_inner);
        if more.iter().all(|other| other.instance.owner != instance.owner) {
            more.push(known());
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Known> {
        let more = self.more.lock().unwrap_or_else(PoisonError::into_inner);
        self.first.get().into_iter().chain(more.iter()).copied().collect()
    }
}

impl fmt::Debug for Instances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instances").finish_non_exhaustive()
    }
}
