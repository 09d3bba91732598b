//! A miss, up to the moment its body may run: Redis, the flight, the generations.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cachefn_backends::backend::{Absence, Acquired, Backend, Lookup};
use cachefn_backends::envelope::Envelope;
use cachefn_backends::error::{Error, ErrorKind};
use cachefn_backends::memory::{AnyEntry, Ticket};
use cachefn_backends::place::Place;

use super::fill::{Fill, Lease};
use crate::event;
use crate::flight::{Aboard, Joined, Seat, Verdict};
use crate::global::Cache;
use crate::key::Key;
use crate::layout::{Erased, Owner};
use crate::observe::Outcome;
use crate::remote::{Link, RedisLease};
use crate::site::{Instance, Unusable};
use crate::terms::Terms;

/// A follower whose flight had nothing for it looks again; after this many times it runs its body by
/// itself, so that a key that is invalidated all the time cannot keep a caller waiting.
const ROUNDS: usize = 3;

/// Everything a miss is, but for the body.
pub(super) struct Miss {
    pub(super) cache: Arc<Cache>,
    pub(super) instance: Instance,
    pub(super) key: Key,
    pub(super) place: Place,
    pub(super) terms: Terms,
    pub(super) link: Option<Link>,
    /// Why memory could not answer.
    pub(super) absence: Absence,
    /// When the cache was asked first.
    pub(super) asked: Instant,
    pub(super) began: Option<Instant>,
    pub(super) refresh: bool,
    pub(super) stage: Stage,
}

/// How far it has come.
pub(super) enum Stage {
    /// Nothing has been done.
    Start,
    /// Redis is asked, or another's body is waited for.
    Looking(Pin<Box<dyn Future<Output = Ready> + Send>>),
    /// The body runs.
    Body(Box<Fill>),
    /// The value waits until it is stored.
    Settling(Pin<Box<dyn Future<Output = ()> + Send>>, Option<Erased>),
    /// The body runs, and nothing is stored.
    Bare,
}

/// What comes of looking.
pub(super) enum Ready {
    /// An entry of this process.
    Entry(AnyEntry),
    /// A value out of Redis.
    Decoded(Erased),
    /// Nothing: the body is to run.
    Fill(Box<Fill>),
}

/// What Redis answers to the announcement of a fill.
enum Granted {
    Lease(RedisLease),
    Value(Erased),
}

/// Reads the stored part out of an envelope of the site.
type Decode = fn(&Envelope, Owner) -> Option<Erased>;

/// What looking needs; not generic, and not tied to the caller's future.
struct Search {
    cache: Arc<Cache>,
    instance: Instance,
    key: Key,
    place: Place,
    terms: Terms,
    /// The number its values are stored under in Redis; none, if they cannot be told from another's.
    site: Option<u64>,
    decode: Decode,
    absence: Absence,
    asked: Instant,
    began: Option<Instant>,
    counted: bool,
}

impl Miss {
    /// Takes over what the arguments decide. False: the call cannot be cached.
    pub(super) fn agree(&mut self) -> bool {
        if let Some(error) = self.terms.error.take() {
            self.instance.says_unusable(&Unusable::Key(error));
            return false;
        }
        let tags = std::mem::take(&mut self.terms.tags);
        if !tags.is_empty() {
            self.place.lineage = self.place.lineage.with(tags);
        }
        true
    }

    /// Where the body is polled: in its flight, if it has one.
    pub(super) fn board(&self) -> Option<Aboard> {
        match &self.stage {
            Stage::Body(fill) => fill.board(),
            _ => None,
        }
    }

