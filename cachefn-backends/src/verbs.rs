//! The protocol written once, over five plain verbs.
//!
//! A store that gets, sets, adds, compares-and-sets and deletes bytes by name ([`Verbs`]) is a
//! [`Backend`] once it is put into a [`Protocol`]. No verb touches two names in one step, so nothing
//! here is a lock and nobody waits for anybody.
//!
//! ```text
//! <prefix>:v:<key>     the value: an envelope; its tokens are key ‖ number ‖ groups, root first
//! <prefix>:k:<key>     the key's record    ┐ token(8) ‖ until(8) ‖ begun(8) ‖ settled(8)
//! <prefix>:g:<group>   a group's record    ┘ little-endian; the counters of a group stay zero
//! <prefix>:t           the log of invalidated tags
//! ```
//!
//! A key is one more group of its entry, so key and groups are invalidated alike: their records are
//! deleted. The key's record numbers the fills as they begin; `settled` is the highest number that
//! was stored or vacated. `until` is when the record expires, in ms since 1970.
//!
//! **The rule:** an entry is usable while each of its tokens stands in its record and its number is
//! not below `settled`. A lease may be filled while an entry stored under it would be usable.
//!
//! - *Nothing survives its invalidation.* A token is random, is put down once and changed by nothing;
//!   the numbers beside it move only by comparing. So a token that was deleted never stands again,
//!   whatever arrives late. A lease holds tokens that stood before its body ran; an invalidation since
//!   then deleted one of them, and the entry is dead wherever and whenever it is written. So a fill
//!   need not check and write in one step, and a lookup need not read in one: whoever begins to read
//!   after the invalidation reads the record after it.
//! - *Of two fills the one begun later wins.* While its token stands, `settled` only grows, and every
//!   entry below it is dead even if it is written later. That keeps out the earlier value; the later
//!   one is kept *in* by comparing where fills of a key overlap. A fill that is alone does not read
//!   and send back what it replaces. If another begins and ends between its check and its write, that
//!   one's entry is buried: a miss, never a wrong hit.
//! - *Nobody starves.* No fill is refused for the mere presence of others, and a comparison is lost
//!   only where another one was won. After [`ROUNDS`] lost ones a fill is refused.
//!
//! Tags that only the value names are captured by noting the end of a log of invalidated tags: an invalidation puts its tag
//! there *before* it deletes the tag's record. A fill reads the records of its tags, and *then* the log: a tag that was
//! deleted before the one stands in the other, and one that is deleted later is one that the entry has. Where the log
//! cannot be changed it is deleted, and where there is none, or another, every fill that noted its end is refused.
//!
//! ```text
//! lookup       1 get, 2 with tags         fill      1 get, 1 set, 1 compare-and-set; with tags 1 get more
//! acquire      1 get, 1 compare-and-set   release   1 get; to vacate also 1 compare-and-set
//! invalidate   1 delete; of tags also 1 get and, where there is a log, 1 compare-and-set
//! ```
//!
//! Beside these: an add for each record that is missing; a get and a compare-and-set in place of the
//! set where fills overlap; a round for each comparison that is lost; a compare-and-set for each group
//! whose record would expire before the entry, which is then good for as long again. Clocks that
//! differ between processes make entries expire early, nothing worse.

mod log;
mod record;

use std::future::Future;
use std::time::Duration;

use crate::backend::{Absence, Acquired, Backend, Filled, Lookup};
use crate::clock::Clock;
use crate::envelope::{Draft, Envelope, Token};
use crate::error::{Error, ErrorKind};
use crate::place::{Group, Place, Target};
use log::{Log, LogEnd};
use record::{Found, Record, current};

/// How often a comparison may be lost before a fill is refused.
pub const ROUNDS: usize = 16;

/// How long a record lives at least; a body that runs longer cannot store. For entries that live
/// longer the records are prolonged.
pub const RECORD_LIFE: Duration = Duration::from_secs(86_400);

