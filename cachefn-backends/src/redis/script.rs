//! The scripts: what must happen in one step.
//!
//! ```text
//! acquire   lookup's answer, or a place in the lease and the generations as they are now
//! settle    fill and release: act on the value if lease and generations are still the same
//! renew     a fill that is alone takes longer
//! ```
//!
//! The lease of a key is shared by the fills of it that are under way, in all processes:
//!
//! ```text
//! token(8) ‖ begun(4) ‖ stored(4) ‖ active(4) ‖ owner(4) ‖ till(8) ‖ generations(8n)
//! ```
//!
//! `begun` numbers the fills in the order in which they began, `stored` is the highest number that
//! has been stored: an earlier fill that ends later is refused, so the later load wins, and no fill
//! is refused for the mere presence of others. Invalidating the key removes the lease, invalidating a
//! group changes the generations; both refuse every fill that was under way. So does a command that
//! arrives late from a connection that was given up, and a late one that is not refused is in time.
//! A process that dies leaves its fills `active`; [`LEASE_LIFE`] cleans up after it.
//!
//! Fills that are to be alone are: `owner` is the number of the one that is, `till` when it is so no longer, by the
//! server's clock. It says again and again that it takes longer; one whose process died is waited for no longer than
//! [`ALONE`]. Whatever voids the lease lets others begin.

use std::ops::Range;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::{Cmd, Script, Value};

use super::connect::Bucket;
use super::fault::Fault;
use super::log::{LOG_BYTES, LOG_LIFE};
use super::question::token;
use crate::backend::Filled;
use crate::envelope::{Envelope, Token};

/// The longest time between acquire and fill: what a body that runs longer returns is not stored.
pub(super) const LEASE_LIFE: Duration = Duration::from_secs(600);

/// For how long a fill is alone, unless it says that it takes longer.
pub const ALONE: Duration = Duration::from_secs(5);

const ACQUIRE: &str = include_str!("acquire.lua");
const SETTLE: &str = include_str!("settle.lua");
const RENEW: &str = include_str!("renew.lua");
const TRIAL: &str = include_str!("trial.lua");

static ACQUIRE_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(ACQUIRE));
static SETTLE_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(SETTLE));
static RENEW_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(RENEW));
static TRIAL_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(TRIAL));

/// A fill that has been announced to the server.
#[derive(Clone, Debug)]
pub struct RedisLease {
    token: Token,
    begun: i64,
    generations: Arc<[Token]>,
    /// Where the log of invalidated tags ended; of an open place only.
    log: Option<LogEnd>,
}

/// A place in the log of invalidated tags: its head, and how many tags it has had.
pub(super) type LogEnd = [u8; 16];

/// What a fill is announced with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Announcement {
    /// Whether an entry that stands will do.
    pub(super) accept: bool,
    pub(super) alone: bool,
    /// How many of the generations are those of the lineage.
    pub(super) lineage: usize,
    /// Whether the last name is that of the log, whose end is to be noted.
    pub(super) logged: bool,
}

/// What must not have changed for a value to be stored.
#[derive(Clone, Debug, Default)]
pub(super) struct Unchanged {
    /// Generations of the lineage and then of tags.
    pub(super) generations: Vec<Token>,
    /// How many of them are those of the lineage.
    pub(super) lineage: usize,
    /// Where the fill began in the log, which is the last of the names, and the tags that must not stand behind it.
    pub(super) logged: Option<(LogEnd, Vec<[u8; 8]>)>,
}

/// What a fill leaves behind.
#[derive(Debug)]
pub(super) enum End {
    /// The sealed value and its life in milliseconds.
    Store(Vec<u8>, u64),
    /// Nothing, and what stood there goes.
    Vacate,
    /// Whatever stood there.
    Leave,
}

