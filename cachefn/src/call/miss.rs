//! A miss: everything that it is, but for the body.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cachefn_backends::backend::Absence;
use cachefn_backends::background;
use cachefn_backends::envelope::MAX_TAGS;
use cachefn_backends::place::{Lineage, Place};
use tokio::sync::OwnedSemaphorePermit;

use super::fill::Fill;
use super::first::First;
use super::found::{Found, Spare};
use super::search::{Due, Role, Search};
use super::stored::Vtable;
use crate::event::Audience;
use crate::flight::{Aboard, Joined};
use crate::global::Cache;
#[cfg(feature = "axum")]
use crate::http::response::Whose;
use crate::key::Key;
use crate::layout::Erased;
use crate::observe::Lacked;
use crate::remote::Link;
use crate::site::{Instance, Unusable};
use crate::span::CallSpan;
use crate::terms::Terms;
use crate::variant::Hop;
use crate::wants::{self, OnMiss, Reading, Wants};

/// Everything a miss is, but for the body.
pub(super) struct Miss {
    pub(super) cache: Arc<Cache>,
    pub(super) instance: Instance,
    pub(super) key: Key,
    pub(super) place: Place,
    pub(super) terms: Terms,
    /// Why memory could not answer.
    pub(super) absence: Absence,
    /// What memory has that is too old.
    pub(super) spare: Option<Spare>,
    /// Whether that may be served now, and it is for this call to refresh it.
    pub(super) refreshes: bool,
    /// When the cache was asked first.
    pub(super) asked: Instant,
    pub(super) audience: Audience,
    /// Entered while anything of it is polled.
    pub(super) span: CallSpan,
    /// Whether nothing was to be read.
    pub(super) bypasses: bool,
    /// What else is wanted.
    pub(super) wants: Wants,
    /// How the place was reached, if it is not that of the key itself.
    pub(super) hop: Option<Hop>,
    /// What memory has that did not answer.
    lacked: Lacked,
    /// Whether the body may go on without the caller.
    pub(super) detaches: bool,
    pub(super) stage: Stage,
    /// When the body has taken too long.
    pub(super) timer: Option<Timer>,
    room: Option<OwnedSemaphorePermit>,
}

/// A moment to come, on any executor.
pub(super) type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How far it has come.
pub(super) enum Stage {
    /// Nothing has been done.
    Start,
    /// The value is found, and the task is to yield before it is returned.
    Yielding(Found),
    /// Redis is asked, and has nothing else to do with the call if it has the value.
    Asking(First),
    /// Whatever else there is to ask, or another's body is waited for.
    Looking(Pin<Box<dyn Future<Output = Ready> + Send>>),
    /// There is a value to serve, and it is for this call to refresh it.
    Due(Box<Due>),
    /// The body runs.
    Body(Box<Fill>),
    /// The value waits until it is stored.
    Settling(Pin<Box<dyn Future<Output = ()> + Send>>, Option<Erased>),
    /// The body runs, and nothing is stored.
    Bare,
    /// Nothing runs: the call waits to be dropped.
    Parked,
}

/// What comes of looking.
pub(super) enum Ready {
    Found(Found),
    /// Something that is to be refreshed.
    Due(Box<Due>),
    /// Nothing: the body is to run.
    Fill(Box<Fill>),
    /// Nothing, and no value is to be filled.
    Nothing,
}

/// What a call begins with.
pub(super) struct Beginning {
    pub(super) cache: Arc<Cache>,
    pub(super) instance: Instance,
    pub(super) key: Key,
    pub(super) place: Place,
    pub(super) absence: Absence,
    pub(super) spare: Option<Spare>,
    pub(super) refreshes: bool,
    pub(super) lacked: Lacked,
    pub(super) asked: Instant,
    pub(super) audience: Audience,
    pub(super) bypasses: bool,
    pub(super) wants: Wants,
    pub(super) hop: Option<Hop>,
}

impl Miss {
    pub(super) fn new(beginning: Beginning) -> Self {
        let Beginning {
            cache,
            instance,
            key,
            place,
            absence,
            spare,
            refreshes,
            lacked,
            asked,
            audience,
            bypasses,
            wants,
            hop,
        } = beginning;
        Self {
            span: CallSpan::of(&instance, &cache, &key, audience),
            cache,
            instance,
            key,
            place,
            terms: Terms::default(),
            absence,
            spare,
            refreshes,
            asked,
            audience,
            bypasses,
            wants,
            hop,
            lacked,
            detaches: false,
            stage: Stage::Start,
            timer: None,
            room: None,
        }
    }

