//! Single-flight: of many callers who miss the same key, one runs its body and all get the value.
//!
//! ```text
//!           join ──────────────> Leader (Seat)      runs its body, then
//!             │                    ├─ land(entry)   every follower gets the entry
//!             │                    ├─ retry         every follower looks again
//!             │                    ├─ fail          one follower runs its own body, then two, then four
//!             │                    └─ dropped       one follower takes over with its own body
//!             ├─> Follower ──────> Verdict          by the leader, or by the clock: a leader that is alive
//!             │                                     but not polled is joined by one follower after one
//!             │                                     second, by another after two more, then four…
//!             └─> Nested                            the caller is itself part of this flight's body
//! ```
//!
//! The invariant: a follower is given an entry only by a seat whose ticket is still current when it
//! lands. So no invalidation came between the beginning of that load and now, and none that the
//! follower's call could have been begun after. A flight whose ticket is void is not joined any more.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use cachefn_backends::background;
use cachefn_backends::memory::{AnyEntry, Ticket};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

const SHARDS: usize = 64;
const FIRST_PATIENCE: Duration = Duration::from_secs(1);

/// A key of one instance of a function.
pub(crate) type FlightKey = (TypeId, Arc<str>);

type Shard = Mutex<HashMap<FlightKey, Arc<Flight>>>;

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
    waiting: VecDeque<oneshot::Sender<Verdict>>,
    over: bool,
    patience: Option<AbortHandle>,
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
        Self { shards: Arc::new(std::array::from_fn(|_| Shard::default())), hasher: RandomState::new() }
    }

    /// Joins the flight of `key`, or begins one with the ticket that `begin` makes.
    pub(crate) fn join(&self, key: FlightKey, begin: impl FnOnce() -> Ticket) -> Joined {
        let shard = usize::try_from(self.hasher.hash_one(&key) % SHARDS as u64).unwrap_or(0);
        let mut flights = lock(&self.shards[shard]);
        if let Some(flight) = flights.get(&key) {
            if flight.is_aboard() {
                return Joined::Nested;
            }
            if let Some(waiting) = flight.follow() {
                return Joined::Follower(waiting);
            }
        }
        let state = Mutex::new(State::new(Arc::new(begin())));
        let flight = Arc::new(Flight { key: key.clone(), shards: Arc::clone(&self.shards), shard, state });
        flights.insert(key, Arc::clone(&flight));
        Joined::Leader(Seat::new(flight))
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
        if state.over || !state.ticket.is_current() {
            return None;
        }
        let (verdict, waiting) = oneshot::channel();
        state.waiting.push_back(verdict);
        if state.patience.is_none() {
            let watch = background::handle().spawn(lose_patience(Arc::downgrade(self)));
            state.patience = Some(watch.abort_handle());
        }
        Some(waiting)
    }

    fn is_aboard(&self) -> bool {
        ABOARD.with_borrow(|aboard| aboard.iter().any(|flight| std::ptr::eq(*flight, self)))
    }

    /// Lets one more follower run its body beside the others. False once the flight is over.
    fn replace(self: &Arc<Self>) -> bool {
        let mut state = lock(&self.state);
        if state.over {
            return false;
        }
        let follower = state.next();
        state.running += usize::from(follower.is_some());
        drop(state);
        self.promote(follower);
        true
    }

    /// Must not be called under a lock: a follower that is gone drops its seat at once.
    fn promote(self: &Arc<Self>, followers: impl IntoIterator<Item = oneshot::Sender<Verdict>>) {
        for follower in followers {
            let _ = follower.send(Verdict::Promoted(Seat::new(Arc::clone(self))));
        }
    }

    /// A later flight of the same key stays.
    fn strike(&self, flights: &mut HashMap<FlightKey, Arc<Self>>) {
        if flights.get(&self.key).is_some_and(|flight| std::ptr::eq(Arc::as_ptr(flight), self)) {
            flights.remove(&self.key);
        }
    }
}

impl State {
    fn new(ticket: Arc<Ticket>) -> Self {
        Self { ticket, running: 1, wave: 1, waiting: VecDeque::new(), over: false, patience: None }
    }

    /// The follower who has waited longest and is still there.
    fn next(&mut self) -> Option<oneshot::Sender<Verdict>> {
        std::iter::from_fn(|| self.waiting.pop_front()).find(|follower| !follower.is_closed())
    }

    fn end(&mut self) -> VecDeque<oneshot::Sender<Verdict>> {
        self.over = true;
        if let Some(patience) = self.patience.take() {
            patience.abort();
        }
        std::mem::take(&mut self.waiting)
    }
}

/// While it lasts, this thread polls the body of a flight. The last one to begin is the first to end.
#[must_use]
pub(crate) struct Aboard(());

impl Drop for Aboard {
    fn drop(&mut self) {
        ABOARD.with_borrow_mut(Vec::pop);
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

    /// Gives the entry to every follower.
    pub(crate) fn land(self, entry: &AnyEntry) {
        self.finish(|| Verdict::Entry(Arc::clone(entry)));
    }

    /// Sends every follower to look again: this flight has nothing that may be given to them.
    pub(crate) fn retry(self) {
        self.finish(|| Verdict::Retry);
    }

    /// The body failed: that is its caller's own. The followers run their own bodies, a few at a time.
    pub(crate) fn fail(mut self) {
        self.leave(true);
    }

    /// Polls a body of this flight: a call of the same key inside it does not wait for itself.
    pub(crate) fn board(&self) -> Aboard {
        ABOARD.with_borrow_mut(|aboard| aboard.push(Arc::as_ptr(&self.flight)));
        Aboard(())
    }

    fn finish(mut self, verdict: impl Fn() -> Verdict) {
        self.left = true;
        let flight = &self.flight;
        let waiting = {
            let mut flights = lock(&flight.shards[flight.shard]);
            flight.strike(&mut flights);
            lock(&flight.state).end()
        };
        for follower in waiting {
            // A follower that is gone needs no verdict.
            let _ = follower.send(verdict());
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
            let wave = if failed { state.wave } else { 1 };
            state.wave *= 1 + usize::from(failed);
            let promoted = std::iter::from_fn(|| state.next()).take(wave).collect::<Vec<_>>();
            state.running = promoted.len();
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

/// Has one more follower run its own body after one second, after two more, after four more…
async fn lose_patience(flight: Weak<Flight>) {
    let mut patience = FIRST_PATIENCE;
    loop {
        tokio::time::sleep(patience).await;
        if !flight.upgrade().is_some_and(|flight| flight.replace()) {
            return;
        }
        patience *= 2;
    }
}

/// Every change under these locks is complete before anything can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
