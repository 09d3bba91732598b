//! Lookups of many callers, asked together.
//!
//! A few tasks of the background thread take turns: the one that is free takes what has been asked for since the last looked,
//! and asks for all of it in one `MGET`. So a caller who is alone is never kept waiting, and many callers fill the questions.
//! Generations that several of them need are asked for once, and those that are [known](super::known) not at all.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use redis::Value;
use tokio::sync::{Notify, oneshot};

use super::alarm::Alarm;
use super::connect::{Bucket, Connection};
use super::fault::Fault;
use super::question;
use super::shared::Shared;
use crate::backend::{Absence, Lookup, Seen};
use crate::background;
use crate::envelope::{Envelope, Token};
use crate::error::{Error, ErrorKind};
use crate::place::{Lineage, Place};

/// So many tasks there are, and questions on their way at a time; what comes meanwhile is asked for together.
const AT_A_TIME: usize = 4;

/// The most that is asked for together: a server does nothing else meanwhile.
const MOST: usize = 128;

/// So often within the deadline of a call it is looked for those whose deadline is over.
const TICKS: u32 = 8;

/// Takes lookups; dropping it ends the tasks.
pub(super) struct Reading(Arc<Queue>);

/// What has been asked for and nobody has taken yet.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// Wakes one of those who ask, if one is free.
    more: Notify,
}

#[derive(Default)]
struct Waiting {
    lookups: VecDeque<(Request, Caller)>,
    is_closed: bool,
}

/// One lookup.
pub(super) struct Request {
    pub(super) key: Arc<str>,
    pub(super) lineage: Lineage,
}

/// Who it is for.
struct Caller {
    /// When the server was trusted: what comes of it later is of no use.
    epoch: u64,
    begun: Instant,
    /// None once the answer is given.
    answer: Option<oneshot::Sender<Answer>>,
}

/// Lookups that are asked together, and who they are for, in the same order.
#[derive(Default)]
struct Batch {
    requests: Vec<Request>,
    callers: Vec<Caller>,
}

/// What stands there, and how long it took to be told.
type Answer = (Result<Found, Fault>, Duration);

/// What stands at a place.
pub(super) struct Found {
    value: Value,
    /// Whether the generations of its lineage are what it was filled under.
    is_current: bool,
}

/// The reply to a lookup, on its way: what is seen, and what it took of the call's time. Dropping it leaves nothing behind.
#[must_use = "futures do nothing unless polled"]
pub struct Reply(oneshot::Receiver<Answer>);

impl Reading {
    pub(super) fn start(shared: &Weak<Shared>) -> Self {
        let queue = Arc::new(Queue::default());
        for _ in 0..AT_A_TIME {
            let (shared, queue) = (Weak::clone(shared), Arc::clone(&queue));
            background::persist(move || serve(Weak::clone(&shared), Arc::clone(&queue)));
        }
        Self(queue)
    }

    /// Asks for what stands at `place`.
    pub(super) fn ask(&self, epoch: u64, place: &Place, begun: Instant) -> Reply {
        let (answer, answered) = oneshot::channel();
        let request = Request { key: Arc::clone(&place.key), lineage: place.lineage.clone() };
        let caller = Caller { epoch, begun, answer: Some(answer) };
        self.0.waiting().lookups.push_back((request, caller));
        self.0.more.notify_one();
        Reply(answered)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.waiting().is_closed = true;
        // Each wakes the next.
        self.0.more.notify_one();
    }
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Every change is complete before anything can panic.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what there is, into `batch`, and waits until there is something. False: nothing will come.
    async fn take(&self, batch: &mut Batch) -> bool {
        batch.requests.clear();
        batch.callers.clear();
        loop {
            {
                let mut waiting = self.waiting();
                if waiting.is_closed {
                    self.more.notify_one();
                    return false;
                }
                let count = waiting.lookups.len().min(MOST);
                for (request, caller) in
                    waiting.lookups.drain(..count).filter(|(_, caller)| !caller.is_gone())
                {
                    batch.requests.push(request);
                    batch.callers.push(caller);
                }
                if waiting.lookups.is_empty() {
                    // After a rush its room is given back.
                    waiting.lookups.shrink_to(8 * MOST);
                } else {
                    self.more.notify_one();
                }
            }
            if !batch.callers.is_empty() {
                return true;
            }
            self.more.notified().await;
        }
    }

    /// Tells those whose time is over that there is no answer: they have not even been asked for.
    fn expire(&self, overdue: impl Fn(&Caller) -> bool) {
        let mut waiting = self.waiting();
        while waiting.lookups.front().is_some_and(|(_, caller)| overdue(caller)) {
            if let Some((_, mut caller)) = waiting.lookups.pop_front() {
                caller.fail(Fault::Timeout);
            }
        }
    }
}

