//! What is done with the stored part of a return type, where its type is not known.

use std::any::{Any, TypeId};

use cachefn_backends::envelope::Envelope;
use cachefn_backends::life::Life;
use cachefn_backends::memory::{AnyEntry, Ticket};
use cachefn_backends::place::Group;

#[cfg(feature = "axum")]
use super::by_hand::ByHand;
use crate::footprint;
use crate::layout::{Choice as _, Erased, Owner, Unread};
use crate::shape::Kind;
use crate::site::FitOf;
use crate::variant::{Fit, Hop};
use crate::verdict::Storable;

/// What is done with the stored part of a return type, where its type is not known.
pub(crate) struct Vtable {
    /// Reads it out of an envelope of the site.
    pub(crate) decode: fn(&Envelope, Owner) -> Result<Erased, Unread>,
    /// What it is to a call.
    pub(super) fit: FitOf,
    /// Makes it a fill's entry, with the tags that it named.
    pub(super) entry: MakeEntry,
    /// What people do with it.
    #[cfg(feature = "axum")]
    pub(crate) by_hand: ByHand,
}

type MakeEntry = fn(&Ticket, &dyn Any, TypeId, Life, &[Group]) -> Option<AnyEntry>;

impl Vtable {
    pub(super) fn of<K: Kind<Stored: Storable>>() -> &'static Self {
        const {
            &Self {
                decode: K::Codec::decode::<K::Stored>,
                fit: fit::<K>,
                entry: entry::<K::Stored>,
                #[cfg(feature = "axum")]
                by_hand: ByHand::of::<K>(),
            }
        }
    }
}

/// What a value of any type is to a call.
pub(super) fn fit<K: Kind<Stored: Storable>>(value: &dyn Any, hop: Option<Hop>) -> Fit {
    value.downcast_ref::<K::Stored>().map_or(Fit::Orphan, |stored| K::fit(stored, hop))
}

/// See [`Vtable::entry`].
fn entry<V: Storable>(
    ticket: &Ticket,
    value: &dyn Any,
    owner: TypeId,
    life: Life,
    tags: &[Group],
) -> Option<AnyEntry> {
    let value = value.downcast_ref::<V>()?;
    ticket.entry_tagged(value.clone(), owner, footprint::of(value), life, tags)
}
