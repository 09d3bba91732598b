//! Single-flight: of many callers who miss the same key, one runs its body and all get the value.
//!
//! ```text
//!           join ──────────────> Leader (Seat)      runs its body, then
//!             │                    ├─ land(entry)   every follower gets the entry
//!             │                    ├─ retry         every follower looks again
//!             │                    ├─ fail_over     every follower returns something older, if it has that
//!             │                    ├─ fail          one follower runs its own body, then two, then four
//!             │                    └─ dropped       one follower takes over with its own body
//!             ├─> Follower ──────> Verdict          by the leader, or by the clock: a leader that is alive
//!             │                                     but not polled is joined by one follower after one
//!             │                                     second, by another after two more, then four…
//!             └─> Nested                            the caller is itself part of this flight's body
//! ```
//!
//! The invariant: a follower is given an entry only by a seat whose ticket is still current when it
//! lands, and only if it joined before that value was on its way into the store, here or in Redis. What
//! the store has accepted no invalidation had struck by then, so none that the follower's call could have
//! been begun after. Who joins later looks again. A flight whose ticket is void is not joined any more.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use cachefn_backends::background;
use cachefn_backends::memory::{AnyEntry, Ticket};
use foldhash::quality::RandomState;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::sync::{Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 64;
const FIRST_PATIENCE: Duration = Duration::from_secs(1);
/// However often bodies fail, no more followers than this are sent off at once.
const LARGEST_WAVE: usize = 1 << 16;

/// A key of one instance of a function.
pub(crate) type FlightKey = (TypeId, Arc<str>);

type Running = HashMap<FlightKey, Arc<Flight>, RandomState>;
type Shard = Mutex<Running>;

/// All flights of one cache.
pub(crate) struct Flights {
    shards: Arc<[Shard; SHARDS]>,
    hasher: RandomState,
}

struct Flight {
    key: FlightKey,
    shards: Arc<[Shard; SHARDS]>,
    shard: usize,
    state: Mutex<State>,
}

struct State {
    /// Of the body that began last.
    ticket: Arc<Ticket>,
    running: usize,
    /// How many followers the next failure sends off.
    wave: usize,
    waiting: VecDeque<Waiting>,
    /// Whether the value is being stored already: who joins from now on may have begun after an invalidation that the
    /// store did not see.
    sealed: bool,
    over: bool,
    patience: Patience,
}

/// A follower.
struct Waiting {
    verdict: oneshot::Sender<Verdict>,
    /// Joined while a value was being stored.
    late: bool,
}

/// How long followers wait for a leader that is not polled.
struct Patience {
    next: Duration,
    clock: Option<AbortHandle>,
}

/// What has become of a caller.
pub(crate) enum Joined {
    Leader(Seat),
    Follower(oneshot::Receiver<Verdict>),
    /// A body of this flight is calling itself; waiting would be for ever.
    Nested,
}

/// What a follower is told.
pub(crate) enum Verdict {
    /// The value of another's body.
    Entry(AnyEntry),
    /// Run your own body.
    Promoted(Seat),
    /// The leader's body failed, and it had something older to return.
    Failed,
    /// Look again.
    Retry,
}

/// The right to run a body in a flight. Dropping it passes the right on.
pub(crate) struct Seat {
    flight: Arc<Flight>,
    left: bool,
}

thread_local! {
    /// The flights whose bodies are being polled on this thread, outermost first.
    static ABOARD: RefCell<Vec<*const Flight>> = const { RefCell::new(Vec::new()) };
}

impl Flights {
    pub(crate) fn new() -> Self {
        Self { shards: Arc::new(std::array::from_fn(|_| Shard::default())), hasher: RandomState::default() }
    }

    /// Joins the flight of `key`, or begins one with the ticket that `begin` makes.
    pub(crate) fn join(&self, key: FlightKey, begin: impl FnOnce() -> Ticket) -> Joined {
        let (shard, mut flights) = self.shard(&key);
        if let Some(flight) = flights.get(&key) {
            if flight.is_aboard() {
                return Joined::Nested;
            }
            if let Some(waiting) = flight.follow() {
                return Joined::Follower(waiting);
            }
        }
        Joined::Leader(self.begin(key, shard, &mut flights, begin))
    }

    fn shard(&self, key: &FlightKey) -> (usize, MutexGuard<'_, Running>) {
        let shard = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        (shard, lock(&self.shards[shard]))
    }

    fn begin(
        &self,
        key: FlightKey,
        shard: usize,
        flights: &mut Running,
        begin: impl FnOnce() -> Ticket,
    ) -> Seat {
        let state = Mutex::new(State::new(Arc::new(begin())));
        let flight = Arc::new(Flight { key: key.clone(), shards: Arc::clone(&self.shards), shard, state });
        flights.insert(key, Arc::clone(&flight));
        Seat::new(flight)
    }

    /// The lead of a flight of `key`, unless there is one whose value calls may have: they need not wait for it.
    pub(crate) fn lead(&self, key: FlightKey, begin: impl FnOnce() -> Ticket) -> Option<Seat> {
        let (shard, mut flights) = self.shard(&key);
        if flights.get(&key).is_some_and(|flight| flight.is_aboard() || flight.is_open()) {
            return None;
        }
        Some(self.begin(key, shard, &mut flights, begin))
    }

    /// How many flights are under way.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }
}

impl Flight {
    /// A place among the followers, unless what this flight loads is no longer for new callers.
    fn follow(self: &Arc<Self>) -> Option<oneshot::Receiver<Verdict>> {
        let mut state = lock(&self.state);
        if !state.is_open() {
            return None;
        }
        let (verdict, waiting) = oneshot::channel();
        state.make_room();
        let late = state.sealed;
        state.waiting.push_back(Waiting { verdict, late });
        if state.patience.clock.is_none() {
            self.wait(&mut state);
        }
        Some(waiting)
    }

    /// Whether what it loads is for new callers.
    fn is_open(&self) -> bool {
        lock(&self.state).is_open()
    }

    fn is_aboard(&self) -> bool {
        let among = |aboard: &Vec<*const Self>| aboard.iter().any(|flight| std::ptr::eq(*flight, self));
        ABOARD.try_with(|aboard| among(&aboard.borrow())).unwrap_or(false)
    }

    /// Has one more follower run its body beside the others when patience has run out.
    fn wait(self: &Arc<Self>, state: &mut State) {
        if cfg!(cachefn_model) {
            // A model has no clock: its own threads lose patience.
            return;
        }
        let (flight, patience) = (Arc::downgrade(self), state.patience.next);
        let watch = background::handle().spawn(async move {
            tokio::time::sleep(patience).await;
            if let Some(flight) = flight.upgrade() {
                flight.replace();
            }
        });
        state.patience.clock = Some(watch.abort_handle());
    }

    /// Lets one more follower run its body beside the others. Where nobody waits, whoever comes next starts the clock
    /// again, with as much patience as there was.
    fn replace(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        state.patience.clock = None;
        if state.over {
            return;
        }
        let follower = state.next();
        if follower.is_some() {
            state.running += 1;
            state.patience.next = state.patience.next.saturating_mul(2);
            self.wait(&mut state);
        }
        drop(state);
        self.promote(follower);
    }

    /// Must not be called under a lock: a follower that is gone drops its seat at once.
    fn promote(self: &Arc<Self>, followers: impl IntoIterator<Item = Waiting>) {
        for follower in followers {
            let _ = follower.verdict.send(Verdict::Promoted(Seat::new(Arc::clone(self))));
        }
    }

    /// A later flight of the same key stays.
    fn strike(&self, flights: &mut Running) {
        if flights.get(&self.key).is_some_and(|flight| std::ptr::eq(Arc::as_ptr(flight), self)) {
            flights.remove(&self.key);
        }
    }
}

impl State {
    fn new(ticket: Arc<Ticket>) -> Self {
        let patience = Patience { next: FIRST_PATIENCE, clock: None };
        Self { ticket, running: 1, wave: 1, waiting: VecDeque::new(), sealed: false, over: false, patience }
    }

    fn is_open(&self) -> bool {
        !self.over && self.ticket.is_current()
    }

    /// The follower who has waited longest and is still there.
    fn next(&mut self) -> Option<Waiting> {
        std::iter::from_fn(|| self.waiting.pop_front()).find(|follower| !follower.verdict.is_closed())
    }

    /// Followers that are gone make room for others: who waits for a body that takes long may give up, and others come.
    /// As many come before the next sweep as this one has left, so that a place in the queue has one price.
    fn make_room(&mut self) {
        if self.waiting.len() == self.waiting.capacity() {
            self.waiting.retain(|follower| !follower.verdict.is_closed());
            self.waiting.reserve(self.waiting.len().max(4));
        }
    }

    fn end(&mut self) -> VecDeque<Waiting> {
        self.over = true;
        self.patience.restart();
        std::mem::take(&mut self.waiting)
    }
}

impl Patience {
    fn restart(&mut self) {
        self.next = FIRST_PATIENCE;
        if let Some(clock) = self.clock.take() {
            clock.abort();
        }
    }
}

/// While it lasts, this thread polls the body of a flight. The last one to begin is the first to end.
#[must_use]
pub(crate) struct Aboard(());

impl Drop for Aboard {
    fn drop(&mut self) {
        // A thread that ends has nobody aboard.
        let _ = ABOARD.try_with(|aboard| aboard.borrow_mut().pop());
    }
}

impl Seat {
    fn new(flight: Arc<Flight>) -> Self {
        Self { flight, left: false }
    }

    /// The ticket of the body that began last in this flight.
    pub(crate) fn ticket(&self) -> Arc<Ticket> {
        Arc::clone(&lock(&self.flight.state).ticket)
    }

    /// Says that a promoted follower's body begins now, under `ticket`.
    pub(crate) fn begin(&self, ticket: Arc<Ticket>) {
        lock(&self.flight.state).ticket = ticket;
    }

    /// Says that the value is about to be stored. To be called before the store is asked.
    pub(crate) fn seal(&self) {
        lock(&self.flight.state).sealed = true;
    }

    /// Gives the entry to every follower who joined before the value was about to be stored; the others look again.
    pub(crate) fn land(self, entry: &AnyEntry) {
        self.finish(|late| if late { Verdict::Retry } else { Verdict::Entry(Arc::clone(entry)) });
    }

    /// Sends every follower to look again: this flight has nothing that may be given to them.
    pub(crate) fn retry(self) {
        self.finish(|_| Verdict::Retry);
    }

    /// The body failed, and its caller has something older to return: so may the followers have.
    pub(crate) fn fail_over(self) {
        self.finish(|_| Verdict::Failed);
    }

    /// The body failed: that is its caller's own. The followers run their own bodies, a few at a time.
    pub(crate) fn fail(mut self) {
        self.leave(true);
    }

    /// Polls a body of this flight: a call of the same key inside it does not wait for itself.
    pub(crate) fn board(&self) -> Aboard {
        let _ = ABOARD.try_with(|aboard| aboard.borrow_mut().push(Arc::as_ptr(&self.flight)));
        Aboard(())
    }

    fn finish(mut self, verdict: impl Fn(bool) -> Verdict) {
        self.left = true;
        let flight = &self.flight;
        let waiting = {
            let mut flights = lock(&flight.shards[flight.shard]);
            flight.strike(&mut flights);
            lock(&flight.state).end()
        };
        for follower in waiting {
            // A follower that is gone needs no verdict.
            let _ = follower.verdict.send(verdict(follower.late));
        }
    }

    /// Leaves without a value. The last to leave promotes followers, or ends the flight.
    fn leave(&mut self, failed: bool) {
        self.left = true;
        let flight = &self.flight;
        let promoted: Vec<_> = {
            let mut flights = lock(&flight.shards[flight.shard]);
            let mut state = lock(&flight.state);
            state.running = state.running.saturating_sub(1);
            if state.over || state.running > 0 {
                return;
            }
            // Nobody's value is on its way any more, and those who run next are waited for from now on.
            state.sealed = false;
            state.patience.restart();
            let wave = if failed { state.wave } else { 1 };
            state.wave = if failed { (wave * 2).min(LARGEST_WAVE) } else { state.wave };
            let promoted = std::iter::from_fn(|| state.next()).take(wave).collect::<Vec<_>>();
            state.running = promoted.len();
            if !state.waiting.is_empty() {
                flight.wait(&mut state);
            }
            if promoted.is_empty() {
                state.end();
                flight.strike(&mut flights);
            }
            promoted
        };
        flight.promote(promoted);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.left {
            self.leave(false);
        }
    }
}

/// Every change under these locks is complete before anything can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, cachefn_model))]
mod model;
#[cfg(all(test, not(cachefn_model)))]
mod tests;
