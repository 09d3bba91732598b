//! The first question that Redis is asked, and its usual answer: the value.
//!
//! A call that is answered by it never needs what a miss needs. Whatever else comes of it, the [search](super::search)
//! goes on from there.

use std::any::Any;
use std::time::Duration;

use cachefn_backends::backend::{Lookup, Seen};
use cachefn_backends::envelope::Envelope;
use cachefn_backends::error::Error;
use cachefn_backends::life::Age;
use cachefn_backends::memory::Ticket;

use super::miss::{Miss, Stage};
use super::search::is_untimely;
use super::stored::Vtable;
use crate::event;
use crate::layout::Erased;
use crate::observe::Outcome;
use crate::remote::Reply;
use crate::site::Instance;
use crate::span::{self, Asking};
use crate::variant::Fit;
use crate::wants::Standing;
use crate::watching;

/// A first question on its way.
pub(super) struct First {
    pub(super) asking: Asking<Reply>,
    ticket: Option<Box<Ticket>>,
}

/// What it has shown, for whoever goes on.
pub(super) struct Shown {
    pub(super) seen: Seen,
    pub(super) ticket: Option<Box<Ticket>>,
}

impl Miss {
    /// Asks Redis, where it is in use and may be asked together with others.
    pub(super) fn ask_first(&self) -> Option<First> {
        let redis = self.cache.redis.as_ref()?;
        self.instance.stored_as().filter(|_| redis.may_ask())?;
        // Before Redis is asked: what changes from now on voids it.
        let ticket = redis.is_near().then(|| Box::new(self.cache.memory.begin_reading(&self.place)));
        let asked = redis.ask(&self.place, self.asked)?;
        Some(First { asking: span::redis("lookup", asked), ticket })
    }

    /// Takes what Redis has answered: the value, or how to go on.
    pub(super) fn take_first(
        &mut self,
        answer: Result<(Seen, Duration), Error>,
        stored: &'static Vtable,
    ) -> Result<Erased, Stage> {
        let Stage::Asking(First { ticket, .. }) = std::mem::replace(&mut self.stage, Stage::Bare) else {
            return Err(Stage::Bare);
        };
        if let Ok((Seen::Clear(Lookup::Hit(envelope)), _)) = &answer
            && let Some(value) = self.take_fresh(envelope, ticket.as_deref(), stored)
        {
            return Ok(value);
        }
        let untimely = answer.as_ref().is_err_and(is_untimely);
        let (shown, link) = match answer {
            Ok((seen, spent)) => (Some(Shown { seen, ticket }), self.cache.link_after(spent)),
            Err(_) => (None, None),
        };
        let (mut search, link) = self.search_with(stored, link);
        (search.untimely, search.asked_redis) = (untimely, true);
        Err(Stage::Looking(Box::pin(Box::new(search).run(link, shown))))
    }

    /// The value, if there is nothing else to say of it than that it is a hit.
    fn take_fresh(
        &self,
        envelope: &Envelope,
        ticket: Option<&Ticket>,
        stored: &'static Vtable,
    ) -> Option<Erased> {
        let site = self.instance.stored_as().filter(|site| *site == envelope.ident.site)?;
        let (span, now) = (envelope.span, self.cache.memory.clock().unix_millis());
        let is_fresh = span.age(now) == Some(Age::Fresh) && !self.instance.site.freshness.is_due(span, now);
        if !is_fresh || !self.wants.limits.suit(Standing::within(span, now)) {
            return None;
        }
        let value = (stored.decode)(envelope, self.instance.owner_of(site)).ok()?;
        if (stored.fit)(&*value, self.hop) != Fit::Own {
            return None;
        }
        if let Some(ticket) = ticket {
            keep(self.instance, stored, ticket, envelope, &*value, now);
        }
        self.instance.counts_redis_hit(Age::Fresh, self.asked);
        self.span.ends(Outcome::Hit);
        let Standing { remaining, age, .. } = Standing::within(span, now);
        if self.audience.is_any() {
            watching::aged(age);
        }
        let (prefix, key) = (&self.cache.prefix, self.key.as_str());
        event::outcome(Outcome::Hit, &self.instance, prefix, key, Some(remaining), self.audience);
        Some(value)
    }
}

/// Keeps what was found in Redis in memory, as long as that speaks for it.
pub(super) fn keep(
    instance: Instance,
    stored: &Vtable,
    ticket: &Ticket,
    envelope: &Envelope,
    value: &dyn Any,
    now: u64,
) {
    let life = instance.site.freshness.rest(envelope.span, now);
    if let Some(entry) = (stored.entry)(ticket, value, instance.owner, life, &envelope.tags) {
        let _ = ticket.store(entry);
    }
}
