//! What a miss does until its body may run: Redis, the flight, the generations.

mod redis;
mod says;

use std::any::Any;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use cachefn_backends::backend::Absence;
use cachefn_backends::background;
use cachefn_backends::envelope::Token;
use cachefn_backends::error::{Error, ErrorKind};
use cachefn_backends::memory::{AnyEntry, Ticket};
use cachefn_backends::place::Place;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

pub(super) use self::redis::Marker;
use self::redis::{Granted, Held};
use super::fill::{Fill, Lease, Watch};
use super::first::Shown;
use super::found::{Found, Spare};
use super::give::Since;
use super::miss::Ready;
use super::stored::Vtable;
use crate::event::Audience;
use crate::flight::{FlightKey, Joined, Seat, Verdict};
use crate::global::Cache;
use crate::key::Key;
use crate::observe::{Lacked, Outcome};
use crate::remote::{Link, Waiter};
use crate::site::Instance;
use crate::span::CallSpan;
use crate::terms::Terms;
use crate::variant::{Fit, Hop};
use crate::wants::{Standing, Wants};

/// A follower whose flight had nothing for it looks again; after this many times it runs its body by
/// itself, so that a key that is invalidated all the time cannot keep a caller waiting.
const ROUNDS: usize = 3;

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A value for the caller, who runs the body if there is none.
    Answers,
    /// The same, where the body may go on without the caller.
    MayDetach,
    /// A newer value, by a caller who has one that may be served.
    Refreshes,
    /// Nothing but the right to run the body: the caller has a value.
    Detached,
    /// Nothing but the right to store: the caller has the value that is to stand there.
    Gives,
}

/// What looking needs; not generic, and not tied to the caller's future.
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts of one lookup")]
pub(super) struct Search {
    pub(super) cache: Arc<Cache>,
    pub(super) instance: Instance,
    pub(super) key: Key,
    pub(super) place: Place,
    pub(super) terms: Terms,
    /// The number its values are stored under in Redis; none, if they cannot be told from another's.
    pub(super) site: Option<u64>,
    pub(super) stored: &'static Vtable,
    pub(super) absence: Absence,
    /// What was found that is too old.
    pub(super) spare: Option<Spare>,
    pub(super) asked: Instant,
    pub(super) audience: Audience,
    pub(super) span: CallSpan,
    /// Whether the call is counted as a hit or a miss.
    pub(super) counted: bool,
    pub(super) wants: Wants,
    /// How the place was reached, if it is not that of the key itself.
    pub(super) hop: Option<Hop>,
    /// Where to go on: what was found here is another call's.
    pub(super) other: Option<Hop>,
    /// What was found that did not answer.
    pub(super) lacked: Lacked,
    pub(super) bypasses: bool,
    /// Whether Redis, which is well, had no answer in time or was not asked.
    pub(super) untimely: bool,
    /// Whether Redis was asked anything, whatever came of it.
    pub(super) asked_redis: bool,
    /// Whether Redis has shown what it has.
    pub(super) looked: bool,
    /// What it has shown in place of a value.
    pub(super) marker: Option<Marker>,
    pub(super) role: Role,
}

/// The right to refresh what was found.
pub(super) struct Due {
    pub(super) search: Box<Search>,
    pub(super) spare: Spare,
    pub(super) seat: Seat,
    pub(super) link: Option<Link>,
    pub(super) room: Option<OwnedSemaphorePermit>,
}