/// What acquire answered.
pub(super) enum Answer {
    Granted(RedisLease),
    /// An entry of current generations stands.
    Entry(Envelope),
    /// Bytes stand there that only look like one.
    Foreign,
    /// Somebody fills it alone, for so long.
    Held(Duration),
}

impl RedisLease {
    /// The generations the entry will be stored under: those of its lineage, and of its tags if they were known.
    pub fn generations(&self) -> &[Token] {
        &self.generations
    }

    /// Where the log of invalidated tags ended when it was granted.
    pub(super) fn log(&self) -> Option<LogEnd> {
        self.log
    }
}

/// How long the generations of a fill are kept, at least as long as what is stored under them. A longer life is prolonged
/// less often, and each time the server tells all who have read the generation, so that they forget what is below it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// Those that many entries share, in seconds.
    pub(super) lasting: u64,
    /// Those that are of few entries, by their number among the generations of the place.
    pub(super) narrow: Range<usize>,
    /// The life of what is stored under them, in milliseconds.
    pub(super) life: u64,
}

impl Kept {
    /// Adds the numbers of the narrow ones among the keys of a script, of which two come before, and their life: twice
    /// that of the entry, and of the lease, so that none is prolonged twice in that time.
    fn add_narrow(&self, command: &mut Cmd) {
        let entry = (self.life / 1_000 + 1) * 2;
        command.arg(self.narrow.start + 3).arg(self.narrow.end + 2).arg(entry.max(LEASE_LIFE.as_secs() * 2));
    }
}

/// Announces a fill of `names`: value, lease, generations, and the log.
pub(super) async fn acquire(
    bucket: &Bucket,
    names: &[String],
    announcement: Announcement,
    kept: &Kept,
) -> Result<Answer, Fault> {
    let Announcement { accept, alone, lineage, logged } = announcement;
    let mut tokens = vec![0; 8 * names.len()];
    getrandom::fill(&mut tokens).expect("the operating system provides random numbers");
    // A tag in the log has none.
    tokens[8] |= 0x80;
    let mut command = evaluate(&ACQUIRE_SCRIPT, names);
    command.arg(&tokens[..8]).arg(millis(LEASE_LIFE)).arg(kept.lasting).arg(u8::from(accept));
    command.arg(if alone { millis(ALONE) } else { 0 }).arg(lineage);
    command.arg(if logged { &tokens[8..16] } else { &[] }).arg(LOG_LIFE.as_secs()).arg(LOG_BYTES);
    for fresh in tokens[16..].chunks_exact(8) {
        command.arg(fresh);
    }
    kept.add_narrow(&mut command);
    read_acquired(call(bucket, &command).await?).ok_or(Fault::Answer("EVALSHA"))
}

/// Says that a fill that is alone takes longer; whether it is alone.
pub(super) async fn renew(bucket: &Bucket, lease_name: &str, lease: &RedisLease) -> Result<bool, Fault> {
    let mut command = evaluate(&RENEW_SCRIPT, &[lease_name.to_owned()]);
    command.arg(&lease.token).arg(lease.begun).arg(millis(ALONE));
    Ok(call(bucket, &command).await? == Value::Int(1))
}

/// Ends a fill; whether it stood. One that is refused for its tags alone leaves nothing older behind.
pub(super) async fn settle(
    bucket: &Bucket,
    names: &[String],
    lease: &RedisLease,
    unchanged: &Unchanged,
    end: &End,
    kept: &Kept,
) -> Result<Filled, Fault> {
    let (action, value, life) = match end {
        End::Store(value, life) => ("store", value.as_slice(), *life),
        End::Vacate => ("vacate", [].as_slice(), 0),
        End::Leave => ("leave", [].as_slice(), 0),
    };
    let mut command = evaluate(&SETTLE_SCRIPT, names);
    command.arg(&lease.token).arg(lease.begun).arg(unchanged.generations.as_flattened());
    command.arg(action).arg(value).arg(life).arg(kept.lasting);
    kept.add_narrow(&mut command);
    command.arg(unchanged.lineage);
    match &unchanged.logged {
        Some((position, tags)) => tags.iter().fold(command.arg(position), |command, tag| command.arg(tag)),
        None => command.arg(""),
    };
    match call(bucket, &command).await? {
        Value::Int(0) => Ok(Filled::Refused),
        Value::Int(1) => Ok(Filled::Stored),
        Value::Int(2) => Ok(Filled::Superseded),
        _ => Err(Fault::Answer("EVALSHA")),
    }
}

