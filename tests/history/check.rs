//! What a history must not show.
//!
//! A body reads the database after its call has begun, so whatever a call returns that an invalidation covers must be at
//! least what the database said before that invalidation began, if the call began
//!
//! - in the process that invalidated: after the invalidation's function had returned, whatever became of it in Redis;
//! - in another process: after the invalidation was *there*, which is when it was acknowledged as applied or, if it was
//!   queued, when its process was seen to use Redis again, and then
//!   - without near cache, at once, if the process was seen to use Redis since;
//!   - with near cache, at once, if Redis has answered an invalidation of its own that it began since, for what Redis
//!     says comes in order; else within [`PUSH`], or [`SILENCE`] where what Redis says comes late;
//!   - where the process has not been using Redis, within the life of what is filled meanwhile.
//!
//! A refresh counts as an invalidation that was applied when it returned, if nothing went wrong meanwhile: what it cannot
//! store, it does not store. Nor does it store a value one of whose tags was struck meanwhile, and what stood there
//! without that tag remains.
//!
//! Time during which a process did not run at all does not count, nor during which what carries its bytes did not: each
//! notes when it wakes up late.

use std::collections::HashMap;
use std::time::Duration;

use crate::functions::{Covers, ROWS, Row, Target};
use crate::record::{History, Outcome, Read, Strike};
use crate::schedule::Happened;

/// How long a value lives that is filled while Redis is away.
pub(crate) const FALLBACK: Duration = Duration::from_millis(600);
/// What a busy machine adds to what is promised.
const SLACK: Duration = Duration::from_millis(250);
/// How late a push may be where nothing delays it, on a busy machine: most take less than a millisecond.
const PUSH: Duration = Duration::from_millis(100);
/// So long may memory speak for a Redis that says nothing.
const SILENCE: Duration = Duration::from_secs(2);
/// `REDIS_TIMEOUT` of the processes.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(100);
/// A call waits for Redis for one timeout and, where others lead, up to three times for one whose Redis takes as long;
/// and a busy machine has its share.
const LONGEST: Duration = Duration::from_millis(800);
/// A process that wakes up later than this has not been running.
pub(crate) const STALL: u64 = 20_000_000;

/// What must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Check {
    /// Older than what its own process had invalidated.
    Own,
    /// Older than what another process had invalidated, and Redis knew.
    Applied,
    /// Older than what another process had invalidated while Redis was away, once Redis had been told.
    Replayed,
    /// Older than what was stored in its place.
    Refreshed,
    /// In the end the cache is not what the database is.
    End,
    /// A caller saw an error or a panic, or another's value.
    Fault,
    /// A call took too long.
    Slow,
}

/// All checks.
pub(crate) const CHECKS: [Check; 7] =
    [Check::Own, Check::Applied, Check::Replayed, Check::Refreshed, Check::End, Check::Fault, Check::Slow];

/// What should not have been.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) check: Check,
    pub(crate) text: String,
}

/// What is judged: the histories of all processes, and what happened to them.
pub(crate) struct Trial<'a> {
    pub(crate) near: bool,
    pub(crate) begun: u64,
    pub(crate) histories: &'a [History],
    pub(crate) happened: &'a [Happened],
    /// When what stands between the processes and the server did not run.
    pub(crate) pauses: &'a [(u64, u64)],
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) violations: Vec<Violation>,
    /// Reads of what another process had invalidated, while the push was on its way: how late, in nanoseconds.
    pub(crate) late: Vec<u64>,
    /// The same where something delayed what Redis says, or Redis was not in use.
    pub(crate) late_by_fault: Vec<u64>,
    pub(crate) longest_read: u64,
    pub(crate) longest_strike: u64,
}

/// Invalidations of one row, in the order in which they were there: each with the greatest floor so far.
#[derive(Default)]
struct Line<'a>(Vec<Step<'a>>);

