//! Telling Redis, and then memory and the followers, what has become of a fill.

use std::sync::Arc;
use std::time::Duration;

use cachefn_backends::backend::Filled;
use cachefn_backends::envelope::Draft;
use cachefn_backends::error::{Error, ErrorKind};
use cachefn_backends::memory::{AnyEntry, Ticket};
use cachefn_backends::place::Target;
use tokio::sync::oneshot;

use super::{Fill, Settling};
use crate::flight::Seat;
use crate::global::Cache;
use crate::site::Instance;
use crate::span;
use crate::watching::{self, Amendment};

/// What Redis is told.
pub(super) enum Word {
    Store(Draft, Duration),
    /// There is nothing that can be stored, and what is stored is older.
    Vacate,
    /// There is nothing to store, and what is stored stays.
    Leave,
}

impl Fill {
    /// Has Redis told, and then memory and the followers: on a task of its own, for who is dropped meanwhile would leave
    /// memory behind.
    pub(super) fn tell<V>(self: Box<Self>, word: Word, entry: Option<AnyEntry>, value: V) -> Settling<V> {
        let says = self.is_told().then(|| (Arc::clone(&self.cache), self.key.clone()));
        let Self { cache, instance, span, ticket, seat, lease, given, told: listens, .. } = *self;
        let stores = matches!(word, Word::Store(..));
        let (operation, leaves) = match &word {
            Word::Store(..) => ("fill", false),
            Word::Vacate => ("vacate", false),
            Word::Leave => ("release", true),
        };
        let asked = lease.map(|(lease, _)| span::redis(operation, lease.tell(word)));
        let telling = async move {
            let Some(asked) = asked else { return false };
            let told = asked.await;
            if given && told.is_err() {
                cache.disown(&ticket.place().key);
            }
            if !leaves {
                land(&cache, &ticket, &told, entry.as_ref().filter(|_| stores));
            }
            if stores {
                count(instance, &told);
                tell_of(&told, listens);
            }
            let stored = stores && matches!(told, Ok(Filled::Stored));
            settle(told, seat, entry.as_ref());
            stored
        };
        let telling = span.spawn(telling);
        let telling = async move {
            // It ends by itself.
            let stored = telling.await.unwrap_or(false);
            if let Some((cache, key)) = says.filter(|_| stored) {
                watching::amend(&cache.prefix, key.as_str(), Amendment::Stored);
            }
        };
        Settling::Waits(Box::pin(telling), value)
    }
}

/// Has memory follow what Redis was told.
///
/// What Redis has stored no invalidation had struck by then, and who waits for it has begun before. So that is all that
/// matters to them; memory also has to be told of nothing since.
fn land(cache: &Cache, ticket: &Ticket, told: &Result<Filled, Error>, entry: Option<&AnyEntry>) {
    if !cache.may_be_near() || matches!(told, Ok(Filled::Refused)) {
        return;
    }
    let stored = matches!(told, Ok(Filled::Stored)) && cache.is_near();
    let kept = entry.filter(|_| stored).map(|entry| ticket.store(Arc::clone(entry)));
    if kept != Some(Filled::Stored) {
        // What memory has is older, and so is what is read just now.
        cache.memory.invalidate(&Target::Key(Arc::clone(&ticket.place().key)));
    }
}

pub(super) fn count(instance: Instance, filled: &Result<Filled, Error>) {
    match filled {
        Ok(Filled::Stored) => instance.identity.counters.fills.count(),
        Ok(Filled::Refused) => instance.identity.counters.refused.count(),
        Err(_) => {}
    }
}

pub(super) fn tell_of(
    filled: &Result<Filled, Error>,
    listens: Option<oneshot::Sender<Result<Filled, Error>>>,
) {
    if let Some(listens) = listens {
        // Who has asked may have gone.
        let _ = listens.send(filled.clone());
    }
}

/// Tells the followers. They are given the entry only if it was, or could have been, stored: then no
/// invalidation came before this moment, in any process.
pub(super) fn settle(filled: Result<Filled, Error>, seat: Option<Seat>, entry: Option<&AnyEntry>) {
    let Some(seat) = seat else { return };
    match (filled, entry) {
        (Ok(Filled::Stored), Some(entry)) => seat.land(entry),
        // Redis takes no values: nobody can share one, but the body is not to be stormed either.
        (Err(error), _) if error.kind() == ErrorKind::Full => seat.fail(),
        _ => seat.retry(),
    }
}
