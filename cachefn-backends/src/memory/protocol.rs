//! Memory as a [`Backend`]: the same rules, with envelopes for values.

use std::any::TypeId;
use std::time::Duration;

use super::{Memory, Ticket};
use crate::backend::{Acquired, Backend, Filled, Lookup};
use crate::envelope::{Draft, Envelope, MAX_TAGS};
use crate::error::{Error, ErrorKind};
use crate::place::{Place, Target};

/// Entries stored through the protocol have no owner but the protocol.
fn owner() -> TypeId {
    TypeId::of::<Envelope>()
}

impl Backend for Memory {
    type Lease = Ticket;

    async fn lookup(&self, place: &Place) -> Result<Lookup, Error> {
        let found = self.get(&place.key, owner());
        Ok(match found.map(|entry| entry.value().downcast_ref::<Envelope>().cloned()) {
            Ok(Some(envelope)) => Lookup::Hit(envelope),
            Ok(None) => Lookup::Miss(crate::backend::Absence::Foreign),
            Err(absence) => Lookup::Miss(absence),
        })
    }

    async fn acquire(&self, place: &Place, accept: bool) -> Result<Acquired<Ticket>, Error> {
        let ticket = self.begin(place);
        match self.lookup(place).await? {
            Lookup::Hit(envelope) if accept => Ok(Acquired::Hit(envelope)),
            _ => Ok(Acquired::Granted(ticket)),
        }
    }

    async fn fill(&self, _: &Place, lease: Ticket, draft: Draft, life: Duration) -> Result<Filled, Error> {
        let (size, tags) = (draft.payload.len(), draft.tags.clone());
        if tags.len() > MAX_TAGS {
            return Err(Error::new(ErrorKind::Protocol));
        }
        // The tags are the entry's own matter here.
        let sealed = Draft { tags: Vec::new(), ..draft }.seal(&[]).and_then(Envelope::open);
        let sealed = sealed.ok_or(Error::new(ErrorKind::Protocol))?;
        let entry = lease.entry_tagged(sealed, owner(), size, life.into(), &tags);
        Ok(entry.map_or_else(|| lease.refuse(), |entry| lease.store(entry)))
    }

    async fn release(&self, _: &Place, lease: Ticket, vacate: bool) -> Result<Filled, Error> {
        Ok(match (vacate, lease.is_current()) {
            (true, _) => lease.vacate(),
            (false, true) => Filled::Stored,
            (false, false) => Filled::Refused,
        })
    }

    async fn invalidate(&self, targets: &[Target]) -> Result<(), Error> {
        for target in targets {
            Self::invalidate(self, target);
        }
        Ok(())
    }
}