    /// A call that has found its value in memory and is to yield before it returns it. It is counted already.
    pub(super) fn yielding(cache: Arc<Cache>, instance: Instance, found: Erased) -> Self {
        let key = Key::head("", None);
        let beginning = Beginning {
            place: Place::new(key.text(), std::iter::empty().collect::<Lineage>()),
            cache,
            instance,
            key,
            absence: Absence::Absent,
            spare: None,
            refreshes: false,
            lacked: Lacked::Nothing,
            asked: Instant::now(),
            audience: Audience::Nobody,
            bypasses: false,
            wants: Wants::NOTHING,
            hop: None,
        };
        Self { stage: Stage::Yielding(Found::Own(found)), ..Self::new(beginning) }
    }

    /// Whether it has found its value.
    pub(super) fn yields(&self) -> bool {
        matches!(self.stage, Stage::Yielding(_))
    }

    /// The value of a call that has yielded.
    pub(super) fn take_found(&mut self) -> Option<Found> {
        match std::mem::replace(&mut self.stage, Stage::Bare) {
            Stage::Yielding(found) => Some(found),
            stage => {
                self.stage = stage;
                None
            }
        }
    }

    /// Takes over what the arguments decide. False: the call cannot be cached.
    pub(super) fn agree(&mut self) -> bool {
        if let Some(error) = self.terms.error.take() {
            self.instance.says_unusable(&self.cache, &Unusable::Key(error));
            return false;
        }
        let tags = std::mem::take(&mut self.terms.tags);
        if !tags.is_empty() {
            self.place.lineage = self.place.lineage.with(tags);
        }
        let tags = &self.terms.tags_of_value;
        // No value asks for these: they are known before there is one. With more of them it is not stored.
        if !tags.is_empty() && tags.len() <= MAX_TAGS {
            self.place = self.place.clone().tagged(tags.iter().cloned());
        }
        true
    }

    /// Whether the caller may be given an older value while the body runs.
    pub(super) fn may_be_overdue(&self) -> bool {
        let fills = !self.bypasses && !self.yields() && self.wants.miss == OnMiss::Fill;
        fills && (self.spare.is_some() || self.cache.is_linked())
    }

    /// Whether a call that bypasses the cache is returned the last value where its body fails. Who refreshes wants to know
    /// of the failure, and a client that says `no-cache` has refused what is stored.
    fn may_serve_if_error(&self) -> bool {
        let keeps = !self.instance.site.freshness.stale_if_error.is_zero();
        keeps && !self.wants.refreshes && self.wants.reading == Reading::Usual
    }

    /// Where the body is polled: in its flight, if it has one.
    pub(super) fn board(&self) -> Option<Aboard> {
        match &self.stage {
            Stage::Body(fill) => fill.board(),
            _ => None,
        }
    }

    /// What looks for the value, and the link it asks.
    pub(super) fn search(&mut self, stored: &'static Vtable) -> (Search, Option<Link>) {
        self.list(stored);
        let link = self.cache.link();
        self.search_with(stored, link)
    }

    /// What looks for the value by `link`, and that if it can.
    pub(super) fn search_with(
        &mut self,
        stored: &'static Vtable,
        link: Option<Link>,
    ) -> (Search, Option<Link>) {
        let search = Search {
            cache: Arc::clone(&self.cache),
            instance: self.instance,
            key: self.key.clone(),
            place: self.place.clone(),
            terms: std::mem::take(&mut self.terms),
            site: self.cache.redis.as_ref().and_then(|_| self.instance.stored_as()),
            stored,
            absence: std::mem::replace(&mut self.absence, Absence::Absent),
            spare: self.spare.take(),
            asked: self.asked,
            audience: self.audience,
            span: self.span.clone(),
            counted: false,
            wants: self.wants,
            hop: self.hop,
            other: None,
            lacked: self.lacked,
            bypasses: self.bypasses,
            untimely: false,
            asked_redis: false,
            looked: false,
            marker: None,
            role: if self.detaches { Role::MayDetach } else { Role::Answers },
        };
        (search, link)
    }

    #[cfg(feature = "axum")]
    fn list(&self, stored: &'static Vtable) {
        self.instance.identity.instances.list(self.instance, stored, &self.place);
    }

