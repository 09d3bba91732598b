//! What is asked of Redis before a body may run, and what its answers mean.

use std::time::Duration;

use cachefn_backends::backend::{Absence, Acquired, Backend as _, Lookup, Seen};
use cachefn_backends::envelope::{Envelope, Token};
use cachefn_backends::error::{Error, ErrorKind};
use cachefn_backends::life::Age;
use cachefn_backends::memory::{AnyEntry, Ticket, Unstored};
use cachefn_backends::place::{Group, Place};

use super::Search;
use crate::call::first::{Shown, keep};
use crate::call::found::{Found, Spare};
use crate::layout::Unread;
use crate::observe::Lacked;
use crate::remote::{Link, RedisLease};
use crate::span;
use crate::variant::Fit;
use crate::wants::Standing;

/// What Redis answers to the announcement of a fill.
pub(super) enum Granted {
    Lease(RedisLease),
    Value(Found),
    /// A marker stands in place of a value.
    Marked,
    /// Another call's value stands there; this one's is elsewhere.
    Other,
    /// Another process fills it, for so long.
    Held(Duration),
}

/// What Redis has.
pub(super) enum Held {
    Fresh(Found),
    /// To be refreshed, and servable meanwhile.
    Due(Spare),
}

/// A marker that stands in Redis in place of a value that Redis does not take.
pub(in crate::call) struct Marker {
    pub(in crate::call) token: Token,
    /// The groups that the value named.
    pub(in crate::call) tags: Vec<Group>,
    /// How long it stands.
    pub(in crate::call) left: Duration,
}

impl Search {
    /// Looks the value up by `link`, unless that has been done: what was shown is worth something also when the link is gone.
    pub(super) async fn ask(
        &mut self,
        link: Option<&Link>,
        shown: Option<Shown>,
    ) -> Result<Option<Held>, Error> {
        self.marker = None;
        if self.site.is_none() {
            return self.unmarked(link).await;
        }
        self.asked_redis |= link.is_some() || shown.is_some();
        let (lookup, ticket) = match (shown, link) {
            (Some(Shown { seen: Seen::Clear(lookup), ticket }), _) => (lookup, ticket),
            (_, None) => return Err(Error::new(ErrorKind::Away)),
            (Some(Shown { seen, ticket }), Some(link)) => {
                (span::redis("lookup", link.settle_seen(&self.place, seen)).await?, ticket)
            }
            (None, Some(link)) => {
                // Before Redis is asked: what changes from now on voids it.
                let ticket = self.cache.is_near().then(|| self.cache.memory.begin_reading(&self.place));
                (span::redis("lookup", link.lookup(&self.place)).await?, ticket.map(Box::new))
            }
        };
        self.looked = true;
        match lookup {
            Lookup::Hit(envelope) => return Ok(self.read(&envelope, ticket.as_deref())),
            Lookup::Miss(Absence::Invalidated(Some(ident))) if Some(ident.site) != self.site => {
                self.instance.finds_foreign(&self.cache, ident.site);
                self.instance.says_shared_key(&self.cache, self.key.as_str());
                self.absence = Absence::Foreign;
            }
            Lookup::Miss(absence) => self.absence = absence,
        }
        self.unmarked(link).await
    }

    /// What memory keeps because Redis has no room for it, while no generation has changed there. Where memory speaks for
    /// Redis it was asked already.
    pub(super) async fn unmarked(&mut self, link: Option<&Link>) -> Result<Option<Held>, Error> {
        let (Some(link), false) = (link, self.cache.is_near()) else { return Ok(None) };
        let Some(entry) = self.kept() else { return Ok(None) };
        let Some(Unstored::Unmarked(then)) = entry.unstored() else { return Ok(None) };
        let known = if self.looked { link.known_generations(&self.place) } else { None };
        let now = if known.is_some() {
            known
        } else {
            self.asked_redis = true;
            span::redis("lookup", link.generations(&self.place)).await?
        };
        Ok(if now == *then { self.take(entry) } else { None })
    }

    /// The entry that memory keeps, if there is one.
    fn kept(&self) -> Option<AnyEntry> {
        self.cache.memory.get(&self.place.key, self.instance.owner).ok()
    }

    /// What memory keeps under the marker that Redis has shown.
    fn marked(&mut self, token: Token, envelope: &Envelope) -> Option<Held> {
        let kept = self.kept().filter(|entry| entry.unstored() == Some(&Unstored::Marked(token)));
        if let Some(held) = kept.and_then(|entry| self.take(entry)) {
            return Some(held);
        }
        let now = self.cache.memory.clock().unix_millis();
        let left = Duration::from_millis(envelope.span.fresh_until.saturating_sub(now));
        self.marker = Some(Marker { token, tags: envelope.tags.clone(), left });
        self.absence = Absence::Absent;
        None
    }

