//! Whether the server can be relied on, and what has to be struck before it can be again.
//!
//! ```text
//! Connecting ──► Recovering ──► Connected ──► Suspect     a command got no answer in time
//!     │           ▲      │        ▲    │         │
//!     ▼           │      ▼        │    ▼         ▼
//! Degraded ───────┘   Degraded    │  Degraded   Recovering (it answers after all) or Degraded
//! ```
//!
//! State, journal and invalidations on their way stand under one lock, so that an invalidation is
//! either sent on a connection whose fate decides over it, or journalled, and a server is trusted only
//! at a moment at which the journal is empty. While Recovering, invalidations are sent already:
//! otherwise a steady stream of them would keep the journal from ever being empty.
//!
//! Nothing here waits or does anything but keep books.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::fault::Fault;
use super::journal::Journal;
use crate::place::Target;

/// How things stand with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// The first attempt is under way.
    Connecting,
    /// The server is used.
    Connected,
    /// A command got no answer in time; the server is not used until it has answered a probe.
    Suspect,
    /// The server cannot be used; attempts to reach it go on.
    Degraded,
    /// The server answers, and what was invalidated meanwhile is being struck there.
    Recovering,
}

/// The books. `C` is a connection.
#[derive(Debug)]
pub(super) struct Trust<C> {
    state: State,
    /// Counts recoveries, so that failures of the time before can be told apart.
    epoch: u64,
    line: Option<C>,
    journal: Journal,
    /// Invalidations on their way by number; what is already in the journal too is `None`.
    sending: HashMap<u64, Option<Arc<[Target]>>>,
    /// Those among them whose caller was told that they are not applied yet.
    late: HashSet<u64>,
    sent: u64,
    trusted_since: Instant,
    /// The last loss that has not been looked at.
    lost: Option<Lost>,
    /// Whether recovery is striking what it took out of the journal.
    striking: bool,
    closed: bool,
}

/// Trust that is gone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub(super) fault: Fault,
    /// How long it lasted.
    pub(super) lasted: Duration,
}

/// An invalidation that has to be sent now.
#[derive(Debug)]
pub(super) struct Errand<C> {
    pub(super) line: C,
    pub(super) number: u64,
    pub(super) targets: Arc<[Target]>,
}

/// What recovery has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Strike these.
    Strike(Vec<Target>),
    /// The server may be trusted.
    Publish,
    /// Trust was lost again meanwhile.
    GiveUp,
}