/// What a store has to know.
///
/// Each verb is one step for each of its names: it happens somewhere between call and answer, all of
/// it or nothing, and whoever calls after the answer sees it. After an error, or a future that was
/// dropped, it may have happened, or happen later, but **never twice**: an `add` that a client repeats
/// because its answer was lost could bring back what was deleted in between. Entries may be lost at
/// any time; what was deleted may not come back, so a store restored from a snapshot or a promoted
/// replica needs another prefix.
///
/// Names are text of any length and characters, and differ if any byte does: a store that cannot hold
/// them writes them another way. `life` is at least a millisecond; at its end the name is gone.
pub trait Verbs: Send + Sync + 'static {
    /// What stands at each of the names, in their order. It may be read at different moments.
    fn get_many(&self, names: &[String]) -> impl Future<Output = Result<Vec<Option<Vec<u8>>>, Error>> + Send;

    /// Puts `bytes` there.
    fn set(
        &self,
        name: &str,
        bytes: Vec<u8>,
        life: Duration,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Puts `bytes` there if nothing stands there; whether it did.
    fn add(
        &self,
        name: &str,
        bytes: Vec<u8>,
        life: Duration,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Puts `bytes` there if what stands there is `seen`, byte for byte; whether it did. `life` counts
    /// from now, whatever was left.
    fn compare_and_set(
        &self,
        name: &str,
        seen: &[u8],
        bytes: Vec<u8>,
        life: Duration,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Removes what stands at the names, if anything does. There may be thousands of them.
    fn delete(&self, names: &[String]) -> impl Future<Output = Result<(), Error>> + Send;
}

/// A store as a [`Backend`].
#[derive(Debug)]
pub struct Protocol<V> {
    verbs: V,
    prefix: String,
    clock: Clock,
}

/// A fill that was announced. One that got no number has no tokens, and is refused.
#[derive(Clone, Debug, Default)]
pub struct Lease {
    /// As they will stand in the envelope.
    tokens: Vec<Token>,
    /// Where the log of invalidated tags ended; of an open place only.
    log: Option<LogEnd>,
}

/// The tags of a value, as its fill wants to find them.
#[derive(Default)]
struct Tags<'a> {
    groups: &'a [Group],
    tokens: Vec<Token>,
    /// Where the log ended when the fill began; nothing if the tokens are of that time.
    began: Option<LogEnd>,
}

/// What became of a value that was to be written.
enum Write {
    Done,
    /// Another one was written meanwhile.
    Outrun,
    /// That of a later fill is there already.
    LaterStands,
}

impl<V: Verbs> Protocol<V> {
    /// The entries under `prefix` in the store behind `verbs`.
    pub fn new(verbs: V, prefix: &str, clock: Clock) -> Self {
        Self { verbs, prefix: prefix.to_owned(), clock }
    }

    /// The store.
    pub fn verbs(&self) -> &V {
        &self.verbs
    }

    fn name(&self, kind: char, rest: &str) -> String {
        format!("{}:{kind}:{rest}", self.prefix)
    }

    /// The value of `place`, its key's record, those of its groups and those of `more`.
    fn names<'a>(&self, place: &'a Place, more: impl IntoIterator<Item = &'a Group>) -> Vec<String> {
        let groups = place.lineage.groups().iter().chain(more).map(|group| self.name('g', group.name()));
        [self.name('v', &place.key), self.name('k', &place.key)].into_iter().chain(groups).collect()
    }

    fn log_name(&self) -> String {
        format!("{}:t", self.prefix)
    }

    /// What a fill with `tags` must find unchanged beside the tokens of its place, with a record for each tag. `None` if
    /// somebody was quicker, or nothing tells whether one of them was struck.
    ///
    /// Tags that were known when it began were captured then. Of others the tokens are read now: a tag that was struck before
    /// that stands in the log, which is read later, one that is struck after has lost its token.
    async fn tags<'a>(
        &self,
        place: &Place,
        lease: &Lease,
        tags: &'a [Group],
    ) -> Result<Option<Tags<'a>>, Error> {
        let of_tags = lease.tokens.get(2 + place.lineage.groups().len()..).unwrap_or_default();
        if place.tags == tags && of_tags.len() == tags.len() {
            return Ok(Some(Tags { groups: tags, tokens: of_tags.to_vec(), began: None }));
        }
        let Some(began) = lease.log else { return Ok(None) };
        let names: Vec<_> = tags.iter().map(|tag| self.name('g', tag.name())).collect();
        let until = self.moment_after(RECORD_LIFE);
        let mut tokens = Vec::with_capacity(tags.len());
        for (name, seen) in names.iter().zip(self.read(&names).await?) {
            let standing = Record::read(&seen);
            let record = standing.unwrap_or_else(|| Record::fresh(until));
            if standing.is_none() && !self.replace(name, seen.as_deref(), record).await? {
                return Ok(None);
            }
            tokens.push(record.token);
        }
        Ok(Some(Tags { groups: tags, tokens, began: Some(began) }))
    }

    /// Has the log, if there is one, end with the tags among `targets`; else there is none afterwards.
    async fn log(&self, targets: &[Target]) -> Result<(), Error> {
        let tag = |target: &Target| match target {
            Target::Group(group) => group.is_tag().then(|| group.tag_hash()),
            Target::Key(_) => None,
        };
        let tags: Vec<_> = targets.iter().filter_map(tag).collect();
        if tags.is_empty() {
            return Ok(());
        }
        let name = self.log_name();
        for _ in 0..ROUNDS {
            let Some(seen) = self.read(std::slice::from_ref(&name)).await?.remove(0) else { return Ok(()) };
            let Some(mut log) = Log::read(Some(&seen)) else { break };
            log.append(&tags);
            if matches!(self.verbs.compare_and_set(&name, &seen, log.bytes(), RECORD_LIFE).await, Ok(true)) {
                return Ok(());
            }
        }
        self.verbs.delete(&[name]).await
    }

    /// The end of the log that was `found`, which is made where there is none. `None` if somebody was quicker.
    async fn end_of_log(&self, found: &Found) -> Result<Option<LogEnd>, Error> {
        if let Some(log) = Log::read(found.as_deref()) {
            return Ok(Some(log.end()));
        }
        let (name, log) = (self.log_name(), Log::fresh());
        let begun = match found {
            None => self.verbs.add(&name, log.bytes(), RECORD_LIFE).await?,
            Some(seen) => self.verbs.compare_and_set(&name, seen, log.bytes(), RECORD_LIFE).await?,
        };
        Ok(begun.then(|| log.end()))
    }

    /// What has to go for `targets` to be invalid.
    fn struck(&self, targets: &[Target]) -> Vec<String> {
        let mut names = Vec::with_capacity(targets.len() * 2);
        for target in targets {
            match target {
                Target::Key(key) => names.extend([self.name('k', key), self.name('v', key)]),
                Target::Group(group) => names.push(self.name('g', group.name())),
            }
        }
        names
    }

    /// Whether there is anything that an invalidation of `targets` would remove. It may be of what is dead already.
    ///
    /// # Errors
    ///
    /// As for a lookup.
    pub async fn stands(&self, targets: &[Target]) -> Result<bool, Error> {
        let found = self.read(&self.struck(targets)).await?;
        Ok(found.iter().any(Option::is_some))
    }

    async fn read(&self, names: &[String]) -> Result<Vec<Found>, Error> {
        let found = self.verbs.get_many(names).await?;
        if found.len() == names.len() { Ok(found) } else { Err(Error::new(ErrorKind::Protocol)) }
    }

    /// Puts `record` in the place of what was `seen`; whether it still stood there.
    async fn replace(&self, name: &str, seen: Option<&[u8]>, record: Record) -> Result<bool, Error> {
        let life = Duration::from_millis(record.until.saturating_sub(self.clock.unix_millis()).max(1));
        match seen {
            None => self.verbs.add(name, record.bytes(), life).await,
            Some(seen) => self.verbs.compare_and_set(name, seen, record.bytes(), life).await,
        }
    }

    fn moment_after(&self, life: Duration) -> u64 {
        self.clock.unix_millis().saturating_add(whole_millis(life))
    }

    /// A round of acquire: every group gets a record, then the fill its number, so that a round that
    /// is lost announces nothing. `None` if somebody was quicker.
    async fn announce(&self, names: &[String], found: &[Found]) -> Result<Option<Lease>, Error> {
        let until = self.moment_after(RECORD_LIFE);
        let mut tokens = vec![Token::default(); 2];
        let mut quickest = true;
        for (name, seen) in names.iter().zip(found).skip(1) {
            let standing = Record::read(seen);
            let record = standing.unwrap_or_else(|| Record::fresh(until));
            if standing.is_none() {
                quickest &= self.replace(name, seen.as_deref(), record).await?;
            }
            tokens.push(record.token);
        }
        if !quickest {
            return Ok(None);
        }
        let own = Record::read(&found[0]).unwrap_or_else(|| Record::fresh(until));
        let own = Record { begun: own.begun.saturating_add(1), until: own.until.max(until), ..own };
        tokens[..2].copy_from_slice(&[own.token, own.begun.to_le_bytes()]);
        let numbered = self.replace(&names[0], found[0].as_deref(), own).await?;
        Ok(numbered.then_some(Lease { tokens, log: None }))
    }

    /// Makes the fill of `tokens` the last word on its key, after writing its `value` if it has one. With the end of the log
    /// when it began, the last of the `names` is that of the log.
    async fn settle(
        &self,
        names: &[String],
        tokens: &[Token],
        began: Option<(LogEnd, &[Group])>,
        mut value: Option<Vec<u8>>,
        life: Duration,
    ) -> Result<Filled, Error> {
        for _ in 0..ROUNDS {
            let mut found = self.read(&names[1..]).await?;
            if let Some((end, tags)) = began {
                let log = found.pop().and_then(|log| Log::read(log.as_deref()));
                if !log.is_some_and(|log| log.clears(end, tags)) {
                    break;
                }
            }
            let names = &names[..=found.len()];
            let Some((number, records)) = current(tokens, &found) else { break };
            if !self.prolong(&names[2..], &records[1..], life).await? {
                continue;
            }
            if let Some(bytes) = &value {
                match self.write(&names[0], bytes, life, number, &found).await? {
                    Write::Done => value = None,
                    Write::Outrun => continue,
                    Write::LaterStands => break,
                }
            }
            let until = records[0].until.max(self.moment_after(life));
            let settled = Record { settled: number, until, ..records[0] };
            if self.replace(&names[1], Some(&records[0].bytes()), settled).await? {
                return Ok(Filled::Stored);
            }
        }
        Ok(Filled::Refused)
    }

    /// Writes the value of a fill, but not over a usable one of a later fill.
    async fn write(
        &self,
        name: &str,
        bytes: &[u8],
        life: Duration,
        number: u64,
        records: &[Found],
    ) -> Result<Write, Error> {
        // No fill has begun since, and all before are settled: there is nothing to compare with.
        if Record::read(&records[0]).is_some_and(|own| own.begun == number && number - own.settled == 1) {
            return self.verbs.set(name, bytes.to_vec(), life).await.map(|()| Write::Done);
        }
        let standing = self.read(&[name.to_owned()]).await?.remove(0);
        let envelope = standing.clone().and_then(Envelope::open);
        let usable = envelope.and_then(|envelope| {
            let known = envelope.generations().0;
            current(known, records.get(..known.len().checked_sub(1)?)?)
        });
        if usable.is_some_and(|(theirs, _)| theirs > number) {
            return Ok(Write::LaterStands);
        }
        let written = match standing {
            None => self.verbs.add(name, bytes.to_vec(), life).await?,
            Some(seen) => self.verbs.compare_and_set(name, &seen, bytes.to_vec(), life).await?,
        };
        Ok(if written { Write::Done } else { Write::Outrun })
    }

    /// Lets the records live as long as an entry of `life`; `false` if one of them changed meanwhile.
    async fn prolong(&self, names: &[String], records: &[Record], life: Duration) -> Result<bool, Error> {
        let needed = self.moment_after(life);
        let until = self.moment_after(RECORD_LIFE.max(life.saturating_mul(2)));
        let mut unchanged = true;
        for (name, record) in names.iter().zip(records).filter(|(_, record)| record.until < needed) {
            unchanged &= self.replace(name, Some(&record.bytes()), Record { until, ..*record }).await?;
        }
        Ok(unchanged)
    }
}

