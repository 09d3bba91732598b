//! What links, detached invalidations and the supervisor have in common.

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot, watch};
use tokio::time::timeout_at;

use super::connect::Connection;
use super::fault::Fault;
use super::near::{Listener, Near};
use super::reading::Reading;
use super::settings::Settings;
use super::trust::{Errand, Lost, Next, Trust};
use super::waiting::Waiting;
use crate::background;
use crate::clock::Tick;
use crate::error::Error;
use crate::place::{Group, Target};

/// How many targets recovery strikes at a time.
const BATCH: usize = 1_000;

/// The same in a cluster, where a group has a name in every bucket.
const CLUSTER_BATCH: usize = 32;

/// Longer ones are cut to this, so that every deadline is a point in time.
const MAX_TIMEOUT: Duration = Duration::from_secs(3_600);

/// The shortest life of a generation.
const GENERATION_LIFE: Duration = Duration::from_secs(86_400);

/// The connection to a server and the books on it.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) address: String,
    /// Wakes the supervisor.
    pub(super) woken: Arc<Notify>,
    /// Whether the first attempt to connect has ended.
    pub(super) settled: watch::Sender<bool>,
    trust: Mutex<Trust<Arc<Connection>>>,
    /// What calls have to know of the books without opening them.
    posted: Posted,
    pub(super) listener: Arc<dyn Listener>,
    pub(super) near: Near,
    pub(super) waiting: Arc<Waiting>,
    pub(super) reading: Reading,
    idle: Notify,
    /// How long generations live, in seconds: twice the longest life of an entry seen so far.
    generation_life: AtomicU64,
    said_full: Once,
}

impl Shared {
    pub(super) fn new(mut settings: Settings, listener: Arc<dyn Listener>, own: &Weak<Self>) -> Self {
        settings.timeout = settings.timeout.min(MAX_TIMEOUT);
        let (address, trust) = (settings.address(), Trust::new());
        Self {
            address,
            settings,
            woken: Arc::default(),
            settled: watch::Sender::new(false),
            trust: Mutex::new(trust),
            posted: Posted::default(),
            listener,
            near: Near::new(),
            waiting: Arc::default(),
            reading: Reading::start(own),
            idle: Notify::new(),
            generation_life: AtomicU64::new(GENERATION_LIFE.as_secs()),
            said_full: Once::new(),
        }
    }

