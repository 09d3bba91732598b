//! Lookups of many callers, asked together.
//!
//! A few tasks of the background thread take turns: the one that is free takes what has been asked for since the last looked,
//! and asks for all of it in one `MGET`. So a caller who is alone is never kept waiting, and many callers fill the questions.
//! Generations that several of them need are asked for once, and those that are [known](super::known) not at all.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use redis::Value;
use tokio::sync::{Notify, oneshot};

use super::alarm::Alarm;
use super::connect::Bucket;
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
    requests: VecDeque<Request>,
    is_closed: bool,
}

/// One lookup.
pub(super) struct Request {
    /// When the server was trusted: what comes of it later is of no use.
    epoch: u64,
    begun: Instant,
    pub(super) key: Arc<str>,
    pub(super) lineage: Lineage,
    answer: oneshot::Sender<Answer>,
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
        let (key, lineage) = (Arc::clone(&place.key), place.lineage.clone());
        self.0.waiting().requests.push_back(Request { epoch, begun, key, lineage, answer });
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

    /// Takes what there is, into a `batch` that is empty, and waits until there is something. False: nothing will come.
    async fn take(&self, batch: &mut Vec<Request>) -> bool {
        loop {
            {
                let mut waiting = self.waiting();
                if waiting.is_closed {
                    self.more.notify_one();
                    return false;
                }
                let count = waiting.requests.len().min(MOST);
                batch.extend(waiting.requests.drain(..count));
                if waiting.requests.is_empty() {
                    // After a rush its room is given back.
                    waiting.requests.shrink_to(8 * MOST);
                } else {
                    self.more.notify_one();
                }
            }
            batch.retain(|request| !request.answer.is_closed());
            if !batch.is_empty() {
                return true;
            }
            self.more.notified().await;
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

/// One of those who ask. Whoever is free takes what has come since the last one looked.
async fn serve(shared: Weak<Shared>, queue: Arc<Queue>) {
    let (mut batch, mut alarm) = (Vec::new(), Alarm::new());
    while queue.take(&mut batch).await {
        let Some(shared) = shared.upgrade() else { return };
        let linked = shared.trust().link();
        let epoch = linked.as_ref().map(|(_, epoch)| *epoch);
        batch
            .extract_if(.., |request| Some(request.epoch) != epoch)
            .for_each(|late| late.fail(Fault::Broken));
        let (begun, timeout) = (Instant::now(), shared.settings.timeout);
        let is_over = |request: &mut Request| request.begun + timeout <= begun;
        batch.extract_if(.., is_over).for_each(|late| late.fail(Fault::Timeout));
        let (Some((line, epoch)), Some(first)) = (linked, batch.iter().map(|request| request.begun).min())
        else {
            continue;
        };
        let asked = question::ask(Bucket::first(&line), &batch);
        let outcome = alarm.within(first + timeout, asked).await.unwrap_or(Err(Fault::Timeout));
        let now = Instant::now();
        match outcome {
            Ok(found) => {
                batch.drain(..).zip(found).for_each(|(request, found)| request.tell(Ok(found), now));
            }
            Err(fault) => {
                // That a server does not answer within the little that was left of a call's time says nothing.
                if fault != Fault::Timeout
                    || (first + timeout).saturating_duration_since(begun) * 2 >= timeout
                {
                    shared.report(epoch, fault);
                }
                batch.drain(..).for_each(|request| request.fail(fault));
            }
        }
    }
}

impl Request {
    fn fail(self, fault: Fault) {
        self.tell(Err(fault), Instant::now());
    }

    fn tell(self, answer: Result<Found, Fault>, now: Instant) {
        // Who is gone needs no answer.
        let _ = self.answer.send((answer, now.saturating_duration_since(self.begun)));
    }
}
