//! Telling Redis, and then memory and the followers, what has become of a fill.

use std::sync::Arc;
use std::time::Duration;

use cachefn_backends::backend::Filled;
use cachefn_backends::envelope::Draft;
use cachefn_backends::error::{Error, ErrorKind};
use cachefn_backends::life::Life;
use cachefn_backends::memory::{AnyEntry, Ticket, Unstored};
use cachefn_backends::place::{Group, Target};
use tokio::sync::oneshot;

use super::unstored::{Keeping, Refusal, Watch};
use super::{Fill, Settling};
use crate::call::give::Since;
use crate::flight::Seat;
use crate::global::Cache;
use crate::site::Instance;
use crate::span;
use crate::watching::{self, Amendment};

/// What Redis is told.
pub(super) enum Word {
    Store(Draft, Duration),
    /// It does not take the value; this marker stands for it.
    Mark(Draft, Duration, Unstored),
    /// The value is not for Redis.
    Leave,
    /// There is nothing, or nothing that can be stored: what stood there is no longer true.
    Vacate,
    /// The same, where what stands there is another function's.
    End,
    /// There is nothing to store, and what is stored stays.
    Release,
}

/// What Redis has answered.
pub(super) struct Told {
    pub(super) filled: Filled,
    /// What it shows of a value that it does not take.
    pub(super) unstored: Option<Refusal>,
}

/// What is left to do of a fill once Redis has answered.
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts of one fill")]
struct Ending {
    cache: Arc<Cache>,
    instance: Instance,
    ticket: Arc<Ticket>,
    seat: Option<Seat>,
    listens: Option<oneshot::Sender<Result<Filled, Error>>>,
    since: Option<Since>,
    /// Whether the key's value in Redis is the function's own.
    owns: bool,
    /// Whether something older may stand there.
    replaces: bool,
    /// Whether the groups of the value were known when it was begun.
    closed: bool,
    /// How long it may be kept in memory if Redis does not take it.
    life: Life,
    tags: Vec<Group>,
    /// Whether there is a value to store.
    stores: bool,
    /// Whether what is stored stays.
    leaves: bool,
}

impl Fill {
    /// Has Redis told, and then memory and the followers: on a task of its own, for who is dropped meanwhile would leave
    /// memory behind.
    pub(super) fn tell<V>(mut self: Box<Self>, word: Word, entry: Option<AnyEntry>, value: V) -> Settling<V> {
        let life = entry.as_ref().map_or(Duration::MAX, |entry| self.cache.memory.remaining(entry));
        let says = self.is_told().then(|| (Arc::clone(&self.cache), self.key.clone()));
        let stores = !matches!(word, Word::Vacate | Word::End | Word::Release);
        let leaves = matches!(word, Word::Release);
        let operation = match word {
            Word::Release => "release",
            Word::Vacate | Word::End => "vacate",
            _ => "fill",
        };
        let (lease, watch) = (self.lease.take(), self.watch.take());
        // Without a lease nothing refuses what stands there: it goes before anybody can look for it.
        let disowned = if lease.is_none() && !leaves { self.disown() } else { None };
        let (memory, place) = (self.cache.memory.clone(), self.ticket.place().clone());
        let begin = move || memory.begin(&place);
        let asked = lease.map(|lease| span::redis(operation, lease.tell(word, begin)));
        let span = self.span.clone();
        let ending = Ending { leaves, ..self.ending(watch.as_ref(), stores) };
        let telling = async move {
            match (asked, watch) {
                (Some(asked), _) => ending.end(asked.await, entry).await,
                (None, Some(watch)) => {
                    if let Some(disowned) = disowned {
                        // Memory is told once more when Redis has answered; what is kept comes after that.
                        disowned.await;
                    }
                    ending.end_watched(watch, entry).await
                }
                (None, None) => false,
            }
        };
        let telling = span.spawn(telling);
        let telling = async move {
            // It ends by itself.
            let stored = telling.await.unwrap_or(false);
            if let Some((cache, key)) = says.filter(|_| stored) {
                watching::amend(&cache.prefix, key.as_str(), Amendment::Stored(life));
            }
        };
        Settling::Waits(Box::pin(telling), value)
    }

    fn ending(self, watch: Option<&Watch>, stores: bool) -> Ending {
        let limit = watch.map_or(Duration::MAX, |watch| watch.limit);
        let life = self.cache.life_in_memory(self.life()).at_most(limit);
        let closed = self.given || !self.ticket.place().open;
        let Self { cache, instance, ticket, seat, told, since, site, replaces, terms, .. } = self;
        let (owns, tags, listens) = (site.is_some(), terms.tags_of_value, told);
        Ending {
            cache,
            instance,
            ticket,
            seat,
            listens,
            since,
            owns,
            replaces,
            closed,
            life,
            tags,
            stores,
            leaves: false,
        }
    }
}