impl Search {
    /// Looks until there is a value, or the right to run the body. In a box, for it is moved with the future. What Redis has
    /// `shown` already it is not asked for.
    pub(super) async fn run(mut self: Box<Self>, mut link: Option<Link>, mut shown: Option<Shown>) -> Ready {
        let (mut round, mut hopped) = (0, false);
        while round < ROUNDS {
            if (round > 0 || hopped)
                && self.cache.is_near()
                && let Some(entry) = self.again()
            {
                return Ready::Found(Found::Entry(entry));
            }
            if link.is_some() || shown.is_some() {
                match self.ask(link.as_ref(), shown.take()).await {
                    Ok(Some(Held::Fresh(found))) => return Ready::Found(found),
                    Ok(Some(Held::Due(spare))) if self.takes_turn() => return self.refresh(spare, link),
                    Ok(Some(Held::Due(spare))) => return Ready::Found(self.serve(spare)),
                    Ok(None) => {}
                    Err(error) => {
                        self.untimely = is_untimely(&error);
                        link = None;
                    }
                }
            }
            if self.hops() {
                hopped = true;
                continue;
            }
            if link.is_none()
                && let Some(entry) = self.again()
            {
                return Ready::Found(Found::Entry(entry));
            }
            if self.hops() {
                hopped = true;
                continue;
            }
            self.miss();
            match self.join() {
                // In boxes, so that a hit is not moved about with room for them.
                Joined::Leader(seat) => return Box::pin(self.fill(Some(seat), link)).await,
                Joined::Nested => break,
                Joined::Follower(waiting) => {
                    if let Some(ready) = Box::pin(self.follow(waiting, link.clone())).await {
                        return ready;
                    }
                    if self.hops() {
                        hopped = true;
                        continue;
                    }
                }
            }
            round += 1;
        }
        Box::pin(self.fill(None, link)).await
    }

    /// The caller has the value that is to stand there. It waits for no other process's body, or what is invalidated
    /// meanwhile elsewhere would come back.
    pub(super) fn gives(&mut self) {
        self.role = Role::Gives;
        self.place.alone = false;
    }

    /// Looks, and leaves it at that.
    pub(super) async fn find(mut self, link: Option<Link>) -> Option<Found> {
        loop {
            let asked = match &link {
                Some(redis) => self.ask(Some(redis), None).await.ok(),
                None => None,
            };
            match asked {
                Some(Some(Held::Fresh(found))) => return Some(found),
                Some(Some(Held::Due(spare))) => return Some(self.serve(spare)),
                Some(None) => {}
                None => {
                    if let Some(entry) = self.again() {
                        return Some(Found::Entry(entry));
                    }
                }
            }
            if !self.hops() {
                break;
            }
        }
        self.miss();
        self.says(Outcome::Miss, None);
        None
    }

    /// Looks, for a call that must not run its body to fill. What is found is served though somebody should refresh it: the
    /// next call will.
    pub(super) async fn run_no_body(mut self, link: Option<Link>, refreshes: bool) -> Ready {
        if let Some(spare) = self.spare.take_if(|_| refreshes) {
            return Ready::Found(self.serve(spare));
        }
        if self.bypasses {
            self.says(Outcome::Bypassed, None);
            return Ready::Nothing;
        }
        self.find(link).await.map_or(Ready::Nothing, Ready::Found)
    }

    /// Whether it is for this call to refresh what Redis has. Memory's entries know themselves whose turn it is.
    fn takes_turn(&self) -> bool {
        self.cache.turns.take(&self.place.key, self.cache.memory.clock().now())
    }

    /// What was found is due: whose turn it is refreshes it, and meanwhile it is served to the others.
    pub(super) fn refresh(mut self: Box<Self>, spare: Spare, link: Option<Link>) -> Ready {
        let detaches = self.role == Role::MayDetach;
        let room = if detaches { self.cache.room() } else { None };
        let seat = if detaches && room.is_none() { None } else { self.lead_refresh() };
        match seat {
            Some(seat) => Ready::Due(Box::new(Due { search: self, spare, seat, link, room })),
            None => Ready::Found(self.serve(spare)),
        }
    }

    /// The value that was found is what the call returns.
    pub(super) fn serve(&mut self, spare: Spare) -> Found {
        let clock = self.cache.memory.clock();
        let age = spare.age(clock);
        match spare.remaining(clock) {
            Some(remaining) => self.hit(age, remaining),
            None => self.hit_stale(age),
        }
        self.role = Role::Detached;
        spare.into_found()
    }

