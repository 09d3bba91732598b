//! The protocol every backend speaks.
//!
//! ```text
//! lookup      the entry, if every generation it was filled under is current
//! acquire     before a body runs: capture the generations, announce the fill
//! fill        after it: store, unless an invalidation or a later fill came between
//! release     the body gave nothing to store
//! invalidate  keys and groups; idempotent and order-free, so that it can be repeated
//! ```
//!
//! What keeps stale values out is that generations are captured *before* the body runs and compared
//! when its value is stored and each time it is read (leases: Nishtala et al., "Scaling Memcache at
//! Facebook", NSDI 2013).

use std::future::Future;
use std::time::Duration;

use crate::envelope::{Draft, Envelope, Ident};
use crate::error::Error;
use crate::place::{Place, Target};

/// A place where entries live outside the types of the program: bytes in, bytes out.
///
/// Implementations are written with plain `async fn`. Every future may be dropped at any await; what
/// was asked may then have happened or not, and nothing may leak.
pub trait Backend: Send + Sync + 'static {
    /// What stands between [`acquire`](Backend::acquire) and [`fill`](Backend::fill).
    type Lease: Send + Sync + 'static;

    /// The entry at `place`, checked as far as a backend can: whole, and of current generations.
    fn lookup(&self, place: &Place) -> impl Future<Output = Result<Lookup, Error>> + Send;

    /// Announces a fill and captures the generations it will be stored under. With `accept`, an
    /// entry that appeared since the lookup is returned instead. Of a place that is to be filled
    /// [alone](Place::alone) a backend may answer that somebody does so; one that cannot tell grants.
    fn acquire(
        &self,
        place: &Place,
        accept: bool,
    ) -> impl Future<Output = Result<Acquired<Self::Lease>, Error>> + Send;

    /// Stores `draft` for `life`, unless since `acquire` the key, a group of the place or one of the draft's
    /// tags was invalidated or a fill that was acquired later has been stored. Only an open place may have tags, or one with
    /// these very tags. A fill that is refused for its tags leaves nothing older behind.
    fn fill(
        &self,
        place: &Place,
        lease: Self::Lease,
        draft: Draft,
        life: Duration,
    ) -> impl Future<Output = Result<Filled, Error>> + Send;

    /// Ends a fill that has nothing to store. The answer says whether it could have been stored.
    /// With `vacate`, an entry that stands there from an earlier fill is removed: the newer truth
    /// is that there is nothing.
    fn release(
        &self,
        place: &Place,
        lease: Self::Lease,
        vacate: bool,
    ) -> impl Future<Output = Result<Filled, Error>> + Send;

    /// Says that a fill that is alone takes longer; whether it still is alone.
    fn renew(&self, _: &Place, _: &Self::Lease) -> impl Future<Output = Result<bool, Error>> + Send {
        async { Ok(false) }
    }

    /// Strikes all targets. After `Ok`, no lookup returns what was filled under them before.
    fn invalidate(&self, targets: &[Target]) -> impl Future<Output = Result<(), Error>> + Send;
}

/// What a lookup found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// An entry that is whole and current.
    Hit(Envelope),
    /// Nothing usable.
    Miss(Absence),
}

/// What a lookup has seen that asks nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// All there is to know.
    Clear(Lookup),
    /// An entry that is whole and current, unless one of the tags that its value named was invalidated: they have to be
    /// asked for.
    Tagged(Envelope),
}

/// Why there is nothing usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Absence {
    /// No entry, or one that has expired.
    Absent,
    /// A whole entry, but of an earlier generation or another lineage; who stored it, where that is known.
    Invalidated(Option<Ident>),
    /// Bytes that are not an envelope, or a damaged one.
    Foreign,
}

/// The answer to an announced fill.
#[derive(Debug)]
pub enum Acquired<L> {
    /// Run the body; the lease goes to `fill` or `release`.
    Granted(L),
    /// Somebody stored an entry in the meantime.
    Hit(Envelope),
    /// Somebody fills it alone, for so long unless that is [renewed](Backend::renew).
    Held(Duration),
}

/// Whether a fill stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// Nothing came between.
    Stored,
    /// An invalidation or a later fill came between; nothing was stored.
    Refused,
    /// A later fill has been stored or has vacated the place: what stands there is newer. Nothing was stored. A backend
    /// that cannot tell answers [`Refused`](Self::Refused).
    Superseded,
}

/// What has become of an invalidation that a backend was told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invalidated {
    /// It holds for everybody who reads from now on.
    Applied,
    /// It holds here, and stands in the journal until the backend can be reached again.
    Queued,
}
