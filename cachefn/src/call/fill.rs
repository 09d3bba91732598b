//! A fill: from the moment a body may run to the moment its value is stored and its followers know.

mod lease;
mod says;
mod tell;
mod unstored;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cachefn_backends::backend::Filled;
use cachefn_backends::envelope::{Draft, MAX_TAGS, Token};
use cachefn_backends::error::{Error, ErrorKind};
use cachefn_backends::life::Life;
use cachefn_backends::memory::{AnyEntry, Ticket, Unstored};
use cachefn_backends::place::Target;
use tokio::sync::oneshot;

pub(super) use self::lease::Lease;
use self::tell::{Word, count, settle, tell_of};
pub(super) use self::unstored::Watch;
use super::found::{Found, Spare};
use super::give::Since;
use crate::codec;
use crate::event::Audience;
use crate::flight::{Aboard, Seat};
use crate::footprint;
use crate::global::Cache;
use crate::key::Key;
use crate::layout::Choice as _;
use crate::observe::Lacked;
use crate::remote::Ack;
use crate::shape::Kind;
use crate::site::Instance;
use crate::span::CallSpan;
use crate::terms::{Judge, Terms};
use crate::variant::Hop;
use crate::verdict::Storable;
use crate::watching;
use crate::why_unstored::WhyUnstored;

/// A fill under way. Dropping it passes the flight on and gives the lease back.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Fill {
    pub(super) cache: Arc<Cache>,
    pub(super) instance: Instance,
    pub(super) key: Key,
    pub(super) terms: Terms,
    pub(super) ticket: Arc<Ticket>,
    /// None outside of a flight.
    pub(super) seat: Option<Seat>,
    /// None where Redis is not in use or grants none.
    pub(super) lease: Option<Lease>,
    /// The number its value is stored under in Redis; none where that cannot be told from another's.
    pub(super) site: Option<u64>,
    /// What Redis has shown where it grants no lease.
    pub(super) watch: Option<Watch>,
    /// Whether something older may stand there: if the value cannot be stored, that is invalidated.
    pub(super) replaces: bool,
    /// Since when it has been under way, where that has to be known.
    pub(super) since: Option<Since>,
    /// What is served if the body fails or takes too long.
    pub(super) spare: Option<Spare>,
    /// Whether the call has returned already.
    pub(super) served: bool,
    /// Whether there is no body: the value was at hand.
    pub(super) given: bool,
    /// Who wants to know whether it was stored.
    pub(super) told: Option<oneshot::Sender<Result<Filled, Error>>>,
    /// Whether the cache was not to be asked.
    pub(super) bypassed: bool,
    /// The generations when the body began, if Redis, which is well, had no answer in time or was not asked.
    pub(super) known: Option<Vec<Token>>,
    /// Whether a success that is not stored removes what is: the body runs though there is a value, to have a newer one.
    /// Where there is none but what `stale_if_error` keeps, that stays.
    pub(super) supersedes: bool,
    /// How its place was reached, if it is not that of the key itself.
    pub(super) hop: Option<Hop>,
    /// What was found that did not answer.
    pub(super) lacked: Lacked,
    pub(super) audience: Audience,
    pub(super) span: CallSpan,
    pub(super) started: Instant,
}

/// What is left to do after the body.
pub(super) enum Settling<V> {
    Done(V),
    /// Redis is being told; then the value may be returned.
    Waits(Pin<Box<dyn Future<Output = ()> + Send>>, V),
}

impl Fill {
    /// Where the body is polled: in its flight, if it has one.
    pub(super) fn board(&self) -> Option<Aboard> {
        self.seat.as_ref().map(Seat::board)
    }