struct Step<'a> {
    at: u64,
    floor: u64,
    process: usize,
    strike: &'a Strike,
}

impl Step<'_> {
    fn check(&self, check: Check) -> Check {
        if self.strike.outcome == Outcome::Refreshed { Check::Refreshed } else { check }
    }
}

type Lines<'a> = HashMap<(usize, usize, Option<u64>), Line<'a>>;

impl Trial<'_> {
    pub(crate) fn judge(&self) -> Verdict {
        let mut verdict = Verdict::default();
        let (own, others) = (self.lines(true), self.lines(false));
        for (process, history) in self.histories.iter().enumerate() {
            let stalls = self.stalls(history);
            for read in &history.reads {
                for covers in Covers::of(read.version) {
                    let key = (process, read.row.0, state(covers));
                    if let Some(step) = own.get(&key).and_then(|line| line.older(read)) {
                        verdict.violations.push(self.violation(step.check(Check::Own), process, read, step));
                    }
                    if let Some(step) = others.get(&key).and_then(|line| line.older(read)) {
                        self.judge_late(&mut verdict, process, &stalls, read, step);
                    }
                }
                let took = (read.end - read.begin).saturating_sub(stalled(&stalls, read.begin, read.end));
                verdict.longest_read = verdict.longest_read.max(took);
                if took > nanos(LONGEST) {
                    let text = format!(
                        "process {process} at {}: {} took {}",
                        self.time(read.begin),
                        read.row,
                        millis(took)
                    );
                    verdict.violations.push(Violation { check: Check::Slow, text });
                }
            }
            let longest = history.strikes.iter().map(|strike| {
                (strike.end - strike.begin).saturating_sub(stalled(&stalls, strike.begin, strike.end))
            });
            verdict.longest_strike = verdict.longest_strike.max(longest.max().unwrap_or(0));
        }
        verdict.violations.sort_by_key(|violation| violation.check);
        verdict
    }

    /// What each process has to respect of each row: its own invalidations, or those of the others.
    fn lines(&self, own: bool) -> Lines<'_> {
        let mut lines: Lines<'_> = HashMap::new();
        for (process, history) in self.histories.iter().enumerate() {
            for strike in &history.strikes {
                let at = match strike.outcome {
                    Outcome::Refreshed if !self.is_calm(process, strike) => None,
                    _ if own => Some(strike.struck),
                    _ => there(history, strike),
                };
                let Some(at) = at else { continue };
                for &(row, floor) in &strike.floors {
                    let Some(covers) = strike.target.covers(row) else { continue };
                    for reader in (0..self.histories.len()).filter(|reader| (*reader == process) == own) {
                        let line = lines.entry((reader, row.0, state(covers))).or_default();
                        line.0.push(Step { at, floor, process, strike });
                    }
                }
            }
        }
        lines.values_mut().for_each(Line::sort);
        lines
    }

    fn judge_late(
        &self,
        verdict: &mut Verdict,
        process: usize,
        stalls: &[(u64, u64)],
        read: &Read,
        step: &Step<'_>,
    ) {
        let history = &self.histories[process];
        let late = (read.begin - step.at).saturating_sub(stalled(stalls, step.at, read.begin));
        let used = (!self.near && read.connected) || has_used(history, step.at, read.begin);
        let allowed = if !used {
            FALLBACK + SLACK
        } else if self.near && !has_been_answered(history, step.at, read.begin) {
            match self.last_delay(process, step.at, read.begin) {
                Some(over) if read.begin <= over + nanos(PUSH) => SILENCE + SLACK,
                _ => PUSH,
            }
        } else {
            Duration::ZERO
        };
        if late > nanos(allowed) || allowed.is_zero() {
            let queued = step.strike.outcome == Outcome::Queued;
            let check = step.check(if queued { Check::Replayed } else { Check::Applied });
            verdict.violations.push(self.violation(check, process, read, step));
        } else if self.last_delay(process, step.at, read.begin).is_none() && was_using(history, read.begin) {
            verdict.late.push(late);
        } else {
            verdict.late_by_fault.push(late);
        }
    }

    /// When a process, or what stands between it and the server, did not run though it was to.
    fn stalls(&self, history: &History) -> Vec<(u64, u64)> {
        let pairs = history.samples.windows(2).map(|pair| (pair[0].before, pair[1].after));
        let mut stalls: Vec<_> = pairs.chain(self.pauses.iter().copied()).collect();
        stalls.retain(|(from, to)| to - from > STALL);
        stalls.sort_unstable();
        // Of two that overlap, what they have in common is to count once.
        let mut last = 0;
        for (from, to) in &mut stalls {
            *from = last.max(*from);
            last = last.max(*to);
            *to = last;
        }
        stalls
    }

    /// Whether nothing went wrong in a process's way to Redis during a refresh, and nothing refused it.
    fn is_calm(&self, process: usize, refresh: &Strike) -> bool {
        let (Target::Key(row), all) = (refresh.target, self.histories) else { return false };
        let refused = all.iter().flat_map(|history| &history.strikes).any(|strike| {
            matches!(strike.target.covers(row), Some(Covers::State(_)))
                && strike.begin < refresh.end
                && strike.end + nanos(TIMEOUT) > refresh.begin
        });
        if refused {
            return false;
        }
        let wrong = self.happened.iter().any(|one| {
            one.link.is_none_or(|link| link == process)
                && one.begin < refresh.end + nanos(TIMEOUT)
                && one.end + nanos(TIMEOUT) > refresh.begin
        });
        let history = &self.histories[process];
        let (from, to) = (refresh.begin - nanos(TIMEOUT), refresh.end + nanos(TIMEOUT));
        let around = history.samples.iter().filter(|sample| (from..to).contains(&sample.before));
        !wrong
            && refresh.end - refresh.begin < nanos(TIMEOUT) / 2
            && around.clone().count() > 2
            && around.clone().all(|sample| sample.connected)
    }

    /// The end of what last delayed what Redis says to a process, in this span; later than it, if it goes on.
    fn last_delay(&self, process: usize, from: u64, to: u64) -> Option<u64> {
        let delays = self.happened.iter().filter(|one| {
            one.fault.delays()
                && one.link.is_none_or(|link| link == process)
                && one.begin < to
                && one.end > from
        });
        delays.map(|one| one.end).max()
    }

    fn violation(&self, check: Check, process: usize, read: &Read, step: &Step<'_>) -> Violation {
        let mut lines = vec![];
        let strike = step.strike;
        for (writer, history) in self.histories.iter().enumerate() {
            let write = history.writes.iter().find(|write| {
                write.row == read.row && write.version > read.version && write.end <= strike.begin
            });
            if let Some(write) = write {
                let text = format!("process {writer} writes version {} of {}", write.version, read.row);
                lines.push((write.begin, write.end, text));
            }
        }
        let what = if strike.outcome == Outcome::Refreshed { "refreshes" } else { "invalidates" };
        let text = format!("process {} {what} {}: {:?}", step.process, strike.target, strike.outcome);
        lines.push((strike.begin, strike.end, text));
        let text = format!(
            "process {process} reads {}: version {}, which is older than {}",
            read.row, read.version, step.floor
        );
        lines.push((read.begin, read.end, text));
        let from = strike.begin.saturating_sub(500_000_000);
        for one in self.happened.iter().filter(|one| one.begin < read.end && one.end > from) {
            let place =
                one.link.map_or("the server".to_owned(), |link| format!("the link of process {link}"));
            lines.push((one.begin, one.end, format!("{:?}: {place}", one.fault)));
        }
        for (whose, history) in self.histories.iter().enumerate() {
            let mut last = None;
            for sample in &history.samples {
                if last.replace(sample.connected).is_some_and(|last| last != sample.connected)
                    && (from..read.end).contains(&sample.before)
                {
                    let what = if sample.connected { "uses Redis" } else { "does not use Redis" };
                    lines.push((sample.before, sample.after, format!("process {whose} {what}")));
                }
            }
        }
        lines.sort();
        let lines = lines.iter().map(|(begin, end, text)| {
            format!("\n      {} to {}  {text}", self.time(*begin), self.time(*end))
        });
        let late = millis(read.begin - step.at);
        Violation { check, text: format!("{late} too late to be that old:{}", lines.collect::<String>()) }
    }

    fn time(&self, at: u64) -> String {
        millis(at.saturating_sub(self.begun))
    }
}