/// The generations of tags, which are made where there are none; nothing if one was struck meanwhile.
pub(super) async fn tags(
    bucket: &Bucket,
    names: &[String],
    generation_life: u64,
) -> Result<Option<Vec<Token>>, Fault> {
    let mut fresh = vec![0; 8 * names.len()];
    getrandom::fill(&mut fresh).expect("the operating system provides random numbers");
    let mut commands = redis::pipe();
    for (name, token) in names.iter().zip(fresh.chunks_exact(8)) {
        commands.cmd("SET").arg(name).arg(token).arg("NX").arg("EX").arg(generation_life);
    }
    commands.cmd("MGET").arg(names);
    let answer = bucket.ask_all(&commands).await?;
    let Some(Value::Array(tokens)) = answer.into_iter().next_back() else {
        return Err(Fault::Answer("MGET"));
    };
    Ok(tokens.into_iter().map(token).collect())
}

/// A duration in whole milliseconds, as Redis takes it: at least one, at most a century.
pub(super) fn millis(duration: Duration) -> u64 {
    const CENTURY: u64 = 100 * 365 * 86_400_000;
    u64::try_from(duration.as_millis()).unwrap_or(CENTURY).clamp(1, CENTURY)
}

/// The name of the script that changes nothing and tries what the others need.
pub(super) fn trial() -> &'static str {
    TRIAL_SCRIPT.get_hash()
}

/// What loads the scripts into the server.
pub(super) fn load_commands() -> redis::Pipeline {
    let mut commands = redis::pipe();
    for source in [ACQUIRE, SETTLE, RENEW, TRIAL] {
        commands.cmd("SCRIPT").arg("LOAD").arg(source);
    }
    commands
}

fn evaluate(script: &Script, names: &[String]) -> Cmd {
    let mut command = redis::cmd("EVALSHA");
    command.arg(script.get_hash()).arg(names.len()).arg(names);
    command
}

/// A server that was told to forget its scripts is told them again, once.
async fn call(bucket: &Bucket, command: &Cmd) -> Result<Value, Fault> {
    match bucket.ask(command).await {
        Err(Fault::NoScript) => {
            bucket.ask_all(&load_commands()).await?;
            bucket.ask(command).await
        }
        answer => answer,
    }
}

fn read_acquired(answer: Value) -> Option<Answer> {
    let Value::Array(parts) = answer else { return None };
    let mut parts = parts.into_iter();
    match (parts.next()?, parts.next()?, parts.next(), parts.next()) {
        (Value::Int(3), Value::Int(left), ..) => {
            Some(Answer::Held(Duration::from_millis(u64::try_from(left).unwrap_or(0))))
        }
        (Value::Int(2), Value::BulkString(bytes), ..) => {
            Some(Envelope::open(bytes).map_or(Answer::Foreign, Answer::Entry))
        }
        (
            Value::Int(1),
            Value::BulkString(token),
            Some(Value::Int(begun)),
            Some(Value::BulkString(header)),
        ) => {
            let (generations, []) = header.as_chunks::<8>() else { return None };
            let generations = generations.into();
            let Some(Value::BulkString(log)) = parts.next() else { return None };
            let log = if log.is_empty() { None } else { Some(log.try_into().ok()?) };
            Some(Answer::Granted(RedisLease { token: token.try_into().ok()?, begun, generations, log }))
        }
        _ => None,
    }
}