    /// The first stage. Without Redis a caller that leads needs no await at all.
    pub(super) fn start(&mut self, decode: Decode) -> Stage {
        let mut search = Search {
            cache: Arc::clone(&self.cache),
            instance: self.instance,
            key: self.key.clone(),
            place: self.place.clone(),
            terms: std::mem::take(&mut self.terms),
            site: self.link.as_ref().and_then(|_| self.instance.stored_as()),
            decode,
            absence: std::mem::replace(&mut self.absence, Absence::Absent),
            asked: self.asked,
            began: self.began,
            counted: false,
        };
        let link = self.link.take().filter(|_| search.site.is_some());
        if self.refresh {
            return Stage::Looking(Box::pin(async move { search.fill(None, link).await }));
        }
        if link.is_some() {
            return Stage::Looking(Box::pin(search.run(link)));
        }
        search.miss();
        match search.join() {
            Joined::Leader(seat) => match search.again() {
                Some(entry) => {
                    seat.retry();
                    Stage::Looking(Box::pin(std::future::ready(Ready::Entry(entry))))
                }
                None => Stage::Body(search.lead(seat)),
            },
            Joined::Nested => Stage::Body(search.solo()),
            Joined::Follower(waiting) => Stage::Looking(Box::pin(async move {
                match search.follow(waiting, None).await {
                    Some(ready) => ready,
                    None => search.run(None).await,
                }
            })),
        }
    }
}

impl Search {
    /// Looks until there is a value, or the right to run the body.
    async fn run(mut self, mut link: Option<Link>) -> Ready {
        for _ in 0..ROUNDS {
            if let Some(redis) = &link {
                match self.ask(redis).await {
                    Ok(Some(value)) => return Ready::Decoded(value),
                    Ok(None) => {}
                    Err(_) => link = None,
                }
            }
            if link.is_none()
                && let Some(entry) = self.again()
            {
                return Ready::Entry(entry);
            }
            self.miss();
            match self.join() {
                Joined::Leader(seat) => return self.fill(Some(seat), link).await,
                Joined::Nested => break,
                Joined::Follower(waiting) => {
                    if let Some(ready) = self.follow(waiting, link.clone()).await {
                        return ready;
                    }
                }
            }
        }
        self.fill(None, link).await
    }

    /// Waits for another's body. `None`: look again.
    async fn follow(
        &mut self,
        waiting: tokio::sync::oneshot::Receiver<Verdict>,
        link: Option<Link>,
    ) -> Option<Ready> {
        match waiting.await {
            Ok(Verdict::Entry(entry)) => {
                self.collapsed(Some(self.cache.memory.remaining(&entry)));
                Some(Ready::Entry(entry))
            }
            Ok(Verdict::Promoted(seat)) => {
                seat.begin(Arc::new(self.cache.memory.begin(&self.place)));
                Some(self.fill(Some(seat), link).await)
            }
            Ok(Verdict::Retry) | Err(_) => None,
        }
    }

    /// Captures what the value will be stored under, and lets the body run. An entry that appeared
    /// since the caller looked is returned instead; it was read at some moment of this call, and
    /// followers may have begun after that, so they look for themselves.
    async fn fill(&mut self, seat: Option<Seat>, link: Option<Link>) -> Ready {
        let ticket = match &seat {
            Some(seat) => seat.ticket(),
            None => Arc::new(self.cache.memory.begin(&self.place)),
        };
        let mut lease = None;
        if let Some(link) = link {
            match self.acquire(&link, seat.is_some()).await {
                Ok(Granted::Lease(granted)) => lease = Some(Lease::new(link, self.place.clone(), granted)),
                Ok(Granted::Value(value)) => {
                    seat.into_iter().for_each(Seat::retry);
                    return Ready::Decoded(value);
                }
                Err(_) => {}
            }
        } else if let Some(entry) = seat.as_ref().and_then(|_| self.again()) {
            seat.into_iter().for_each(Seat::retry);
            return Ready::Entry(entry);
        }
        Ready::Fill(Box::new(self.begin(seat, ticket, lease)))
    }

    /// The right to run the body, with nothing but memory to store its value in.
    fn lead(&self, seat: Seat) -> Box<Fill> {
        let ticket = seat.ticket();
        Box::new(self.begin(Some(seat), ticket, None))
    }

