//! A link to a trusted server: what one call uses.
//!
//! Every operation runs on the background thread. But for lookups it is a task of its own there: it goes on if its caller is
//! dropped or has no time left, and operations of one caller reach the server in the order in which they were begun. Lookups are
//! [asked together](super::reading). Neither needs a timer of the caller's runtime. The price is a hop between threads each way.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::Value;
use tokio::sync::oneshot;
use tokio::time::timeout_at;

use super::connect::{Bucket, Connection};
use super::fault::Fault;
use super::known::Known;
use super::question::token;
use super::reading::{Found, Reply};
use super::script::{self, Announcement, Answer, End, Kept, LogEnd, RedisLease, Unchanged};
use super::shared::Shared;
use super::waiting::Waiter;
use crate::backend::{Absence, Acquired, Backend, Filled, Lookup, Seen};
use crate::background;
use crate::envelope::{Draft, Envelope, Token};
use crate::error::{Error, ErrorKind};
use crate::place::{Group, Place, Target};

/// The longest value. Redis takes 512 MiB by default, and ends the connection over a longer one.
const MAX_VALUE: usize = 256 << 20;

/// For so many timeouts a fill waits for room: its value is held meanwhile.
const FILL_PATIENCE: u32 = 4;

/// The server, for one call: its operations together may take as long as the timeout.
///
/// # Cancel safety
///
/// An operation that was begun is carried out even if its future is dropped. A lease that is neither
/// filled nor released is forgotten by the server after ten minutes and stands in nobody's way.
pub struct Link {
    shared: Arc<Shared>,
    pub(super) line: Arc<Connection>,
    epoch: u64,
    left: Mutex<Duration>,
}

impl Link {
    pub(super) fn new(shared: Arc<Shared>, line: Arc<Connection>, epoch: u64, spent: Duration) -> Self {
        let left = Mutex::new(shared.settings.timeout.saturating_sub(spent));
        Self { shared, line, epoch, left }
    }