impl<C: Clone> Trust<C> {
    pub(super) fn new() -> Self {
        Self {
            state: State::Connecting,
            epoch: 0,
            line: None,
            journal: Journal::default(),
            sending: HashMap::new(),
            late: HashSet::new(),
            sent: 0,
            trusted_since: Instant::now(),
            lost: None,
            striking: false,
            closed: false,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// How many targets wait for the server: those of the journal, and those that are late.
    pub(super) fn waiting(&self) -> usize {
        let late = self.late.iter().filter_map(|number| self.sending.get(number)?.as_ref());
        self.journal.len() + late.map(|targets| targets.len()).sum::<usize>()
    }

    /// Whether the server has not been told everything, as far as is known.
    pub(super) fn owes(&self) -> bool {
        self.journal.len() > 0 || self.striking || !self.is_idle()
    }

    /// Whether it has ended for good.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether no invalidation is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.sending.is_empty()
    }

    /// The connection to use, with its epoch.
    pub(super) fn link(&self) -> Option<(C, u64)> {
        let line = self.line.as_ref().filter(|_| self.state == State::Connected)?;
        Some((line.clone(), self.epoch))
    }

    /// The epoch of the connection to use; it is never 0.
    pub(super) fn linked_in(&self) -> Option<u64> {
        (self.state == State::Connected && self.line.is_some()).then_some(self.epoch)
    }

    /// Whether what was linked in `epoch` may still be used.
    pub(super) fn is_trusted(&self, epoch: u64) -> bool {
        self.state == State::Connected && self.epoch == epoch
    }

    /// Takes charge of an invalidation: it is journalled, or has to be sent and then
    /// [`done`](Self::done).
    pub(super) fn invalidate(&mut self, targets: Vec<Target>) -> Option<Errand<C>> {
        let usable = matches!(self.state, State::Connected | State::Recovering);
        let Some(line) = self.line.clone().filter(|_| usable) else {
            self.journal.add(targets);
            return None;
        };
        self.sent += 1;
        let targets: Arc<[_]> = targets.into();
        self.sending.insert(self.sent, Some(Arc::clone(&targets)));
        Some(Errand { line, number: self.sent, targets })
    }

    /// The caller of an invalidation that goes on is told that it is not applied yet.
    pub(super) fn is_late(&mut self, number: u64) {
        self.late.insert(number);
    }

    /// An invalidation was applied, or it is not known whether it was. Then it is journalled, and
    /// the server, whichever it is by now, has to be recovered before it is trusted again.
    pub(super) fn done(&mut self, number: u64, fault: Option<Fault>) -> bool {
        self.late.remove(&number);
        let targets = self.sending.remove(&number).flatten();
        let (Some(fault), Some(targets)) = (fault, targets) else { return false };
        self.journal.add(targets.iter().cloned());
        self.lose(self.epoch, fault)
    }

    /// Something failed in `epoch`. Whether that ended trust in the server.
    pub(super) fn lose(&mut self, epoch: u64, fault: Fault) -> bool {
        let was_trusted = self.state == State::Connected;
        if epoch != self.epoch || !(was_trusted || self.state == State::Recovering) {
            return false;
        }
        let suspect = was_trusted && fault == Fault::Timeout;
        self.state = if suspect { State::Suspect } else { State::Degraded };
        let lasted = if was_trusted { self.trusted_since.elapsed() } else { Duration::ZERO };
        self.lost = Some(Lost { fault, lasted });
        self.journal_what_is_on_its_way();
        was_trusted
    }

    /// The last loss, for the one who looks after it.
    pub(super) fn take_lost(&mut self) -> Option<Lost> {
        self.lost.take()
    }

    /// The server could not be reached or did not answer the probe. Must not be called while it is
    /// trusted.
    pub(super) fn degrade(&mut self) {
        self.state = State::Degraded;
        self.line = None;
    }

    /// Begins to recover on `line`; the epoch of this recovery.
    pub(super) fn recover(&mut self, line: C) -> Option<u64> {
        if self.closed {
            return None;
        }
        self.epoch += 1;
        self.state = State::Recovering;
        self.line = Some(line);
        Some(self.epoch)
    }

    /// What recovery has to do next, at most `count` targets of it.
    pub(super) fn next(&mut self, epoch: u64, count: usize) -> Next {
        if self.state != State::Recovering || self.epoch != epoch {
            return Next::GiveUp;
        }
        let targets = self.journal.take(count);
        self.striking = !targets.is_empty();
        if self.striking { Next::Strike(targets) } else { Next::Publish }
    }

    /// Puts back what could not be struck.
    pub(super) fn put_back(&mut self, targets: Vec<Target>) {
        self.striking = false;
        self.journal.add(targets);
    }

    /// Trusts the server from now on. Only after [`Next::Publish`], under the same lock.
    pub(super) fn publish(&mut self) {
        self.state = State::Connected;
        self.trusted_since = Instant::now();
        self.lost = None;
    }

    /// Ends it for good. Whether that ended trust in the server.
    pub(super) fn close(&mut self) -> bool {
        let was_trusted = self.state == State::Connected;
        self.closed = true;
        self.degrade();
        was_trusted
    }

    /// Their outcome will not be known before it is decided whether to trust the server again.
    fn journal_what_is_on_its_way(&mut self) {
        for targets in self.sending.values_mut().filter_map(Option::take) {
            self.journal.add(targets.iter().cloned());
        }
    }
}

#[cfg(test)]
mod tests;
