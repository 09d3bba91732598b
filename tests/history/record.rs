//! What is written down of a history, and the clock that it is written down by.

use std::fmt;

use crate::functions::{Row, Target};

/// Nanoseconds on `CLOCK_MONOTONIC`, which all processes share.
pub(crate) fn now() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(now.tv_sec * 1_000_000_000 + now.tv_nsec).unwrap_or(0)
}

/// A call of a cached function.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) row: Row,
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) version: u64,
    /// Redis was in use just before.
    pub(crate) connected: bool,
}

/// A write to the database.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) row: Row,
    pub(crate) begin: u64,
    pub(crate) end: u64,
    /// That of the row afterwards, others' writes included.
    pub(crate) version: u64,
}

/// An invalidation, or a refresh.
#[derive(Clone, Debug)]
pub(crate) struct Strike {
    pub(crate) target: Target,
    pub(crate) begin: u64,
    /// When its function had returned: from then on it holds in its own process.
    pub(crate) struck: u64,
    /// When its answer was there.
    pub(crate) end: u64,
    pub(crate) outcome: Outcome,
    /// What the database said of every row that it covers, before it began.
    pub(crate) floors: Vec<(Row, u64)>,
}

/// What an invalidation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Applied,
    Queued,
    /// Nobody waited for the answer.
    Unknown,
    /// It was no invalidation: a value was stored, so older ones are not to be seen, if nothing went wrong.
    Refreshed,
}

/// How it stood with Redis.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) before: u64,
    pub(crate) after: u64,
    /// Redis was in use, so that nothing waited in the journal.
    pub(crate) connected: bool,
}

/// One line of a history.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    Read(Read),
    Write(Write),
    Strike(Strike),
    Sample(Sample),
}

/// The history of one process.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) reads: Vec<Read>,
    pub(crate) writes: Vec<Write>,
    pub(crate) strikes: Vec<Strike>,
    pub(crate) samples: Vec<Sample>,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(Read { row, begin, end, version, connected }) => {
                write!(f, "r {} {begin} {end} {version} {}", row.0, u8::from(*connected))
            }
            Self::Write(Write { row, begin, end, version }) => {
                write!(f, "w {} {begin} {end} {version}", row.0)
            }
            Self::Sample(Sample { before, after, connected }) => {
                write!(f, "s {before} {after} {}", u8::from(*connected))
            }
            Self::Strike(Strike { target, begin, struck, end, outcome, floors }) => {
                write!(f, "i {target} {begin} {struck} {end} {}", *outcome as u8)?;
                floors.iter().try_for_each(|(row, version)| write!(f, " {} {version}", row.0))
            }
        }
    }
}

impl History {
    /// Reads what the process wrote.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut history = Self::default();
        for line in text.lines() {
            history.take(line)?;
        }
        Some(history)
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        let kind = words.next()?;
        let target = if kind == "i" { words.next()?.parse().ok() } else { None };
        let numbers: Vec<u64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
        let row = |number: u64| usize::try_from(number).ok().map(Row);
        match (kind, numbers.as_slice()) {
            ("r", &[at, begin, end, version, connected]) => {
                self.reads.push(Read { row: row(at)?, begin, end, version, connected: connected == 1 });
            }
            ("w", &[at, begin, end, version]) => {
                self.writes.push(Write { row: row(at)?, begin, end, version });
            }
            ("s", &[before, after, connected]) => {
                self.samples.push(Sample { before, after, connected: connected == 1 });
            }
            ("i", &[begin, struck, end, outcome, ref floors @ ..]) => {
                let outcome = [Outcome::Applied, Outcome::Queued, Outcome::Unknown, Outcome::Refreshed]
                    .into_iter()
                    .find(|known| *known as u64 == outcome)?;
                let floors = floors.chunks_exact(2).map(|pair| Some((row(pair[0])?, pair[1])));
                let floors = floors.collect::<Option<_>>()?;
                self.strikes.push(Strike { target: target?, begin, struck, end, outcome, floors });
            }
            _ => return None,
        }
        Some(())
    }
}