/// # Cancel safety
///
/// A lease that is dropped leaves nothing behind. A fill that is dropped was stored or not.
impl<V: Verbs> Backend for Protocol<V> {
    type Lease = Lease;

    async fn lookup(&self, place: &Place) -> Result<Lookup, Error> {
        let mut found = self.read(&self.names(place, [])).await?;
        match judge(found[0].take(), &found[1..]) {
            Lookup::Hit(envelope) if !envelope.tags.is_empty() => {
                let names: Vec<_> = envelope.tags.iter().map(|tag| self.name('g', tag.name())).collect();
                found.extend(self.read(&names).await?);
                let usable = current(&envelope.tokens, &found[1..]).is_some();
                let outdated = Absence::Invalidated(Some(envelope.ident));
                Ok(if usable { Lookup::Hit(envelope) } else { Lookup::Miss(outdated) })
            }
            lookup => Ok(lookup),
        }
    }

    async fn acquire(&self, place: &Place, accept: bool) -> Result<Acquired<Lease>, Error> {
        let mut names = self.names(place, &place.tags);
        names.extend(place.open.then(|| self.log_name()));
        // What such a place holds has tags, which would have to be asked for too.
        let accept = accept && !place.open && place.tags.is_empty();
        for _ in 0..ROUNDS {
            let mut found = self.read(&names[usize::from(!accept)..]).await?;
            let value = if accept { found.remove(0) } else { None };
            if let Lookup::Hit(envelope) = judge(value, &found) {
                return Ok(Acquired::Hit(envelope));
            }
            let mut log = None;
            if let Some(seen) = found.pop_if(|_| place.open) {
                log = self.end_of_log(&seen).await?;
                if log.is_none() {
                    continue;
                }
            }
            if let Some(lease) = self.announce(&names[1..=found.len()], &found).await? {
                return Ok(Acquired::Granted(Lease { log, ..lease }));
            }
        }
        Ok(Acquired::Granted(Lease::default()))
    }

