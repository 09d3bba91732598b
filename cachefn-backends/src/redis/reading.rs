//! Lookups of many callers, asked together.
//!
//! A few tasks of the background thread take turns: the one that is free takes what has been asked for since the last looked,
//! and asks for all of it in one `MGET`. So a caller who is alone is never kept waiting, and many callers fill the questions.
//! Generations that several of them need are asked for once, and those that are [known](super::known) not at all.

use std::future::Future;
use std::mem;
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
    requests: Vec<Request>,
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

/// A lookup that is under way, with what it took of its call's time. Dropping it leaves nothing behind.
#[must_use = "futures do nothing unless polled"]
pub struct Asked(oneshot::Receiver<Answer>);

impl Reading {
    pub(super) fn start(shared: &Weak<Shared>) -> Self {
        let queue = Arc::new(Queue::default());
        for _ in 0..AT_A_TIME {
            background::handle().spawn(serve(Weak::clone(shared), Arc::clone(&queue)));
        }
        Self(queue)
    }

    /// Asks for what stands at `place`.
    pub(super) fn ask(&self, epoch: u64, place: &Place, begun: Instant) -> Asked {
        let (answer, answered) = oneshot::channel();
        let (key, lineage) = (Arc::clone(&place.key), place.lineage.clone());
        self.0.waiting().requests.push(Request { epoch, begun, key, lineage, answer });
        self.0.more.notify_one();
        Asked(answered)
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
        // After a rush its room is given back.
        batch.shrink_to(8 * MOST);
        loop {
            {
                let mut waiting = self.waiting();
                if waiting.is_closed {
                    self.more.notify_one();
                    return false;
                }
                if waiting.requests.len() <= MOST {
                    mem::swap(&mut waiting.requests, batch);
                } else {
                    batch.extend(waiting.requests.drain(..MOST));
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

impl Future for Asked {
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
        let deadline = batch[0].begun + shared.settings.timeout;
        let linked = shared.trust().link();
        let (outcome, epoch) = match linked {
            Some((line, epoch)) => {
                batch
                    .extract_if(.., |request| request.epoch != epoch)
                    .for_each(|late| late.fail(Fault::Broken));
                if batch.is_empty() {
                    continue;
                }
                let asked = question::ask(Bucket::first(&line), &batch);
                (alarm.within(deadline, asked).await.unwrap_or(Err(Fault::Timeout)), epoch)
            }
            None => (Err(Fault::Broken), 0),
        };
        match outcome {
            Ok(found) => {
                let now = Instant::now();
                for (request, found) in batch.drain(..).zip(found) {
                    request.tell(Ok(found), now);
                }
            }
            Err(fault) => {
                shared.report(epoch, fault);
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