    /// The same without a flight.
    fn solo(&self) -> Box<Fill> {
        Box::new(self.begin(None, Arc::new(self.cache.memory.begin(&self.place)), None))
    }

    fn begin(&self, seat: Option<Seat>, ticket: Arc<Ticket>, lease: Option<Lease>) -> Fill {
        Fill {
            cache: Arc::clone(&self.cache),
            instance: self.instance,
            key: self.key.clone(),
            terms: self.terms.clone(),
            ticket,
            seat,
            lease: lease.zip(self.site),
            born: self.cache.memory.clock().unix_millis(),
            began: self.began,
            started: Instant::now(),
        }
    }

    fn join(&self) -> Joined {
        let key = (self.instance.owner, Arc::clone(&self.place.key));
        self.cache.flights.join(key, || self.cache.memory.begin(&self.place))
    }

    /// Asks memory again, now that the flight is held.
    fn again(&mut self) -> Option<AnyEntry> {
        let entry = self.cache.memory.get(&self.place.key, self.instance.owner).ok()?;
        self.hit(self.cache.memory.remaining(&entry));
        Some(entry)
    }

    async fn ask(&mut self, link: &Link) -> Result<Option<Erased>, Error> {
        match link.lookup(&self.place).await? {
            Lookup::Hit(envelope) => Ok(self.read(&envelope)),
            Lookup::Miss(Absence::Invalidated(Some(ident))) if Some(ident.site) != self.site => {
                self.instance.says_shared_key(self.key.as_str());
                self.absence = Absence::Foreign;
                Ok(None)
            }
            Lookup::Miss(absence) => {
                self.absence = absence;
                Ok(None)
            }
        }
    }

    async fn acquire(&mut self, link: &Link, accept: bool) -> Result<Granted, Error> {
        let mut acquired = link.acquire(&self.place, accept).await?;
        if let Acquired::Hit(envelope) = &acquired {
            if let Some(value) = self.read(envelope) {
                return Ok(Granted::Value(value));
            }
            acquired = link.acquire(&self.place, false).await?;
        }
        match acquired {
            Acquired::Granted(lease) => Ok(Granted::Lease(lease)),
            Acquired::Hit(_) => Err(Error::new(ErrorKind::Protocol)),
        }
    }

    /// Decodes what Redis holds, if it is of this function and this type.
    fn read(&mut self, envelope: &Envelope) -> Option<Erased> {
        let site = self.site?;
        if envelope.ident.site != site {
            self.instance.says_shared_key(self.key.as_str());
        }
        let Some(value) = (self.decode)(envelope, self.instance.owner_of(site)) else {
            self.absence = Absence::Foreign;
            return None;
        };
        let left = envelope.span.fresh_until.saturating_sub(self.cache.memory.clock().unix_millis());
        self.hit(Duration::from_millis(left));
        Some(value)
    }

    /// A call is a hit or a miss, once: what it finds after it has missed, another call's body has left there.
    fn hit(&mut self, remaining: Duration) {
        if std::mem::replace(&mut self.counted, true) {
            return self.collapsed(Some(remaining));
        }
        self.instance.identity.hits.count();
        self.instance.identity.lookups.add(self.asked.elapsed());
        self.says(Outcome::Hit, Some(remaining));
    }

    fn collapsed(&self, remaining: Option<Duration>) {
        self.instance.site.counters.collapsed.count();
        self.says(Outcome::Collapsed, remaining);
    }

    fn says(&self, outcome: Outcome, remaining: Option<Duration>) {
        event::outcome(outcome, &self.instance, &self.cache.prefix, self.key.as_str(), remaining, self.began);
    }

    fn miss(&mut self) {
        if !self.counted {
            self.counted = true;
            let counters = &self.instance.site.counters;
            counters.misses.count();
            match self.absence {
                Absence::Invalidated(_) => counters.invalidated.count(),
                Absence::Foreign => counters.unreadable.count(),
                _ => {}
            }
        }
    }
}

impl fmt::Debug for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Miss").field("key", &self.key).finish_non_exhaustive()
    }
}
