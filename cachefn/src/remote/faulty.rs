//! A backend in this process that fails when it is told to, and one cache's view of it.
//!
//! ```text
//! Faults ── names and bytes, and what is wrong at the moment: shared by all caches that are attached
//!   ├─ Attached   up, or down with a journal; falls with the first operation that fails
//!   └─ Attached   rises when all is well again: the journal first, then memory forgets, then it is used
//! ```
//!
//! The protocol is the one over five plain verbs, so what is stored and what is refused is as in Redis.

use std::collections::HashMap;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use cachefn_backends::backend::{Acquired, Backend, Filled, Invalidated, Lookup};
use cachefn_backends::background;
use cachefn_backends::clock::Clock;
use cachefn_backends::envelope::Draft;
use cachefn_backends::error::{Error, ErrorKind};
use cachefn_backends::memory::Memory;
use cachefn_backends::place::{Place, Target};
use cachefn_backends::verbs::{Lease, Protocol, Verbs};
use tokio::task::JoinHandle;

/// What is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    #[default]
    None,
    Fails,
    Hangs,
    Delays(Duration),
    Truncates,
}

/// Names and bytes, and what is wrong with them.
#[derive(Default)]
pub(crate) struct Faults {
    /// With the moment at which they expire, in ms since 1970.
    entries: Mutex<HashMap<String, (Vec<u8>, u64)>>,
    fault: Mutex<Fault>,
    operations: AtomicU64,
    timeout: Mutex<Option<Duration>>,
    attached: Mutex<Vec<Weak<View>>>,
}

/// What one cache sees of it.
#[derive(Clone)]
pub(crate) struct Attached(Arc<View>);

struct View {
    protocol: Protocol<Names>,
    memory: Memory,
    state: Mutex<State>,
}

/// Whether it is used.
enum State {
    Up,
    Down { journal: Vec<Target> },
}

/// The verbs, under faults.
struct Names {
    faults: Arc<Faults>,
    clock: Clock,
    /// What the names of values begin with.
    values: String,
}

/// What one call uses.
#[derive(Clone)]
pub(crate) struct Link {
    view: Arc<View>,
    deadline: Instant,
}

/// An invalidation on its way.
pub(crate) struct Ack(Result<JoinHandle<Invalidated>, Invalidated>);

impl Faults {
    pub(crate) fn set(&self, fault: Fault) {
        *lock(&self.fault) = fault;
    }

    pub(crate) fn fault(&self) -> Fault {
        *lock(&self.fault)
    }

    pub(crate) fn set_timeout(&self, timeout: Duration) {
        *lock(&self.timeout) = Some(timeout);
    }

    pub(crate) fn operations(&self) -> u64 {
        self.operations.load(Ordering::SeqCst)
    }

    /// All is well again, for every cache.
    pub(crate) fn heal(&self) {
        self.set(Fault::None);
        let attached = lock(&self.attached).clone();
        attached.iter().filter_map(Weak::upgrade).for_each(|view| view.rise());
    }

    fn timeout(&self) -> Duration {
        lock(&self.timeout).unwrap_or(Duration::from_millis(250))
    }
}

impl Attached {
    pub(crate) fn new(faults: &Arc<Faults>, prefix: &str, memory: Memory) -> Self {
        let (faults, clock) = (Arc::clone(faults), memory.clock().clone());
        let names =
            Names { faults: Arc::clone(&faults), clock: clock.clone(), values: format!("{prefix}:v:") };
        let protocol = Protocol::new(names, prefix, clock);
        let view = Arc::new(View { protocol, memory, state: Mutex::new(State::Up) });
        lock(&faults.attached).push(Arc::downgrade(&view));
        Self(view)
    }

    pub(crate) fn link(&self) -> Option<Link> {
        self.0.is_up().then(|| Link::new(Arc::clone(&self.0)))
    }

    pub(crate) fn state(&self) -> &'static str {
        if self.0.is_up() { "connected" } else { "degraded" }
    }

    pub(crate) fn journal_len(&self) -> usize {
        match &*lock(&self.0.state) {
            State::Up => 0,
            State::Down { journal } => journal.len(),
        }
    }

    pub(crate) fn invalidate(&self, targets: Vec<Target>) -> Ack {
        if self.0.queue(&targets) {
            return Ack(Err(Invalidated::Queued));
        }
        let link = Link::new(Arc::clone(&self.0));
        Ack(Ok(background::handle().spawn(async move {
            loop {
                if link.afresh().invalidate(&targets).await.is_ok() {
                    return Invalidated::Applied;
                }
                if link.view.queue(&targets) {
                    return Invalidated::Queued;
                }
                // It has risen in between.
            }
        })))
    }
}

impl View {
    fn is_up(&self) -> bool {
        matches!(*lock(&self.state), State::Up)
    }

    /// Writes the targets down, if it is down.
    fn queue(&self, targets: &[Target]) -> bool {
        match &mut *lock(&self.state) {
            State::Up => false,
            State::Down { journal } => {
                journal.extend_from_slice(targets);
                true
            }
        }
    }

    fn fall(&self) {
        let mut state = lock(&self.state);
        if matches!(*state, State::Up) {
            // What memory has is not told any more what others invalidate.
            self.memory.clear();
            *state = State::Down { journal: Vec::new() };
        }
    }