impl<'a> Line<'a> {
    /// Puts them in order, and leaves out what asks for no more than one before it.
    fn sort(&mut self) {
        self.0.sort_by_key(|step| step.at);
        let mut most = 0;
        self.0.retain(|step| {
            let more = step.floor > most;
            most = most.max(step.floor);
            more
        });
    }

    /// The first that was there before the read began and asks for more.
    fn older(&self, read: &Read) -> Option<&Step<'a>> {
        let first = self.0.partition_point(|step| step.floor <= read.version);
        self.0.get(first).filter(|step| step.at < read.begin)
    }
}

/// When an invalidation was there for all: never, if nobody knows.
fn there(history: &History, strike: &Strike) -> Option<u64> {
    match strike.outcome {
        Outcome::Applied | Outcome::Refreshed => Some(strike.end),
        Outcome::Unknown => None,
        Outcome::Queued => {
            let later = history.samples.partition_point(|sample| sample.before <= strike.end);
            history.samples[later..].iter().find(|sample| sample.connected).map(|sample| sample.after)
        }
    }
}

/// Whether the process was seen to use Redis in this span.
fn has_used(history: &History, from: u64, to: u64) -> bool {
    let later = history.samples.partition_point(|sample| sample.before <= from);
    history.samples[later..].iter().take_while(|sample| sample.after < to).any(|sample| sample.connected)
}