    /// The body failed: that is its caller's own, unless there is something older to return.
    pub(super) fn fail(mut self: Box<Self>) -> Option<Found> {
        self.instance.identity.counters.errors.count();
        let found = self.make_do();
        if found.is_some() {
            self.instance.identity.bodies.add(self.started.elapsed());
        } else {
            self.says_end(true);
            if !self.served {
                watching::unstored(WhyUnstored::Error);
            }
        }
        // Its own value may be served already: then others have one too.
        let leave = if found.is_some() || self.served { Seat::fail_over } else { Seat::fail };
        self.seat.into_iter().for_each(leave);
        found
    }

    /// How long the body is waited for, if there is something older at hand.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.instance.site.freshness.timeout.filter(|_| self.spare.is_some() && !self.bypassed)
    }

    /// The body takes too long: what the call returns without it.
    pub(super) fn give_up(&mut self) -> Option<Found> {
        let found = self.make_do()?;
        self.served = true;
        Some(found)
    }

    /// The body is about to be dropped because it takes too long. Whoever followed would have even less time for one of its
    /// own, and so would whoever comes after it: they return something older, or look again.
    pub(super) fn give_way(&mut self) {
        self.seat.take().into_iter().for_each(Seat::fail_over);
    }

    /// What is at hand, unless it was struck since the body began, or its time is over.
    fn make_do(&mut self) -> Option<Found> {
        let spare = self.spare.take().filter(|_| self.ticket.is_current())?;
        let age = spare.age(self.cache.memory.clock());
        let (found, remaining) = spare.serve(self.cache.memory.clock())?;
        if self.is_told() {
            watching::aged(age);
        }
        self.says(self.instance.makes_do(remaining), remaining);
        Some(found)
    }

    /// What the body returned cannot be judged: it is its caller's own.
    pub(super) fn hidden(self: Box<Self>) {
        let this = *self;
        this.instance.says_hidden(&this.cache);
        this.says_miss();
        this.seat.into_iter().for_each(Seat::fail);
    }

    /// What the body returned says nothing of what is stored: it is its caller's own.
    pub(super) fn unrelated(self: Box<Self>) {
        self.says_end(true);
        let leave = if self.served { Seat::fail_over } else { Seat::fail };
        self.seat.into_iter().for_each(leave);
    }

    /// What the body returned cannot be stored: it is its caller's own.
    pub(super) fn passes(mut self: Box<Self>) {
        self.says_miss();
        self.seat.take().into_iter().for_each(Seat::fail);
        if !self.supersedes {
            return;
        }
        if self.is_told_to_redis() {
            // Told on a task of its own, which nobody has to wait for.
            let word = self.vacates();
            drop(self.tell(word, None, ()));
        } else {
            let _ = self.ticket.vacate();
            let _ = self.disown();
        }
    }

    fn vacates(&self) -> Word {
        if self.site.is_some() { Word::Vacate } else { Word::End }
    }

    fn is_told_to_redis(&self) -> bool {
        self.lease.is_some() || self.watch.is_some()
    }

    /// Where something older may stand, it is gone here, and in Redis it is when that can be reached: it is sent or in the
    /// journal when this returns.
    fn disown(&self) -> Option<Ack> {
        let key = &self.ticket.place().key;
        let superseded = self.since.as_ref().is_some_and(Since::is_superseded);
        if !self.replaces || superseded {
            return None;
        }
        let is_linked = self.cache.is_linked();
        let told = if self.site.is_some() { self.cache.disown(key) } else { None };
        // After Redis is told: until then what it shows may be read once more.
        if is_linked {
            self.cache.memory.invalidate(&Target::Key(Arc::clone(key)));
        }
        told
    }

    /// The body found nothing, which may be worth remembering.
    pub(super) fn none<K: Kind<Stored: Storable>>(
        mut self: Box<Self>,
        value: K::Stored,
    ) -> Settling<K::Stored> {
        if let Some(life) = self.instance.site.life_of_none() {
            self.terms.nothing_for(life);
            return self.value::<K>(value);
        }
        self.instance.says_unstored(WhyUnstored::Nothing);
        self.nothing(value)
    }

    /// What the caller has is older than an invalidation: it is not stored, and what Redis has is older still.
    pub(super) fn outdated<V: Storable>(self: Box<Self>, value: V) -> Settling<V> {
        self.instance.identity.counters.refused.count();
        self.nothing(value)
    }

    /// The body has a value, which is asked whether and how it is to be stored.
    pub(super) fn judged<K: Kind<Stored: Storable>>(
        mut self: Box<Self>,
        value: K::Stored,
        judge: &impl Judge<K::Seen>,
    ) -> Settling<K::Stored> {
        if let Some(seen) = K::see(&value) {
            judge.judge(seen, &mut self.terms);
        }
        if self.terms.tags_of_value.len() > MAX_TAGS {
            self.instance.says_too_many_tags(&self.cache);
            return self.unwanted(value);
        }
        if self.terms.stores() {
            return self.value::<K>(value);
        }
        self.instance.says_unstored(WhyUnstored::When);
        self.unwanted(value)
    }

    /// A value that is not to be stored. Where it would have named more groups nobody knows whether one of them was
    /// struck meanwhile, so it is its caller's alone.
    fn unwanted<V: Storable>(mut self: Box<Self>, value: V) -> Settling<V> {
        let place = self.ticket.place();
        if place.open || !place.tags.is_empty() {
            self.seat.take().into_iter().for_each(Seat::fail);
        }
        self.nothing(value)
    }

    /// There is nothing to store.
    fn nothing<V: Storable>(self: Box<Self>, value: V) -> Settling<V> {
        self.says_miss();
        self.seal();
        let leaves = !self.supersedes;
        if self.is_told_to_redis() {
            let word = if leaves { Word::Release } else { self.vacates() };
            let entry = self.share(&value);
            return self.tell(word, entry, value);
        }
        let filled = if leaves { self.ticket.leave() } else { self.ticket.vacate() };
        let (filled, entry) = (self.settled(filled), self.share(&value));
        if !leaves {
            let _ = self.disown();
        }
        settle(filled, self.seat, entry.as_ref());
        Settling::Done(value)
    }

    /// The store is asked next: who joins the flight from now on must ask it too.
    fn seal(&self) {
        self.seat.iter().for_each(Seat::seal);
    }

    /// What became of a fill without a lease. While Redis is in use, without a lease nobody can tell whether another
    /// process has invalidated meanwhile; it takes no values.
    fn settled(&self, filled: Filled) -> Result<Filled, Error> {
        let is_apart = self.cache.link().is_some() && !self.is_kept_here();
        if is_apart { Err(Error::new(ErrorKind::Full)) } else { Ok(filled) }
    }

    /// Whether memory keeps the value though Redis is in use, as while that is away: Redis had no time for the call, and
    /// would have none for the next either if each ran its body again. Only where the generations are known, and not where
    /// something older may stand in Redis, which would come back.
    fn is_kept_here(&self) -> bool {
        self.known.is_some()
    }

    /// The value is to be stored.
    pub(super) fn value<K: Kind<Stored: Storable>>(self: Box<Self>, value: K::Stored) -> Settling<K::Stored> {
        self.says_miss();
        self.seal();
        if self.lease.is_some() {
            let (word, entry) = self.word::<K>(&value);
            return self.tell(word, entry, value);
        }
        if self.watch.is_some() {
            let entry = self.entry(&value, self.life());
            return self.tell(Word::Leave, entry, value);
        }
        let entry = self.entry_in_memory::<K>(&value).and_then(|entry| self.under_known(entry));
        // While Redis is in use memory is not read: what is stored there now would be old when it is.
        let store = |entry: &AnyEntry| self.ticket.store(Arc::clone(entry));
        let refuse = || self.ticket.refuse();
        let filled = self.settled(Filled::Refused).map(|_| entry.as_ref().map_or_else(refuse, store));
        if matches!(filled, Ok(Filled::Stored)) {
            self.says_stored(
                entry.as_ref().map_or(Duration::MAX, |entry| self.cache.memory.remaining(entry)),
            );
            self.since.iter().for_each(Since::stands);
        }
        let _ = self.disown();
        let Self { instance, seat, told, .. } = *self;
        count(instance, &filled);
        tell_of(&filled, told);
        settle(filled, seat, entry.as_ref());
        Settling::Done(value)
    }

    /// What memory keeps for a Redis that had no time: where memory does not speak for it, an entry that is compared with what
    /// Redis shows at each hit.
    fn under_known(&self, entry: AnyEntry) -> Option<AnyEntry> {
        match &self.known {
            Some(known) if !self.cache.is_near() => {
                let (unstored, life) = (Unstored::Unmarked(Some(known.clone())), self.life());
                let life = self.cache.life_in_memory(life);
                self.ticket.unstored(entry, unstored, life, &self.terms.tags_of_value)
            }
            _ => Some(entry),
        }
    }

    #[cfg(not(feature = "test-util"))]
    fn entry_in_memory<K: Kind<Stored: Storable>>(&self, value: &K::Stored) -> Option<AnyEntry> {
        self.entry(value, self.cache.life_in_memory(self.life()))
    }

    #[cfg(feature = "test-util")]
    fn entry_in_memory<K: Kind<Stored: Storable>>(&self, value: &K::Stored) -> Option<AnyEntry> {
        let read = self.cache.is_strict().then(|| crate::testing::through::<K>(value, &self.instance));
        self.entry(read.as_ref().unwrap_or(value), self.cache.life_in_memory(self.life()))
    }

    /// The value as memory's entry; none if one of its tags was struck while the body ran.
    fn entry<V: Storable>(&self, value: &V, life: Life) -> Option<AnyEntry> {
        let size = footprint::of(value);
        let (owner, tags) = (self.instance.owner, &self.terms.tags_of_value);
        self.ticket.entry_tagged(value.clone(), owner, size, life, tags)
    }

    /// The life that is asked for.
    fn life(&self) -> Life {
        let site = self.instance.site;
        let fresh = site.jittered(self.cache.life(self.terms.life(site.ttl())));
        let life = self.terms.freshness(site.freshness).life(fresh);
        self.instance.identity.evidence.lives(life.fresh.saturating_add(life.stale));
        life
    }

    /// The value as an entry for the followers, if there can be any.
    fn share<V: Storable>(&self, value: &V) -> Option<AnyEntry> {
        let entry = || self.ticket.entry(value.clone(), self.instance.owner, 0, Duration::MAX);
        self.seat.as_ref().map(|_| entry())
    }

    /// What Redis is told of the value, and the value as memory's entry.
    fn word<K: Kind<Stored: Storable>>(&self, value: &K::Stored) -> (Word, Option<AnyEntry>) {
        let life = self.life();
        let Some(site) = self.site else { return (Word::Leave, self.entry(value, life)) };
        match K::Codec::encode(value, self.instance.writer_of(site)) {
            Ok((ident, payload)) => {
                let entry = self.entry(value, life);
                let (packing, payload) = codec::pack(payload);
                let tags = self.terms.tags_of_value.clone();
                let span = life.span(self.cache.memory.clock().unix_millis());
                (Word::Store(Draft { ident, span, packing, payload, tags }, life.whole()), entry)
            }
            Err(error) => {
                self.instance.says_not_stored(&self.cache, &error);
                (self.marker(site, life), self.entry(value, life))
            }
        }
    }

    /// What stands in Redis for a value that memory keeps.
    fn marker(&self, site: u64, life: Life) -> Word {
        let life = self.cache.life_in_memory(life);
        let span = life.span(self.cache.memory.clock().unix_millis());
        let mut marker = Token::default();
        getrandom::fill(&mut marker).expect("the operating system provides random numbers");
        let draft = Draft::marker(site, span, marker, self.terms.tags_of_value.clone());
        Word::Mark(draft, life.whole(), Unstored::Marked(marker))
    }
}