    /// Waits for another's body. `None`: look again.
    pub(super) async fn follow(
        &mut self,
        waiting: oneshot::Receiver<Verdict>,
        link: Option<Link>,
    ) -> Option<Ready> {
        match within(waiting, self.patience()).await {
            Some(Ok(Verdict::Entry(entry))) => {
                if !self.is_own(entry.value()) {
                    return None;
                }
                self.collapsed(Some(self.cache.memory.remaining(&entry)));
                Some(Ready::Found(Found::Entry(entry)))
            }
            Some(Ok(Verdict::Promoted(seat))) => {
                seat.begin(Arc::new(self.cache.memory.begin(&self.place)));
                Some(self.fill(Some(seat), link).await)
            }
            Some(Ok(Verdict::Failed)) | None => self.make_do(),
            Some(Ok(Verdict::Retry) | Err(_)) => None,
        }
    }

    /// How long the body is waited for, if there is something older at hand.
    fn patience(&self) -> Option<Duration> {
        let has_spare = self.spare.is_some() && !self.bypasses;
        let patience = self.instance.site.freshness.timeout.filter(|_| has_spare)?;
        Some(patience.saturating_sub(self.asked.elapsed()))
    }

    /// Another's body has failed or takes too long: what is at hand has to do.
    fn make_do(&mut self) -> Option<Ready> {
        let spare = self.spare.take()?;
        self.aged(spare.age(self.cache.memory.clock()));
        let (found, remaining) = spare.serve(self.cache.memory.clock())?;
        self.says(self.instance.makes_do(remaining), remaining);
        Some(Ready::Found(found))
    }

    /// Captures what the value will be stored under, and lets the body run. An entry that appeared
    /// since the caller looked is returned instead; it was read at some moment of this call, and
    /// followers may have begun after that, so they look for themselves.
    pub(super) async fn fill(&mut self, mut seat: Option<Seat>, mut link: Option<Link>) -> Ready {
        let mut ticket = match &seat {
            Some(seat) => seat.ticket(),
            None => Arc::new(self.cache.memory.begin(&self.place)),
        };
        if link.is_none() && seat.is_some() {
            let mut found = self.again();
            while found.is_none() && self.hops() {
                // Outside of a flight: somebody has filled the key since this call looked.
                seat.take().into_iter().for_each(Seat::retry);
                ticket = self.begin_again(None);
                found = self.again();
            }
            if let Some(entry) = found {
                seat.into_iter().for_each(Seat::retry);
                return Ready::Found(Found::Entry(entry));
            }
        }
        let mut accepts = seat.is_some();
        let (mut lease, mut watch, mut rounds) = (None, None, 0);
        while let Some(redis) = link.take() {
            let replaces = self.replaces();
            if let Some(marker) = self.marker.take().filter(|_| !replaces) {
                // Another process, or this one a while ago, has found that Redis does not take the value.
                watch = Some(Watch::under(redis, marker));
                break;
            }
            let waiter = self.place.alone.then(|| redis.waiter(&self.place.key));
            let left = match self.acquire(&redis, accepts).await {
                Ok(Granted::Lease(granted)) => {
                    lease = Some(Lease::new(redis, self.place.clone(), granted));
                    // Redis says of the generations that it has just made that they have changed. What is struck from
                    // here on is noticed here, and what was struck since they were made, when the value is stored.
                    ticket = self.begin_again(seat.as_ref());
                    break;
                }
                Ok(Granted::Value(found)) => {
                    seat.into_iter().for_each(Seat::retry);
                    return Ready::Found(found);
                }
                Ok(Granted::Other) => {
                    accepts = self.hops();
                    seat.take().into_iter().for_each(Seat::retry);
                    ticket = self.begin_again(None);
                    link = Some(redis);
                    continue;
                }
                Ok(Granted::Marked) => {
                    link = Some(redis);
                    continue;
                }
                Ok(Granted::Held(left)) => left,
                Err(error) => {
                    self.untimely = is_untimely(&error);
                    // Memory may have forgotten everything, this fill included; nothing has been read for it yet.
                    ticket = self.begin_again(seat.as_ref());
                    if error.kind() == ErrorKind::Full {
                        self.instance.identity.evidence.finds_full();
                        if let Some(found) = self.kept_meanwhile(&redis).await {
                            seat.into_iter().for_each(Seat::retry);
                            return Ready::Found(found);
                        }
                        watch = Watch::of(redis, &self.place).await;
                    }
                    break;
                }
            };
            if let Some(ready) = self.wait(waiter, rounds, left).await {
                return ready;
            }
            rounds += 1;
            // Each time with a deadline of its own: waiting for another's body is not waiting for Redis.
            link = self.cache.link();
            ticket = self.begin_again(seat.as_ref());
        }
        Ready::Fill(Box::new(self.begin(seat, ticket, lease, watch)))
    }