    /// Nobody asks for the list.
    #[cfg(not(feature = "axum"))]
    #[expect(clippy::unused_self, reason = "the shape of the real one")]
    fn list(&self, _: &'static Vtable) {}

    /// Whether a value that is there is all that is looked for.
    fn only_looks(&self) -> bool {
        self.wants.miss == OnMiss::Fill && !self.bypasses && !(self.refreshes && self.spare.is_some())
    }

    /// The first stage. Without Redis a caller that leads needs no await at all.
    pub(super) fn start(&mut self, stored: &'static Vtable) -> Stage {
        if self.only_looks()
            && let Some(first) = self.ask_first()
        {
            self.list(stored);
            return Stage::Asking(first);
        }
        let (mut search, link) = self.search(stored);
        if self.wants.miss != OnMiss::Fill {
            return Stage::Looking(Box::pin(search.run_no_body(link, self.refreshes)));
        }
        if self.bypasses {
            let needs_spare = self.may_serve_if_error();
            return Stage::Looking(Box::pin(async move {
                if needs_spare {
                    search.find_spare(link.as_ref()).await;
                }
                search.fill(None, link).await
            }));
        }
        if let Some(spare) = search.spare.take_if(|_| self.refreshes) {
            return match Box::new(search).refresh(spare, link) {
                Ready::Due(due) => Stage::Due(due),
                other => Stage::Looking(Box::pin(std::future::ready(other))),
            };
        }
        if link.is_some() {
            return Stage::Looking(Box::pin(Box::new(search).run(link, None)));
        }
        search.miss();
        match search.join() {
            Joined::Leader(seat) => match search.again() {
                Some(entry) => {
                    seat.retry();
                    Stage::Looking(Box::pin(std::future::ready(Ready::Found(Found::Entry(entry)))))
                }
                None if search.hops() => {
                    seat.retry();
                    Stage::Looking(Box::pin(Box::new(search).run(None, None)))
                }
                None => self.enter(search.lead(seat)),
            },
            Joined::Nested => self.enter(search.solo()),
            Joined::Follower(waiting) => Stage::Looking(Box::pin(async move {
                match search.follow(waiting, None).await {
                    Some(ready) => ready,
                    None => Box::new(search).run(None, None).await,
                }
            })),
        }
    }

    /// Whose responses it stores.
    #[cfg(feature = "axum")]
    pub(super) fn whose(&self) -> Whose {
        if self.instance.site.is_private() { Whose::Ones } else { Whose::Anybodys }
    }

    /// What a call does that finds nothing and may fill nothing.
    pub(super) fn without_a_fill(&self) -> Stage {
        if self.wants.miss == OnMiss::Run {
            return Stage::Bare;
        }
        wants::park();
        Stage::Parked
    }

    /// The body is to run; where something older is at hand it is not waited for longer than the function says.
    pub(super) fn enter(&mut self, fill: Box<Fill>) -> Stage {
        self.timer =
            fill.patience().map(|patience| Self::timer_of(patience.saturating_sub(self.asked.elapsed())));
        Stage::Body(fill)
    }

    /// What is found is due: it is returned if the body may run without the caller, who runs it otherwise.
    pub(super) fn refresh(&mut self) -> Option<Found> {
        let Stage::Due(due) = std::mem::replace(&mut self.stage, Stage::Bare) else { return None };
        let Due { mut search, spare, seat, link, room } = *due;
        self.room = room;
        let found = if self.detaches {
            Some(search.serve(spare))
        } else {
            search.miss();
            (search.spare, search.role) = (Some(spare), Role::Refreshes);
            None
        };
        self.stage = Stage::Looking(Box::pin(async move { search.fill(Some(seat), link).await }));
        found
    }

    /// The body has taken too long: what is served instead, unless it has become untrue.
    pub(super) fn give_up(&mut self) -> Option<Found> {
        let Stage::Body(fill) = &mut self.stage else { return None };
        let found = fill.give_up()?;
        if !self.detaches {
            self.give_way();
        }
        Some(found)
    }

    /// The body is about to be dropped, though its caller is not.
    pub(super) fn give_way(&mut self) {
        if let Stage::Body(fill) = &mut self.stage {
            fill.give_way();
        }
    }

    /// Room for one more body in the background.
    pub(super) fn room(&mut self) -> Option<OwnedSemaphorePermit> {
        self.room.take().or_else(|| self.cache.room())
    }

    pub(super) fn timer_of(duration: Duration) -> Timer {
        Box::pin(background::sleep(duration))
    }
}

impl fmt::Debug for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Miss").field("key", &self.key).finish_non_exhaustive()
    }
}