    async fn fill(&self, place: &Place, lease: Lease, draft: Draft, life: Duration) -> Result<Filled, Error> {
        let life = Duration::from_millis(whole_millis(life));
        let lineage = lease.tokens.len().min(2 + place.lineage.groups().len());
        let known = &lease.tokens[..lineage];
        let tags = match &draft.tags[..] {
            [] => Some(Tags::default()),
            tags => self.tags(place, &lease, tags).await?,
        };
        if let Some(Tags { groups, tokens, began }) = tags {
            let stored = [known, &tokens].concat();
            let sealed = draft.seal(&stored).ok_or(Error::new(ErrorKind::Protocol))?;
            let mut names = self.names(place, groups);
            names.extend(began.map(|_| self.log_name()));
            let began = began.map(|began| (began, groups));
            let filled = self.settle(&names, &stored, began, Some(sealed), life).await?;
            if filled == Filled::Stored || groups.is_empty() {
                return Ok(filled);
            }
        }
        // Refused for its tags, as far as is known: what was loaded earlier goes.
        self.settle(&self.names(place, []), known, None, None, Duration::ZERO).await?;
        Ok(Filled::Refused)
    }

    /// What is vacated stays where it is, unusable, until it expires: removing it could meet a later
    /// entry.
    async fn release(&self, place: &Place, lease: Lease, vacate: bool) -> Result<Filled, Error> {
        let (names, mut tokens) = (self.names(place, []), lease.tokens);
        tokens.truncate(2 + place.lineage.groups().len());
        if vacate {
            return self.settle(&names, &tokens, None, None, Duration::ZERO).await;
        }
        let stands = current(&tokens, &self.read(&names[1..]).await?).is_some();
        Ok(if stands { Filled::Stored } else { Filled::Refused })
    }

    async fn invalidate(&self, targets: &[Target]) -> Result<(), Error> {
        // The log first: a tag's record must not be made anew for a fill that does not find the tag in the log.
        self.log(targets).await?;
        let names = self.struck(targets);
        if names.is_empty() { Ok(()) } else { self.verbs.delete(&names).await }
    }
}

fn judge(value: Found, records: &[Found]) -> Lookup {
    let Some(bytes) = value else { return Lookup::Miss(Absence::Absent) };
    match Envelope::open(bytes) {
        None => Lookup::Miss(Absence::Foreign),
        Some(envelope) if current(envelope.generations().0, records).is_some() => Lookup::Hit(envelope),
        Some(envelope) => Lookup::Miss(Absence::Invalidated(Some(envelope.ident))),
    }
}

/// At least one, at most a century.
fn whole_millis(life: Duration) -> u64 {
    const CENTURY: u64 = 100 * 365 * 86_400_000;
    u64::try_from(life.as_millis()).unwrap_or(CENTURY).clamp(1, CENTURY)
}

#[cfg(all(test, not(cachefn_model)))]
mod tests;
