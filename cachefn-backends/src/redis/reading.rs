//! Lookups of many callers, asked together.
//!
//! A few tasks of the background thread take turns: the one that is free takes what has been asked for since the last looked,
//! and asks for all of it in one `MGET`. So a caller who is alone is never kept waiting, and many callers fill the questions.
//! Generations that several of them need are asked for once, and those that are [known](super::known) not at all.

use std::future::Future;
use std::io::Write as _;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use redis::{Cmd, RedisWrite as _, Value};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout_at;

use super::connect::Bucket;
use super::fault::Fault;
use super::known::Known;
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
pub(super) struct Reading(mpsc::UnboundedSender<Request>);

/// One lookup.
struct Request {
    /// When the server was trusted: what comes of it later is of no use.
    epoch: u64,
    begun: Instant,
    key: Arc<str>,
    lineage: Lineage,
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
        let (sender, requests) = mpsc::unbounded_channel();
        let requests = Arc::new(Mutex::new(requests));
        for _ in 0..AT_A_TIME {
            background::handle().spawn(serve(Weak::clone(shared), Arc::clone(&requests)));
        }
        Self(sender)
    }

    /// Asks for what stands at `place`.
    pub(super) fn ask(&self, epoch: u64, place: &Place, begun: Instant) -> Asked {
        let (answer, answered) = oneshot::channel();
        let (key, lineage) = (Arc::clone(&place.key), place.lineage.clone());
        // Where the tasks are gone so is the sender of the answer.
        let _ = self.0.send(Request { epoch, begun, key, lineage, answer });
        Asked(answered)
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
async fn serve(shared: Weak<Shared>, requests: Arc<Mutex<mpsc::UnboundedReceiver<Request>>>) {
    let mut batch = Vec::with_capacity(MOST);
    while requests.lock().await.recv_many(&mut batch, MOST).await > 0 {
        let Some(shared) = shared.upgrade() else { return };
        batch.retain(|request| !request.answer.is_closed());
        let Some(first) = batch.first() else { continue };
        let deadline = first.begun + shared.settings.timeout;
        let linked = shared.trust().link();
        let (outcome, epoch) = match linked {
            Some((line, epoch)) => {
                batch
                    .extract_if(.., |request| request.epoch != epoch)
                    .for_each(|late| late.fail(Fault::Broken));
                if batch.is_empty() {
                    continue;
                }
                let asked = ask(Bucket::first(&line), &batch);
                (timeout_at(deadline.into(), asked).await.unwrap_or(Err(Fault::Timeout)), epoch)
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

/// Those who have the same lineage.
struct Kin<'a> {
    lineage: &'a Lineage,
    tokens: Option<Vec<Token>>,
    /// Whether its generations need not be asked for.
    is_known: bool,
}

/// Asks for all of it on one connection; what is found, in the order of the requests.
async fn ask(bucket: Bucket, requests: &[Request]) -> Result<Vec<Found>, Fault> {
    let known = bucket.known();
    let moment = known.map(Known::moment);
    let mut command = redis::cmd("MGET");
    let mut kin: Vec<Kin<'_>> = Vec::new();
    for request in requests {
        add(&mut command, bucket.keys().value_in_parts(&request.key));
        if find(&kin, &request.lineage).is_none() {
            let lineage = &request.lineage;
            let is_known = known.is_some_and(|known| known.of(lineage.groups()).is_some());
            kin.push(Kin { lineage, tokens: None, is_known });
        }
    }
    let asks = add_generations(&mut command, &bucket, kin.iter().filter(|kin| !kin.is_known));
    let mut values = answers(bucket.ask(&command).await?, requests.len() + asks)?;
    let mut generations = values.split_off(requests.len()).into_iter();
    for kin in kin.iter_mut().filter(|kin| !kin.is_known) {
        kin.tokens = read(&mut generations, kin.lineage);
        if let (Some(known), Some(moment), Some(tokens)) = (known, moment, &kin.tokens) {
            known.learn(moment, kin.lineage.groups(), tokens);
        }
    }
    // Only now, and what has changed since the question was sent is asked for.
    let mut changed = Vec::new();
    for kin in kin.iter_mut().filter(|kin| kin.is_known) {
        kin.tokens = known.and_then(|known| known.of(kin.lineage.groups()));
        if kin.tokens.is_none() {
            changed.push(kin);
        }
    }
    if !changed.is_empty() {
        let mut command = redis::cmd("MGET");
        let asks = add_generations(&mut command, &bucket, changed.iter().map(|kin| &**kin));
        let mut generations = answers(bucket.ask(&command).await?, asks)?.into_iter();
        for kin in changed {
            kin.tokens = read(&mut generations, kin.lineage);
        }
    }
    let found = |(value, request): (Value, &Request)| {
        let kin = find(&kin, &request.lineage);
        Found::new(value, kin.and_then(|kin| kin.tokens.as_deref()))
    };
    Ok(values.into_iter().zip(requests).map(found).collect())
}

fn find<'k, 'a>(kin: &'k [Kin<'a>], lineage: &Lineage) -> Option<&'k Kin<'a>> {
    kin.iter().find(|kin| kin.lineage.is_same(lineage))
}

/// Adds a name; it is not put together before.
fn add(command: &mut Cmd, name: [&str; 3]) {
    let mut word = command.writer_for_next_arg();
    for part in name {
        word.write_all(part.as_bytes()).expect("what is in memory is written");
    }
}

/// Asks for the generations of all of them, so many names.
fn add_generations<'a>(command: &mut Cmd, bucket: &Bucket, kin: impl Iterator<Item = &'a Kin<'a>>) -> usize {
    let mut count = 0;
    for group in kin.flat_map(|kin| kin.lineage.groups()) {
        add(command, bucket.keys().group_in_parts(group.name()));
        count += 1;
    }
    count
}

/// The values that were asked for.
fn answers(answer: Value, count: usize) -> Result<Vec<Value>, Fault> {
    match answer {
        Value::Array(values) if values.len() == count => Ok(values),
        _ => Err(Fault::Answer),
    }
}

/// The generations of a lineage, which are the next of them; nothing where one is missing.
fn read(generations: &mut impl Iterator<Item = Value>, lineage: &Lineage) -> Option<Vec<Token>> {
    let values: Vec<_> = generations.take(lineage.groups().len()).collect();
    values.into_iter().map(token).collect()
}

/// The generation of a group, if there is one.
pub(super) fn token(value: Value) -> Option<Token> {
    match value {
        Value::BulkString(token) => token.try_into().ok(),
        _ => None,
    }
}