    fn rise(&self) {
        let mut state = lock(&self.state);
        let State::Down { journal } = &*state else { return };
        let journal = journal.clone();
        // Without a fault no verb waits for anything.
        let mut applied = pin!(self.protocol.invalidate(&journal));
        let applied = applied.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if matches!(applied, Poll::Ready(Ok(()))) {
            self.memory.clear();
            *state = State::Up;
        }
    }
}

impl Link {
    fn new(view: Arc<View>) -> Self {
        let deadline = Instant::now() + view.protocol.verbs().faults.timeout();
        Self { view, deadline }
    }

    pub(crate) fn afresh(&self) -> Self {
        Self::new(Arc::clone(&self.view))
    }

    #[cfg(feature = "axum")]
    pub(crate) async fn stands(&self, targets: &[Target]) -> Result<bool, Error> {
        self.within(self.view.protocol.stands(targets)).await
    }

    /// What comes of an operation before the deadline. One that fails ends the use of the backend.
    async fn within<T>(&self, operation: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let (mut operation, mut timer) = (pin!(operation), pin!(background::sleep(left)));
        let outcome = poll_fn(|cx| match operation.as_mut().poll(cx) {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => timer.as_mut().poll(cx).map(|()| Err(Error::new(ErrorKind::Timeout))),
        })
        .await;
        if outcome.is_err() {
            self.view.fall();
        }
        outcome
    }
}

impl Backend for Link {
    type Lease = Lease;

    async fn lookup(&self, place: &Place) -> Result<Lookup, Error> {
        self.within(self.view.protocol.lookup(place)).await
    }

    async fn acquire(&self, place: &Place, accept: bool) -> Result<Acquired<Lease>, Error> {
        self.within(self.view.protocol.acquire(place, accept)).await
    }

    async fn fill(&self, place: &Place, lease: Lease, draft: Draft, life: Duration) -> Result<Filled, Error> {
        self.within(self.view.protocol.fill(place, lease, draft, life)).await
    }

    async fn release(&self, place: &Place, lease: Lease, vacate: bool) -> Result<Filled, Error> {
        self.within(self.view.protocol.release(place, lease, vacate)).await
    }

    async fn invalidate(&self, targets: &[Target]) -> Result<(), Error> {
        self.within(self.view.protocol.invalidate(targets)).await
    }
}

impl Future for Ack {
    type Output = Invalidated;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Invalidated> {
        match &mut self.0 {
            Err(known) => Poll::Ready(*known),
            // It ends by itself.
            Ok(task) => Pin::new(task).poll(cx).map(|told| told.unwrap_or(Invalidated::Queued)),
        }
    }
}

impl Names {
    /// Begins an operation, if it ever does.
    async fn begin(&self) -> Result<(), Error> {
        self.faults.operations.fetch_add(1, Ordering::SeqCst);
        match self.faults.fault() {
            Fault::None | Fault::Truncates => {}
            Fault::Fails => return Err(Error::new(ErrorKind::Connection)),
            Fault::Hangs => pending().await,
            Fault::Delays(delay) => background::sleep(delay).await,
        }
        Ok(())
    }

    fn standing(&self, entries: &HashMap<String, (Vec<u8>, u64)>, name: &str) -> Option<Vec<u8>> {
        let (bytes, until) = entries.get(name)?;
        (*until > self.clock.unix_millis()).then(|| bytes.clone())
    }

    async fn put(
        &self,
        name: &str,
        bytes: Vec<u8>,
        life: Duration,
        may: impl FnOnce(Option<Vec<u8>>) -> bool,
    ) -> Result<bool, Error> {
        self.begin().await?;
        let mut entries = lock(&self.faults.entries);
        let puts = may(self.standing(&entries, name));
        if puts {
            let life = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
            let until = self.clock.unix_millis().saturating_add(life);
            entries.insert(name.to_owned(), (bytes, until));
        }
        Ok(puts)
    }
}

impl Verbs for Names {
    async fn get_many(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        self.begin().await?;
        let truncates = self.faults.fault() == Fault::Truncates;
        let entries = lock(&self.faults.entries);
        let read = |name: &String| {
            let mut found = self.standing(&entries, name)?;
            if truncates && name.starts_with(&self.values) {
                found.truncate(found.len() / 2);
            }
            Some(found)
        };
        Ok(names.iter().map(read).collect())
    }

    async fn set(&self, name: &str, bytes: Vec<u8>, life: Duration) -> Result<(), Error> {
        self.put(name, bytes, life, |_| true).await.map(|_| ())
    }

    async fn add(&self, name: &str, bytes: Vec<u8>, life: Duration) -> Result<bool, Error> {
        self.put(name, bytes, life, |standing| standing.is_none()).await
    }

    async fn compare_and_set(
        &self,
        name: &str,
        seen: &[u8],
        bytes: Vec<u8>,
        life: Duration,
    ) -> Result<bool, Error> {
        self.put(name, bytes, life, |standing| standing.as_deref() == Some(seen)).await
    }

    async fn delete(&self, names: &[String]) -> Result<(), Error> {
        self.begin().await?;
        let mut entries = lock(&self.faults.entries);
        for name in names {
            entries.remove(name);
        }
        Ok(())
    }
}

/// Every change under these locks is complete before anything can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