/// Whether the process has been answered by Redis in this span what it had asked in it.
fn has_been_answered(history: &History, from: u64, to: u64) -> bool {
    let mut applied = history.strikes.iter().filter(|strike| strike.outcome == Outcome::Applied);
    applied.any(|strike| strike.begin > from && strike.end < to)
}

/// Whether the process used Redis when it was last looked at.
fn was_using(history: &History, at: u64) -> bool {
    let later = history.samples.partition_point(|sample| sample.after < at);
    history.samples[..later].last().is_some_and(|sample| sample.connected)
}

fn stalled(stalls: &[(u64, u64)], from: u64, to: u64) -> u64 {
    let overlap = |stall: &(u64, u64)| stall.1.min(to).saturating_sub(stall.0.max(from));
    stalls.iter().map(overlap).sum()
}

fn state(covers: Covers) -> Option<u64> {
    match covers {
        Covers::All => None,
        Covers::State(state) => Some(state),
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A time in milliseconds, to the microsecond.
pub(crate) fn millis(nanos: u64) -> String {
    format!("{}.{:03} ms", nanos / 1_000_000, nanos / 1_000 % 1_000)
}

/// What a process said of every row, when nothing was going on any more.
pub(crate) fn judge_end(who: &str, said: &str, database: &[u64]) -> Vec<Violation> {
    let said: Vec<&str> = said.split(' ').collect();
    let wrong = (0..ROWS).filter(|row| said.get(*row) != Some(&database[*row].to_string().as_str()));
    let text = |row: usize| {
        let found = said.get(row).unwrap_or(&"nothing");
        format!("{who} reads {}: {found}, but the database has {}", Row(row), database[row])
    };
    wrong.map(|row| Violation { check: Check::End, text: text(row) }).collect()
}

#[cfg(test)]
mod tests;