    /// Runs `work` on the background thread, and waits for it within what is left of the time. It is not begun where
    /// there is no room for it on the connection, and goes on if it takes longer.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Error> {
        let begun = Instant::now();
        let left = self.left();
        if left.is_zero() {
            return Err(Error::new(ErrorKind::Timeout));
        }
        // Who waits longer for room has no time for an answer.
        self.run_within(work, begun, begun + left / 2, begun + left).await
    }

    /// The same for what ends a fill: it is begun whatever time is left to wait for it, and finds room though many end at one
    /// time.
    async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Error> {
        let begun = Instant::now();
        let patience = self.shared.settings.timeout * FILL_PATIENCE;
        self.run_within(work, begun, begun + patience, begun + self.left()).await
    }

    async fn run_within<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Fault>> + Send + 'static,
        begun: Instant,
        admission: Instant,
        deadline: Instant,
    ) -> Result<T, Error> {
        if !self.shared.trust().is_trusted(self.epoch) {
            return Err(Error::new(ErrorKind::Away));
        }
        let (shared, line, epoch) = (Arc::clone(&self.shared), Arc::clone(&self.line), self.epoch);
        let (tells, told) = oneshot::channel();
        background::handle().spawn(async move {
            let (mut tells, limit) = (Some(tells), shared.settings.timeout);
            // The time is taken here, for the caller may be polled much later.
            let mut tell = |outcome: Result<T, Fault>| {
                // Who is gone needs no answer.
                tells.take().map(|tells| tells.send((outcome.map_err(Error::from), begun.elapsed())))
            };
            let mut work = pin!(async {
                let _room = line.room(admission).await.ok_or(Fault::Busy)?;
                work.await
            });
            let outcome = match timeout_at(deadline.into(), work.as_mut()).await {
                Ok(outcome) => outcome,
                Err(_) if line.was_silent(deadline, limit).await => Err(Fault::Timeout),
                Err(_) => {
                    tell(Err(Fault::Timeout));
                    line.hear_out(limit, work).await.unwrap_or(Err(Fault::Timeout))
                }
            };
            if let Err(fault) = outcome {
                shared.report(epoch, fault);
            }
            tell(outcome);
        });
        match told.await {
            Ok((outcome, spent)) => {
                self.spend(spent);
                outcome
            }
            Err(_) => Err(Error::new(ErrorKind::Protocol)),
        }
    }

    /// The same with all the time again: for what nobody waits for.
    #[must_use]
    pub fn afresh(&self) -> Self {
        let left = Mutex::new(self.shared.settings.timeout);
        Self { shared: Arc::clone(&self.shared), line: Arc::clone(&self.line), epoch: self.epoch, left }
    }

    /// Whoever is to be woken when the value or the lease of `key` changes. To be made before that is looked at.
    pub fn waiter(&self, key: &Arc<str>) -> Waiter {
        self.shared.waiting.waiter(key, self.line.tells_of_values())
    }

    pub(super) fn bucket(&self, place: &Place) -> Bucket {
        Bucket::of(&self.line, &place.key)
    }

    fn left(&self) -> Duration {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spend(&self, spent: Duration) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.saturating_sub(spent);
    }

    /// Asks for what stands at `place` together with what others look for; nothing where it must not.
    ///
    /// Who has waited for Redis before has less time than others.
    fn ask_together(&self, place: &Place, begun: Instant) -> Option<Reply> {
        let epoch = self.shared.asks().filter(|epoch| *epoch == self.epoch && self.has_all_its_time())?;
        Some(self.shared.reading.ask(epoch, place, begun))
    }

    async fn read_alone(&self, place: &Place) -> Result<Seen, Error> {
        let bucket = self.bucket(place);
        let mut command = redis::cmd("MGET");
        command.arg(bucket.keys().read(place));
        let answer = self.run(async move { bucket.ask(&command).await }).await?;
        let Value::Array(values) = answer else { return Err(Error::new(ErrorKind::Protocol)) };
        let mut values = values.into_iter();
        let value = values.next().ok_or(Error::new(ErrorKind::Protocol))?;
        let tokens: Option<Vec<_>> = values.map(token).collect();
        Found::new(value, tokens.as_deref()).judge().ok_or(Error::new(ErrorKind::Protocol))
    }

    /// What a lookup comes to: whether the tags that a value named still stand is asked for.
    ///
    /// # Errors
    ///
    /// Those of a lookup.
    pub async fn settle_seen(&self, place: &Place, seen: Seen) -> Result<Lookup, Error> {
        match seen {
            Seen::Clear(lookup) => Ok(lookup),
            Seen::Tagged(envelope) => {
                let bucket = self.bucket(place);
                Box::pin(self.run(async move { judge_tags(&bucket, envelope).await })).await
            }
        }
    }

    fn has_all_its_time(&self) -> bool {
        self.left() == self.shared.settings.timeout
    }

    /// How long the generations of `place` are kept for an entry that lives so many milliseconds.
    fn kept(&self, place: &Place, life: u64) -> Kept {
        Kept { lasting: self.shared.generation_life(life), narrow: place.lineage.narrow(), life }
    }

    /// Ends a fill if no generation of the place, and nothing about `tags`, has changed.
    async fn settle(
        &self,
        place: &Place,
        lease: RedisLease,
        end: End,
        life: u64,
        tags: Tags<'_>,
    ) -> Result<Filled, Error> {
        let bucket = self.bucket(place);
        let mut names = bucket.keys().script(place, tags.groups);
        let lineage = place.lineage.groups().len();
        let known = &lease.generations()[..lineage];
        let generations = known.iter().chain(&tags.generations).copied().collect();
        let logged = tags.began.map(|began| (began, tags.groups.iter().map(Group::tag_hash).collect()));
        names.extend(logged.is_some().then(|| bucket.keys().log()));
        let unchanged = Unchanged { generations, lineage, logged };
        let kept = self.kept(place, life);
        self.finish(async move { script::settle(&bucket, &names, &lease, &unchanged, &end, &kept).await })
            .await
    }

    /// What a fill with `tags` must find unchanged beside the generations of its place. Nothing if a tag was struck
    /// meanwhile, or nothing tells whether one was.
    ///
    /// Tags that were known when it began were captured then. Of others the generations are read now: a tag that was struck
    /// before that stands in the log, one that is struck after has changed its generation. Either is noticed in the one step
    /// that stores.
    async fn tags<'a>(
        &self,
        place: &Place,
        lease: &RedisLease,
        tags: &'a [Group],
        life: u64,
    ) -> Result<Option<Tags<'a>>, Error> {
        let of_tags = &lease.generations()[place.lineage.groups().len()..];
        if place.tags == tags && of_tags.len() == tags.len() {
            return Ok(Some(Tags { groups: tags, generations: of_tags.to_vec(), began: None }));
        }
        let Some(began) = lease.log() else { return Ok(None) };
        let bucket = self.bucket(place);
        let names = bucket.keys().generations(tags);
        let generation_life = self.shared.generation_life(life);
        let tokens = self.run(async move { script::tags(&bucket, &names, generation_life).await }).await?;
        Ok(tokens.map(|generations| Tags { groups: tags, generations, began: Some(began) }))
    }
}

/// The tags of a value, as a fill wants to find them.
#[derive(Default)]
struct Tags<'a> {
    groups: &'a [Group],
    generations: Vec<Token>,
    /// Where the log ended when the fill began; nothing if the generations are of that time.
    began: Option<LogEnd>,
}

/// A clone has what is left of the time for itself.
impl Clone for Link {
    fn clone(&self) -> Self {
        let left = Mutex::new(self.left());
        Self { shared: Arc::clone(&self.shared), line: Arc::clone(&self.line), epoch: self.epoch, left }
    }
}

impl Backend for Link {
    type Lease = RedisLease;

