//! Values that Redis does not take: memory keeps them, for as long as what is filled while Redis is away.
//!
//! | Redis does not take it because | what stands for it in Redis | who may serve it |
//! |---|---|---|
//! | it is too large, or its codec cannot carry it | a marker, which goes with whatever invalidates the value | a process that keeps a value under this marker |
//! | it is full | nothing | a process whose generations of the lineage are still those of Redis |
//! | it cannot be told from another function's | nothing | the same |
//!
//! Where memory speaks for Redis, it is told when the marker or a generation changes; else Redis is asked at each hit. A
//! value is kept only if Redis has shown the same after the body as before it. Where nothing stands for the value,
//! another process's invalidation of the key is not seen, nor that of a group for whose generation Redis had no room: the
//! life of the entry bounds what it misses, as while Redis is away.

use std::sync::Arc;
use std::time::Duration;

use cachefn_backends::backend::{Backend as _, Filled, Lookup};
use cachefn_backends::life::Life;
use cachefn_backends::memory::{AnyEntry, Ticket, Unstored};
use cachefn_backends::place::{Group, Place};

use crate::call::give::Since;
use crate::call::search::Marker;
use crate::global::Cache;
use crate::remote::Link;

/// What Redis has shown before the body, where it has granted no lease.
pub(in crate::call) struct Watch {
    pub(super) link: Link,
    pub(super) unstored: Unstored,
    /// The groups that die with the marker.
    tags: Option<Vec<Group>>,
    /// For how long the value may be kept.
    pub(super) limit: Duration,
}

/// What Redis shows that has not taken a value, after a fill with a lease.
pub(super) struct Refusal {
    pub(super) link: Link,
    pub(super) unstored: Unstored,
    /// One that was begun before Redis said that nothing came between.
    pub(super) ticket: Option<Arc<Ticket>>,
}

/// A value that is to be kept.
pub(super) struct Keeping<'a> {
    pub(super) cache: &'a Cache,
    pub(super) ticket: &'a Arc<Ticket>,
    /// Since when the value has been on its way.
    pub(super) since: Option<&'a Since>,
    /// Whether the key's value in Redis is the function's own.
    pub(super) owns: bool,
    /// Whether all groups that the value names are known to `since`.
    pub(super) closed: bool,
    pub(super) life: Life,
    pub(super) tags: &'a [Group],
}

impl Watch {
    /// A marker stands there.
    pub(in crate::call) fn under(link: Link, marker: Marker) -> Self {
        let unstored = Unstored::Marked(marker.token);
        Self { link, unstored, tags: Some(marker.tags), limit: marker.left }
    }

    /// Nothing can be put there: what the generations are. None if Redis does not say.
    pub(in crate::call) async fn of(link: Link, place: &Place) -> Option<Self> {
        let unstored = Unstored::Unmarked(link.generations(place).await.ok()?);
        Some(Self { link, unstored, tags: None, limit: Duration::MAX })
    }

    /// Whether a value that names `tags` dies with whatever invalidates them.
    fn covers(&self, tags: &[Group]) -> bool {
        let same = |own: &Vec<Group>| own.len() == tags.len() && tags.iter().all(|tag| own.contains(tag));
        self.tags.as_ref().is_none_or(same)
    }
}

impl Keeping<'_> {
    /// Keeps `entry`, if Redis shows still what it has shown when it refused the value.
    pub(super) async fn keep_refused(&self, refusal: Refusal, entry: AnyEntry) -> Option<AnyEntry> {
        let Refusal { link, unstored, ticket } = refusal;
        // Where memory is told of it, the marker voids what was begun before.
        let verified = ticket.is_some() || !self.cache.may_be_near();
        let ticket = ticket.unwrap_or_else(|| Arc::clone(self.ticket));
        self.keep(&link, &unstored, entry, ticket, verified).await
    }

    /// Keeps `entry`, if Redis shows still what it has shown before the body.
    pub(super) async fn keep_watched(&self, watch: &Watch, entry: AnyEntry) -> Option<AnyEntry> {
        if !watch.covers(self.tags) {
            return None;
        }
        self.keep(&watch.link, &watch.unstored, entry, Arc::clone(self.ticket), false).await
    }

    /// Keeps `entry` if Redis shows `unstored`. With `verified`, it has done so since the ticket was begun.
    ///
    /// A ticket is begun before Redis is asked, so that what changes afterwards is noticed by it. Where this process has
    /// just changed the value in Redis it is told so itself, which voids the first ticket: then it begins another, once
    /// what it is told of its own change is behind it.
    async fn keep(
        &self,
        link: &Link,
        unstored: &Unstored,
        mut entry: AnyEntry,
        mut ticket: Arc<Ticket>,
        verified: bool,
    ) -> Option<AnyEntry> {
        for round in 0..2 {
            let known = round == 0 && verified;
            if !known && !self.shows(link, unstored).await {
                return None;
            }
            entry = ticket.unstored(entry, unstored.clone(), self.life, self.tags)?;
            if self.lasts() && ticket.store(Arc::clone(&entry)) == Filled::Stored {
                return Some(entry);
            }
            if !self.may_begin_again(unstored) {
                return None;
            }
            ticket = Arc::new(self.cache.memory.begin(self.ticket.place()));
        }
        None
    }

    /// Whether Redis still shows `unstored`.
    pub(super) async fn shows(&self, link: &Link, unstored: &Unstored) -> bool {
        let place = self.ticket.place();
        match unstored {
            Unstored::Marked(marker) => {
                let found = link.lookup(place).await;
                matches!(found, Ok(Lookup::Hit(envelope)) if envelope.marker() == Some(*marker))
            }
            Unstored::Unmarked(then) => {
                // A value that stands there meanwhile is somebody's newer one.
                if self.owns && !matches!(link.lookup(place).await, Ok(Lookup::Miss(_))) {
                    return false;
                }
                let known = if self.owns { link.known_generations(place) } else { None };
                match known {
                    Some(now) => then.as_ref() == Some(&now),
                    None => link.generations(place).await.is_ok_and(|now| now == *then),
                }
            }
        }
    }

    fn lasts(&self) -> bool {
        self.since.is_none_or(|since| since.lasts() && !since.is_superseded())
    }

    /// Whether what this process has invalidated since the load began is noticed without the first ticket: a marker is
    /// gone then; else it was noted.
    fn may_begin_again(&self, unstored: &Unstored) -> bool {
        match unstored {
            Unstored::Marked(_) => true,
            Unstored::Unmarked(_) => self.since.is_some() && self.closed,
        }
    }
}