    /// The books. Whoever holds them must not wait.
    pub(super) fn trust(&self) -> Books<'_> {
        // Only the listener can panic under the lock, and each change of the books is complete before.
        let trust = self.trust.lock().unwrap_or_else(PoisonError::into_inner);
        Books { trust, posted: &self.posted }
    }

    /// Whether the server is used. One load.
    #[inline]
    pub(super) fn is_linked(&self) -> bool {
        self.posted.read().is_some()
    }

    /// The epoch in which lookups of several callers may be asked together, if they may now. One load.
    ///
    /// While an invalidation is on its way, who has made it must not be answered before it. And in a cluster few callers look
    /// for what stands in one bucket.
    pub(super) fn asks(&self) -> Option<u64> {
        let (epoch, is_idle) = self.posted.read()?;
        (is_idle && !self.settings.cluster).then_some(epoch)
    }

    /// The life of generations that outlives an entry of `life` milliseconds, in seconds.
    pub(super) fn generation_life(&self, life: u64) -> u64 {
        let needed = (life / 1_000 + 1) * 2;
        self.generation_life.fetch_max(needed, Ordering::Relaxed).max(needed)
    }

    /// A command of `epoch` failed.
    pub(super) fn report(&self, epoch: u64, fault: Fault) {
        if fault == Fault::Full {
            self.says_full();
        }
        if fault.costs_trust() {
            self.losing(|trust| trust.lose(epoch, fault));
        }
    }

    /// Says once that nothing is stored: every fill that is refused for it would say the same.
    fn says_full(&self) {
        let address = self.address.as_str();
        self.said_full.call_once(|| {
            tracing::warn!(
                target: "cachefn",
                address,
                "Redis is out of memory: it takes no values until it has room again"
            );
        });
    }

    /// Journals `targets` or sends them on a task of its own; the outcome, or that it is not known at `deadline`. However
    /// much is under way, this is: it is not given up before the connection is.
    pub(super) fn invalidate(
        self: &Arc<Self>,
        targets: Vec<Target>,
        deadline: Instant,
    ) -> Option<oneshot::Receiver<Result<(), Error>>> {
        let mut trust = self.trust();
        let Some(errand) = trust.invalidate(targets) else {
            let closed = trust.is_closed();
            drop(trust);
            if closed {
                self.leave();
            }
            return None;
        };
        let (tells, told) = oneshot::channel();
        // Under the lock, so that what is asked after this has returned is sent after it.
        background::handle().spawn(Arc::clone(self).run(errand, deadline, tells));
        Some(told)
    }

    async fn run(
        self: Arc<Self>,
        errand: Errand<Arc<Connection>>,
        deadline: Instant,
        tells: oneshot::Sender<Result<(), Error>>,
    ) {
        let (mut tells, limit) = (Some(tells), self.settings.timeout);
        let mut tell = |outcome: Result<(), Fault>| {
            // Who is gone needs no answer.
            tells.take().map(|tells| tells.send(outcome.map_err(Error::from)))
        };
        let mut sent = pin!(errand.line.strike(&errand.targets));
        let outcome = match timeout_at(deadline.into(), sent.as_mut()).await {
            Ok(outcome) => outcome,
            Err(_) if errand.line.was_silent(deadline, limit).await => Err(Fault::Timeout),
            Err(_) => {
                self.trust().is_late(errand.number);
                tell(Err(Fault::Timeout));
                errand.line.hear_out(limit, sent).await.unwrap_or(Err(Fault::Timeout))
            }
        };
        if outcome.is_ok() {
            // What was read before the server had heard of it.
            errand.targets.iter().for_each(|target| self.listener.strike(target));
        }
        self.losing(|trust| trust.done(errand.number, outcome.err()));
        self.idle.notify_one();
        tell(outcome);
    }

    /// What recovery has to do next. If that is to publish, it is done.
    pub(super) fn next(&self, epoch: u64) -> Next {
        let count = if self.settings.cluster { CLUSTER_BATCH } else { BATCH };
        let mut trust = self.trust();
        let next = trust.next(epoch, count);
        if next == Next::Publish {
            self.listener.forget();
            trust.publish();
            if trust.link().is_some_and(|(line, _)| line.tells_of_values()) {
                self.near.is_alive(self.near.now());
            }
        }
        next
    }

    /// The server of `epoch` has given a sign of life, which was asked for at `asked`.
    pub(super) fn is_alive(&self, epoch: u64, asked: Tick) {
        let trust = self.trust();
        if trust.link().is_some_and(|(line, now)| now == epoch && line.tells_of_values()) {
            self.near.is_alive(asked);
        }
    }

    /// The last loss that has not been looked at.
    pub(super) fn take_lost(&self) -> Option<Lost> {
        self.trust().take_lost()
    }

    /// Ends it: no link, no sending. What is on its way goes on. Whoever uses the server after us in this process
    /// begins with what we could not tell it.
    pub(super) fn close(&self) {
        let mut owes = false;
        self.losing(|trust| {
            owes = trust.owes();
            trust.close()
        });
        if owes {
            self.leave();
        }
        self.settled.send_replace(true);
    }

    /// Makes itself known, and takes over what those before have left untold.
    pub(super) fn take_over(self: &Arc<Self>) {
        let mut users = users();
        users.alive.retain(|user| user.strong_count() > 0);
        users.alive.push(Arc::downgrade(self));
        if users.left.remove(&self.server()) {
            self.trust().put_back(vec![Target::Group(Group::root())]);
        }
    }

    /// The server was not told everything: whoever uses it after us tells it, now or when it comes.
    fn leave(&self) {
        let mut users = users();
        let server = self.server();
        let after = users.alive.iter().filter_map(Weak::upgrade);
        let after = after.filter(|user| !std::ptr::eq(Arc::as_ptr(user), self) && user.server() == server);
        let after: Vec<_> = after.filter(|user| !user.trust().is_closed()).collect();
        if after.is_empty() {
            users.left.insert(server);
        }
        drop(users);
        for user in after {
            let deadline = Instant::now() + user.settings.timeout;
            drop(user.invalidate(vec![Target::Group(Group::root())], deadline));
        }
    }

    /// Which server it is, and which part of it.
    fn server(&self) -> (String, String) {
        (self.address.clone(), self.settings.prefix.clone())
    }

    /// Waits until no invalidation is on its way, at most for `limit`.
    pub(super) async fn idle(&self, limit: Duration) {
        let idle = async {
            while !self.trust().is_idle() {
                self.idle.notified().await;
            }
        };
        // Nothing is lost by giving up: the tasks go on.
        let _ = tokio::time::timeout(limit, idle).await;
    }

    /// Tells of the loss of trust under the lock: nobody sees the server gone before everybody who
    /// has to know has been told.
    fn losing(&self, change: impl FnOnce(&mut Trust<Arc<Connection>>) -> bool) {
        let mut trust = self.trust();
        if change(&mut trust) {
            self.near.end();
            self.listener.forget();
            self.waiting.wake_all();
        }
        drop(trust);
        self.woken.notify_one();
    }
}

/// The books, opened. What others may see of them changes when they are closed.
pub(super) struct Books<'a> {
    trust: MutexGuard<'a, Trust<Arc<Connection>>>,
    posted: &'a Posted,
}

impl Deref for Books<'_> {
    type Target = Trust<Arc<Connection>>;

    fn deref(&self) -> &Self::Target {
        &self.trust
    }
}

impl DerefMut for Books<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.trust
    }
}

impl Drop for Books<'_> {
    fn drop(&mut self) {
        self.posted.write(self.trust.linked_in().map(|epoch| (epoch, self.trust.is_idle())));
    }
}

/// The epoch in which the server is used, if it is, and whether no invalidation is on its way.
#[derive(Default)]
struct Posted(AtomicU64);

impl Posted {
    fn read(&self) -> Option<(u64, bool)> {
        match self.0.load(Ordering::Acquire) {
            0 => None,
            sign => Some((sign >> 1, sign & 1 == 1)),
        }
    }

    /// Only while the books are open.
    fn write(&self, linked: Option<(u64, bool)>) {
        let sign = linked.map_or(0, |(epoch, is_idle)| (epoch << 1) | u64::from(is_idle));
        if self.0.load(Ordering::Relaxed) != sign {
            self.0.store(sign, Ordering::Release);
        }
    }
}

/// Who uses servers in this process.
#[derive(Default)]
struct Users {
    alive: Vec<Weak<Shared>>,
    /// The servers, by address and prefix, that were left without having been told everything.
    left: HashSet<(String, String)>,
}

fn users() -> MutexGuard<'static, Users> {
    static USERS: LazyLock<Mutex<Users>> = LazyLock::new(Mutex::default);
    USERS.lock().unwrap_or_else(PoisonError::into_inner)
}