    async fn lookup(&self, place: &Place) -> Result<Lookup, Error> {
        let begun = Instant::now();
        let seen = match self.ask_together(place, begun) {
            Some(asked) => match asked.await {
                Ok((seen, spent)) => {
                    self.spend(spent);
                    seen
                }
                Err(error) => {
                    self.spend(begun.elapsed());
                    return Err(error);
                }
            },
            None => self.read_alone(place).await?,
        };
        self.settle_seen(place, seen).await
    }

    async fn acquire(&self, place: &Place, accept: bool) -> Result<Acquired<RedisLease>, Error> {
        let bucket = self.bucket(place);
        let mut names = bucket.keys().script(place, &place.tags);
        names.extend(place.open.then(|| bucket.keys().log()));
        let announcement = Announcement {
            accept,
            alone: place.alone && self.line.tells_time,
            lineage: place.lineage.groups().len(),
            logged: place.open,
        };
        let kept = self.kept(place, 0);
        let work = async move {
            match script::acquire(&bucket, &names, announcement, &kept).await? {
                // The script sees tokens, not checksums: what stands there is no use to anybody.
                Answer::Foreign if accept => {
                    let announcement = Announcement { accept: false, ..announcement };
                    script::acquire(&bucket, &names, announcement, &kept).await
                }
                answer => Ok(answer),
            }
        };
        match self.run(work).await? {
            Answer::Granted(lease) => Ok(Acquired::Granted(lease)),
            Answer::Entry(envelope) => Ok(Acquired::Hit(envelope)),
            Answer::Held(left) => Ok(Acquired::Held(left)),
            Answer::Foreign => Err(Error::new(ErrorKind::Protocol)),
        }
    }

    async fn fill(
        &self,
        place: &Place,
        lease: RedisLease,
        draft: Draft,
        life: Duration,
    ) -> Result<Filled, Error> {
        let life = script::millis(life);
        let tags = if draft.tags.is_empty() {
            Tags::default()
        } else {
            let Some(tags) = self.tags(place, &lease, &draft.tags, life).await? else {
                let end = self.settle(place, lease, End::Vacate, 0, Tags::default());
                return end.await.map(|_| Filled::Refused);
            };
            tags
        };
        let known = lease.generations()[..place.lineage.groups().len()].iter().copied();
        let tokens: Vec<_> = known.chain(tags.generations.iter().copied()).collect();
        let sealed = draft.seal(&tokens).ok_or(Error::new(ErrorKind::Protocol))?;
        if sealed.len() > MAX_VALUE {
            return Err(Error::new(ErrorKind::Full));
        }
        self.settle(place, lease, End::Store(sealed, life), life, tags).await
    }

    async fn release(&self, place: &Place, lease: RedisLease, vacate: bool) -> Result<Filled, Error> {
        let end = if vacate { End::Vacate } else { End::Leave };
        self.settle(place, lease, end, 0, Tags::default()).await
    }

    /// It takes no time of its call.
    async fn renew(&self, place: &Place, lease: &RedisLease) -> Result<bool, Error> {
        if !self.line.tells_time {
            return Ok(false);
        }
        let (bucket, lease) = (self.bucket(place), lease.clone());
        let name = bucket.keys().lease(&place.key);
        self.afresh().run(async move { script::renew(&bucket, &name, &lease).await }).await
    }

    /// An error means that the targets stand in the journal, unless nothing was sent for want of
    /// time.
    async fn invalidate(&self, targets: &[Target]) -> Result<(), Error> {
        let (begun, left) = (Instant::now(), self.left());
        if left.is_zero() {
            return Err(Error::new(ErrorKind::Timeout));
        }
        let Some(told) = self.shared.invalidate(targets.to_vec(), begun + left) else {
            return Err(Error::new(ErrorKind::Away));
        };
        let outcome = told.await.unwrap_or(Err(Error::new(ErrorKind::Protocol)));
        self.spend(begun.elapsed());
        outcome
    }
}

/// Asks for the generations of an entry's tags.
async fn judge_tags(bucket: &Bucket, envelope: Envelope) -> Result<Lookup, Fault> {
    let (known, tags) = (bucket.known(), &envelope.tags);
    let mut tokens = known.and_then(|known| known.of(tags));
    if tokens.is_none() {
        let moment = known.map(Known::moment);
        let mut command = redis::cmd("MGET");
        command.arg(bucket.keys().generations(tags));
        let [Value::Array(values)] = bucket.ask_marked(redis::pipe(), command).await? else {
            return Err(Fault::Answer("MGET"));
        };
        tokens = values.into_iter().map(token).collect();
        if let (Some(known), Some(moment), Some(tokens)) = (known, moment, &tokens) {
            known.learn(moment, tags, tokens);
        }
    }
    let current = tokens.as_deref() == Some(envelope.generations().1);
    let outdated = Absence::Invalidated(Some(envelope.ident));
    Ok(if current { Lookup::Hit(envelope) } else { Lookup::Miss(outdated) })
}