    fn take(&mut self, entry: AnyEntry) -> Option<Held> {
        if !self.is_own(entry.value()) {
            return None;
        }
        let memory = &self.cache.memory;
        let standing = Standing::of(&entry, memory.clock());
        if !self.wants.limits.suit(standing) {
            self.lacked = Lacked::Unsuitable;
            return None;
        }
        self.hit(standing.age, standing.remaining);
        Some(Held::Fresh(Found::Entry(entry)))
    }

    /// What Redis has, however old; neither counted nor kept in memory.
    pub(super) async fn ask_for_spare(&mut self, link: &Link) -> Option<Spare> {
        let site = self.site?;
        self.asked_redis = true;
        let Ok(Lookup::Hit(envelope)) = span::redis("lookup", link.lookup(&self.place)).await else {
            return None;
        };
        let value = (self.stored.decode)(&envelope, self.instance.owner_of(site)).ok()?;
        if (self.stored.fit)(&*value, self.hop) != Fit::Own {
            return None;
        }
        Some(Spare::decoded(value, envelope.span, self.cache.memory.clock()))
    }

    /// Announces a fill.
    pub(super) async fn acquire(&mut self, link: &Link, accept: bool) -> Result<Granted, Error> {
        // What is found is no newer than what another call of this process may store meanwhile.
        let ticket = self.cache.is_near().then(|| self.cache.memory.begin_reading(&self.place));
        let accept = accept && self.site.is_some();
        self.asked_redis = true;
        // What cannot be told from another's no other process has either.
        self.place.alone &= self.site.is_some();
        let mut acquired = announce(link, &self.place, accept).await?;
        if let Acquired::Hit(envelope) = &acquired {
            if let Some(Held::Fresh(found)) = self.read(envelope, ticket.as_ref()) {
                return Ok(Granted::Value(found));
            }
            if self.other.is_some() {
                return Ok(Granted::Other);
            }
            if self.marker.is_some() && !self.replaces() {
                return Ok(Granted::Marked);
            }
            acquired = announce(link, &self.place, false).await?;
        }
        match acquired {
            Acquired::Granted(lease) => Ok(Granted::Lease(lease)),
            Acquired::Held(left) => Ok(Granted::Held(left)),
            Acquired::Hit(_) => Err(Error::new(ErrorKind::Protocol)),
        }
    }

    /// Decodes what Redis holds, if it is of this function and this type.
    fn read(&mut self, envelope: &Envelope, ticket: Option<&Ticket>) -> Option<Held> {
        let site = self.site?;
        if envelope.ident.site != site {
            self.instance.says_shared_key(&self.cache, self.key.as_str());
        }
        if let Some(marker) = envelope.marker().filter(|_| envelope.ident.site == site) {
            return self.marked(marker, envelope);
        }
        let value = match (self.stored.decode)(envelope, self.instance.owner_of(site)) {
            Ok(value) => value,
            Err(why) => {
                match why {
                    Unread::Unreadable => self.instance.logs_unreadable(&self.cache),
                    Unread::Foreign => self.instance.finds_foreign(&self.cache, envelope.ident.site),
                }
                self.absence = Absence::Foreign;
                return None;
            }
        };
        let (clock, span) = (self.cache.memory.clock(), envelope.span);
        let now = clock.unix_millis();
        if let Some(ticket) = ticket {
            keep(self.instance, self.stored, ticket, envelope, &*value, now);
        }
        let age = span.age(now);
        if !self.is_own(&*value) {
            // Of what may be served no longer only its own calls make use.
            self.other = self.other.take().filter(|_| matches!(age, Some(Age::Fresh | Age::Stale)));
            self.absence = Absence::Absent;
            return None;
        }
        let clock = self.cache.memory.clock();
        if age.is_some() && !self.wants.limits.suit(Standing::within(span, now)) {
            (self.lacked, self.absence) = (Lacked::Unsuitable, Absence::Absent);
            return None;
        }
        match age {
            Some(Age::Fresh) if !self.instance.site.freshness.is_due(span, now) => {
                let standing = Standing::within(span, now);
                self.hit(standing.age, standing.remaining);
                Some(Held::Fresh(Found::Own(value)))
            }
            Some(Age::Fresh | Age::Stale) => Some(Held::Due(Spare::decoded(value, span, clock))),
            Some(Age::Spent) => {
                self.spare = Some(Spare::decoded(value, span, clock));
                self.absence = Absence::Absent;
                None
            }
            None => {
                self.absence = Absence::Absent;
                None
            }
        }
    }
}

async fn announce(link: &Link, place: &Place, accept: bool) -> Result<Acquired<RedisLease>, Error> {
    span::redis("acquire", link.acquire(place, accept)).await
}