impl Future for Reply {
    type Output = Result<(Seen, Duration), Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| {
            let (found, spent) = answer.unwrap_or((Err(Fault::Broken), Duration::ZERO));
            let seen = found?.judge().ok_or(Error::new(ErrorKind::Protocol))?;
            Ok((seen, spent))
        })
    }
}

impl Found {
    /// Of what `tokens` are the generations.
    pub(super) fn new(value: Value, tokens: Option<&[Token]>) -> Self {
        let is_current = match &value {
            Value::BulkString(bytes) => tokens == Some(Envelope::lineage_of(bytes)),
            _ => false,
        };
        Self { value, is_current }
    }

    /// What it comes to; nothing, if it is not of the kind that is stored.
    pub(super) fn judge(self) -> Option<Seen> {
        let bytes = match self.value {
            Value::BulkString(bytes) => bytes,
            Value::Nil => return Some(Seen::Clear(Lookup::Miss(Absence::Absent))),
            _ => return None,
        };
        Some(match Envelope::open(bytes) {
            None => Seen::Clear(Lookup::Miss(Absence::Foreign)),
            Some(envelope) if !self.is_current => {
                Seen::Clear(Lookup::Miss(Absence::Invalidated(Some(envelope.ident))))
            }
            Some(envelope) if envelope.tags.is_empty() => Seen::Clear(Lookup::Hit(envelope)),
            Some(envelope) => Seen::Tagged(envelope),
        })
    }
}

impl Batch {
    fn fail_where(&mut self, fault: Fault, late: impl Fn(&Caller) -> bool) {
        self.callers.iter_mut().filter(|caller| late(caller)).for_each(|caller| caller.fail(fault));
    }

    /// Takes out those who have their answer.
    fn retain_waiting(&mut self) {
        let mut waits = self.callers.iter().map(|caller| caller.answer.is_some());
        self.requests.retain(|_| waits.next() == Some(true));
        self.callers.retain(|caller| caller.answer.is_some());
    }

    /// Asks for all of it. Who has no time left is told so, and so is who waits in the `queue`; the answer is waited for as
    /// long as others keep arriving. With a fault nobody is told who has time.
    async fn ask(
        &mut self,
        line: &Arc<Connection>,
        timeout: Duration,
        alarm: &mut Alarm,
        queue: &Queue,
    ) -> Result<(), Fault> {
        let Self { requests, callers } = self;
        let mut asked = pin!(question::ask(Bucket::first(line), requests));
        while let Some(first) =
            callers.iter().filter(|caller| caller.answer.is_some()).map(|caller| caller.begun).min()
        {
            let due = (first + timeout).min(Instant::now() + timeout / TICKS);
            if let Some(found) = alarm.within(due, asked.as_mut()).await {
                let now = Instant::now();
                callers.iter_mut().zip(found?).for_each(|(caller, found)| caller.tell(Ok(found), now));
                return Ok(());
            }
            let is_late = |caller: &Caller| caller.begun + timeout <= due;
            if callers.iter().any(is_late) && line.was_silent(due, timeout).await {
                return Err(Fault::Timeout);
            }
            callers
                .iter_mut()
                .filter(|caller| is_late(caller))
                .for_each(|caller| caller.fail(Fault::Timeout));
            queue.expire(is_late);
        }
        line.hear_out(timeout, asked).await.unwrap_or(Err(Fault::Timeout)).map(drop)
    }
}

/// One of those who ask. Whoever is free takes what has come since the last one looked.
async fn serve(shared: Weak<Shared>, queue: Arc<Queue>) {
    let (mut batch, mut alarm) = (Batch::default(), Alarm::new());
    while queue.take(&mut batch).await {
        let Some(shared) = shared.upgrade() else { return };
        let linked = shared.trust().link();
        let epoch = linked.as_ref().map(|(_, epoch)| *epoch);
        let (now, timeout) = (Instant::now(), shared.settings.timeout);
        batch.fail_where(Fault::Broken, |caller| Some(caller.epoch) != epoch);
        batch.fail_where(Fault::Timeout, |caller| caller.begun + timeout <= now);
        batch.retain_waiting();
        let Some((line, epoch)) = linked.filter(|_| !batch.callers.is_empty()) else { continue };
        if let Err(fault) = batch.ask(&line, timeout, &mut alarm, &queue).await {
            shared.report(epoch, fault);
            batch.fail_where(fault, |_| true);
        }
    }
}

impl Caller {
    fn is_gone(&self) -> bool {
        self.answer.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    fn fail(&mut self, fault: Fault) {
        self.tell(Err(fault), Instant::now());
    }

    fn tell(&mut self, found: Result<Found, Fault>, now: Instant) {
        if let Some(answer) = self.answer.take() {
            // Who is gone needs no answer.
            let _ = answer.send((found, now.saturating_duration_since(self.begun)));
        }
    }
}