    /// The value that memory has been given for a full Redis since this call looked for it: whoever has led the flight
    /// before may have ended it just now.
    async fn kept_meanwhile(&mut self, link: &Link) -> Option<Found> {
        if self.supersedes() {
            return None;
        }
        if self.cache.is_near() {
            return self.again().map(Found::Entry);
        }
        match self.unmarked(Some(link)).await {
            Ok(Some(Held::Fresh(found))) => Some(found),
            _ => None,
        }
    }

    /// Whether the body runs though there may be a value, to have a newer one.
    fn supersedes(&self) -> bool {
        let limits = self.wants.limits;
        let blind = !self.looked && (limits.max_age.is_some() || limits.min_fresh.is_some());
        let answers = matches!(self.role, Role::Answers | Role::MayDetach);
        self.bypasses || blind || !answers || self.lacked == Lacked::Unsuitable
    }

    /// Whether something older may stand that the call did not want, or has served already.
    fn replaces(&self) -> bool {
        self.supersedes() || self.spare.is_some() || self.lacked != Lacked::Nothing
    }

    /// Captures anew what the value will be stored under.
    fn begin_again(&self, seat: Option<&Seat>) -> Arc<Ticket> {
        let ticket = Arc::new(self.cache.memory.begin(&self.place));
        if let Some(seat) = seat {
            seat.begin(Arc::clone(&ticket));
        }
        ticket
    }

    /// Waits for the body of another process. Where there is something older at hand it is not waited for as long, or not
    /// at all.
    async fn wait(&mut self, waiter: Option<Waiter>, rounds: u32, left: Duration) -> Option<Ready> {
        if self.role == Role::Refreshes {
            return self.make_do();
        }
        let patience = self.patience();
        if let Some(waiter) = waiter {
            waiter.wait(rounds, patience.map_or(left, |patience| patience.min(left))).await;
        }
        if self.patience() == Some(Duration::ZERO) { self.make_do() } else { None }
    }

    /// The right to run the body, with nothing but memory to store its value in.
    pub(super) fn lead(&mut self, seat: Seat) -> Box<Fill> {
        let ticket = seat.ticket();
        Box::new(self.begin(Some(seat), ticket, None, None))
    }

    /// The same without a flight.
    pub(super) fn solo(&mut self) -> Box<Fill> {
        Box::new(self.begin(None, Arc::new(self.cache.memory.begin(&self.place)), None, None))
    }