impl Ending {
    /// Redis has answered to a fill with a lease. Whether the value is stored, there or in memory.
    async fn end(mut self, told: Result<Told, Error>, entry: Option<AnyEntry>) -> bool {
        let (outcome, unstored) = match told {
            Ok(told) => (Ok(told.filled), told.unstored.filter(|_| told.filled == Filled::Stored)),
            Err(error) => (Err(error), None),
        };
        let Some(refusal) = unstored else {
            if !self.leaves {
                self.land(&outcome, entry.as_ref());
                self.disown(&outcome).await;
            }
            return self.settle(outcome, entry.as_ref());
        };
        if refusal.ticket.is_some() && self.owns {
            self.instance.identity.evidence.finds_full();
        }
        // Who listens has it in Redis or nowhere.
        let kept = match entry.filter(|_| self.listens.is_none()) {
            Some(entry) => self.keeping().keep_refused(refusal, entry).await,
            None => None,
        };
        let outcome = match (&kept, &self.listens) {
            (Some(_), _) => Ok(Filled::Stored),
            (None, None) => Ok(Filled::Refused),
            (None, Some(_)) => Err(Error::new(ErrorKind::Full)),
        };
        if kept.is_none() {
            self.forget();
        }
        self.settle(outcome, kept.as_ref())
    }

    /// The same of one without a lease.
    async fn end_watched(mut self, watch: Watch, entry: Option<AnyEntry>) -> bool {
        let kept = match entry {
            Some(entry) if self.stores => self.keeping().keep_watched(&watch, entry).await,
            // Others may have it, if nothing came between.
            Some(entry) if self.keeping().shows(&watch.link, &watch.unstored).await => Some(entry),
            _ => None,
        };
        if !self.leaves && (!self.stores || kept.is_none()) {
            self.forget();
        }
        let outcome = if kept.is_some() { Filled::Stored } else { Filled::Refused };
        self.settle(Ok(outcome), kept.as_ref())
    }

    fn keeping(&self) -> Keeping<'_> {
        Keeping {
            cache: &self.cache,
            ticket: &self.ticket,
            since: self.since.as_ref(),
            owns: self.owns,
            closed: self.closed,
            life: self.life,
            tags: &self.tags,
        }
    }

    /// What memory has is older, and so is what is read just now.
    fn forget(&self) {
        self.cache.memory.invalidate(&Target::Key(Arc::clone(&self.ticket.place().key)));
    }

    /// Has memory follow what Redis was told.
    ///
    /// What Redis has stored no invalidation had struck by then, and who waits for it has begun before. So that is all that
    /// matters to them; memory also has to be told of nothing since.
    fn land(&self, outcome: &Result<Filled, Error>, entry: Option<&AnyEntry>) {
        match outcome {
            // For its tags, perhaps: then what memory has was loaded earlier, and Redis has removed it. What was loaded later
            // stays.
            Ok(Filled::Refused) => {
                self.ticket.refuse();
                return;
            }
            Ok(Filled::Superseded) => return,
            Ok(Filled::Stored) | Err(_) => {}
        }
        let stored = self.stores && matches!(outcome, Ok(Filled::Stored)) && self.cache.is_near();
        let kept = entry.filter(|_| stored).map(|entry| self.ticket.store(Arc::clone(entry)));
        if kept != Some(Filled::Stored) {
            self.forget();
        }
    }

    /// What could not be stored is newer than what may stand there, unless a later fill is what stands there. A fill is
    /// also refused where its lease was lost, which leaves what stands there as it is.
    async fn disown(&self, outcome: &Result<Filled, Error>) {
        let lost = matches!(outcome, Err(_) | Ok(Filled::Refused));
        let superseded = self.since.as_ref().is_some_and(Since::is_superseded);
        if !self.replaces || !lost || superseded {
            return;
        }
        let told = self.owns.then(|| self.cache.disown(&self.ticket.place().key)).flatten();
        // After Redis is told: until then what it shows may be read once more.
        self.forget();
        if let Some(told) = told {
            told.await;
        }
    }

    fn settle(&mut self, outcome: Result<Filled, Error>, entry: Option<&AnyEntry>) -> bool {
        let stored = self.stores && matches!(outcome, Ok(Filled::Stored));
        if let Some(since) = self.since.as_ref().filter(|_| matches!(outcome, Ok(Filled::Stored))) {
            since.stands();
        }
        if self.stores {
            count(self.instance, &outcome);
            tell_of(&outcome, self.listens.take());
        }
        settle(outcome, self.seat.take(), entry);
        stored
    }
}

pub(super) fn count(instance: Instance, filled: &Result<Filled, Error>) {
    match filled {
        Ok(Filled::Stored) => instance.identity.counters.fills.count(),
        Ok(Filled::Refused | Filled::Superseded) => instance.identity.counters.refused.count(),
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