    fn begin(
        &mut self,
        seat: Option<Seat>,
        ticket: Arc<Ticket>,
        lease: Option<Lease>,
        watch: Option<Watch>,
    ) -> Fill {
        let (supersedes, replaces) = (self.supersedes(), self.replaces());
        // After the ticket was begun, and before the body: what changes from here on is noticed.
        let known = if self.untimely && !replaces { self.known() } else { None };
        let is_noted = self.cache.redis.is_some() && (replaces || watch.is_some() || self.site.is_none());
        let since = is_noted.then(|| Since::of(&self.cache, &self.place, &self.terms));
        let spare = self.spare.take();
        if spare.is_some() && !self.bypasses {
            self.lacked = Lacked::Expired;
        }
        Fill {
            cache: Arc::clone(&self.cache),
            instance: self.instance,
            key: self.key.clone(),
            terms: self.terms.clone(),
            ticket,
            seat,
            lease,
            site: self.site,
            watch,
            replaces,
            since,
            spare,
            served: self.role == Role::Detached,
            given: self.role == Role::Gives,
            told: None,
            bypassed: self.bypasses,
            known,
            supersedes,
            lacked: self.lacked,
            hop: self.hop,
            audience: self.audience,
            span: self.span.clone(),
            started: Instant::now(),
        }
    }

    /// The generations of everything that the value will belong to, if they are known without asking.
    fn known(&self) -> Option<Vec<Token>> {
        if self.place.open { None } else { self.cache.link()?.known_generations(&self.place) }
    }

    /// Finds what is returned if the body fails, for a call that reads nothing else. Where memory does not have it, costs
    /// one lookup in Redis.
    pub(super) async fn find_spare(&mut self, link: Option<&Link>) {
        if self.cache.reads_memory()
            && let Some(entry) = self.cache.memory.get_of_any_age(&self.place.key, self.instance.owner)
        {
            if (self.stored.fit)(entry.value(), self.hop) != Fit::Own {
                return;
            }
            self.spare = Some(Spare::entry(entry, self.cache.memory.clock()));
        } else if let Some(link) = link {
            self.spare = self.ask_for_spare(link).await;
        }
    }

    pub(super) fn join(&self) -> Joined {
        self.cache.flights.join(self.flight(), || self.cache.memory.begin(&self.place))
    }

    /// The lead of the key's flight, unless somebody loads the value already.
    fn lead_refresh(&self) -> Option<Seat> {
        self.cache.flights.lead(self.flight(), || self.cache.memory.begin(&self.place))
    }

    fn flight(&self) -> FlightKey {
        (self.instance.owner, Arc::clone(&self.place.key))
    }

    /// Whether a value that was found is this call's own. If another's, its own is looked for where that leads.
    pub(super) fn is_own(&mut self, value: &dyn Any) -> bool {
        let fit = (self.stored.fit)(value, self.hop);
        if let Fit::Other(other) = fit {
            self.other = Some(other);
        }
        fit == Fit::Own
    }

    /// Goes on to the place of the call's own variant, if one was found on the way. Twice at most.
    pub(super) fn hops(&mut self) -> bool {
        let Some(other) = self.other.take() else { return false };
        self.place.key = other.key(&self.place.key).into();
        self.hop = Some(other);
        (self.absence, self.spare, self.marker) = (Absence::Absent, None, None);
        self.looked = false;
        true
    }

    /// Asks memory again, now that the flight is held.
    pub(super) fn again(&mut self) -> Option<AnyEntry> {
        let memory = &self.cache.memory;
        let entry = memory.get(&self.place.key, self.instance.owner).ok()?;
        // Where memory does not speak for Redis, nothing tells it that what stands for such a value there has changed.
        if entry.unstored().is_some() && self.cache.is_linked() && !self.cache.is_near() {
            return None;
        }
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
        Some(entry)
    }
}

/// Whether Redis may be well all the same.
pub(super) fn is_untimely(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Busy)
}

/// What comes of `future`, unless `limit` is over before.
async fn within<F: Future>(future: F, limit: Option<Duration>) -> Option<F::Output> {
    let Some(limit) = limit else { return Some(future.await) };
    let (mut future, mut timer) = (pin!(future), pin!(background::sleep(limit)));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
    })
    .await
}
