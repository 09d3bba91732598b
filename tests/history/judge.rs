//! What a history must not show, judged while it goes on.
//!
//! Every value carries the moment at which it was read from the database. Whatever a call returns that an invalidation
//! covers must have been read after that invalidation began, if the call began
//!
//! - in the process that invalidated: after the invalidation's function had returned, whatever became of it in Redis;
//! - in another process: after the invalidation was *there*, which is when it was acknowledged as applied, or when its
//!   process was next seen to use Redis if it was queued, or nobody waited for its answer and the time is over within which
//!   it is either applied or queued; and then
//!   - without near cache, at once, if the process was seen to use Redis since;
//!   - with near cache, at once, if Redis has answered an invalidation of its own that it began since, for what Redis
//!     says comes in order; else within [`PUSH`], or [`SILENCE`] where what Redis says comes late;
//!   - where the process has not been using Redis, within the life of what is filled meanwhile. So long it may also serve what
//!     memory keeps though Redis is in use, for nothing stands there that an invalidation could remove: values for which Redis
//!     was full, and, if a key is invalidated, values of its own for which Redis had no time.
//!
//! A call that has stored a value of its own, whatever was cached, counts as an invalidation of its row that was applied when
//! the call ended, if nothing went wrong meanwhile; if something did, as one that nobody waited for: it
//! invalidates what it could not replace.
//!
//! Beside that, no value is served past the end of its life, nor one that `when` rejects, and no call takes too long.
//!
//! Time during which a process did not run at all does not count, nor during which what carries its bytes did not: each
//! notes when it wakes up late.
//!
//! Records of all processes come interleaved, and each a little late: a call is recorded when it ends. Facts (invalidations,
//! faults, samples) are entered as they come; a read is judged [`DELAY`] after it began, when all facts that matter to it
//! are known. What lies more than [`WINDOW`] back is forgotten but for the last invalidation of each target, so memory is
//! bounded however long a history is.

mod line;
mod process;
mod settle;
mod span;
mod story;
mod verdict;

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use crate::clock::nanos;
use crate::record::{Outcome, Read, Record, Stored, Strike};
use crate::row::{ROWS, Row, Target};
use crate::schedule::{Fault, Happened};
use line::{Lines, Step};
use process::Process;
use span::Spans;
pub(crate) use verdict::{CHECKS, Check, Verdict, Violation};

/// How long a value lives that is filled while Redis is away.
pub(crate) const FALLBACK: Duration = Duration::from_millis(600);
/// What a busy machine adds to what is promised.
const SLACK: Duration = Duration::from_millis(250);
/// How late a push may be where nothing delays it, on a busy machine: most take less than a millisecond.
const PUSH: Duration = Duration::from_millis(100);
/// So long may memory speak for a Redis that says nothing.
pub(crate) const SILENCE: Duration = Duration::from_secs(2);
/// `REDIS_TIMEOUT` of the processes.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(100);
/// An invalidation that nobody waits for has by then been applied or queued.
const HANDED_OVER: Duration = TIMEOUT.saturating_add(SLACK);
/// How long after its beginning a read is judged: longer than any call takes whose record could matter to it.
const DELAY: Duration = Duration::from_millis(1_500);
/// How far back facts are kept: longer than any allowance.
const WINDOW: Duration = Duration::from_secs(8);
/// A process that wakes up later than this has not been running.
pub(crate) const STALL: u64 = 20_000_000;

/// Judges one episode.
pub(crate) struct Judge {
    near: bool,
    /// When the episode began.
    begun: u64,
    processes: Vec<Process>,
    /// Invalidations by all processes, from when they were there.
    there: Lines,
    /// What went wrong, in the order in which it began.
    faults: VecDeque<Happened>,
    /// When what stands between the processes and the server did not run.
    pauses: Spans,
    /// Invalidations of tags: a value with such a tag that was stored meanwhile may have been refused.
    tags: VecDeque<(u64, u64)>,
    /// Stored values of which it is not yet known whether something went wrong.
    stored: VecDeque<(usize, Stored)>,
    killed: HashSet<usize>,
    /// Invalidations that took longer than others did.
    long: VecDeque<(usize, Strike)>,
    /// What lies before has been judged.
    horizon: u64,
    /// What lies before has been forgotten.
    forgotten: u64,
    verdict: Verdict,
}

/// What the judge is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fact {
    /// A process on this link has begun; its number is the next one.
    Begin {
        process: usize,
        link: usize,
        at: u64,
    },
    Record {
        process: usize,
        record: Record,
    },
    /// A process was killed. What it had recorded may still come.
    Killed {
        process: usize,
    },
    /// The last record of a process has come.
    End {
        process: usize,
    },
    /// Something begins to go wrong, or is over.
    Happened(Happened),
    Pause(u64, u64),
}

impl Judge {
    pub(crate) fn new(near: bool, begun: u64) -> Self {
        Self {
            near,
            begun,
            processes: Vec::new(),
            there: Lines::default(),
            faults: VecDeque::new(),
            pauses: Spans::default(),
            tags: VecDeque::new(),
            stored: VecDeque::new(),
            killed: HashSet::new(),
            long: VecDeque::new(),
            horizon: 0,
            forgotten: 0,
            verdict: Verdict::default(),
        }
    }

    pub(crate) fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Begin { process, link, at } => {
                let unknown = || Process::new(link, at);
                self.processes.resize_with(self.processes.len().max(process + 1), unknown);
                self.processes[process] = Process::new(link, at);
            }
            Fact::Killed { process } => drop(self.killed.insert(process)),
            Fact::End { process } => self.processes[process].alive = false,
            Fact::Happened(happened) => self.happen(happened),
            Fact::Pause(from, to) => self.pauses.add(from, to),
            Fact::Record { process, record } => self.enter(process, record),
        }
    }

    fn happen(&mut self, happened: Happened) {
        let known = |one: &&mut Happened| one.begin == happened.begin && one.link == happened.link;
        match self.faults.iter_mut().find(known) {
            Some(one) => {
                one.end = happened.end;
                *self.verdict.faults.entry(happened.fault).or_default() += 1;
            }
            None => self.faults.push_back(happened),
        }
    }

    fn enter(&mut self, process: usize, record: Record) {
        match record {
            Record::Read(read) => {
                self.verdict.reads += 1;
                self.processes[process].enter_read(read);
            }
            Record::Strike(strike) => self.enter_strike(process, &strike),
            Record::Stored(stored) => {
                *self.verdict.stored.entry(stored.how).or_default() += 1;
                self.stored.push_back((process, stored));
            }
            Record::Write(row, at) => {
                self.verdict.writes += 1;
                self.processes[process].writes.insert(row, at);
            }
            Record::Sample(sample) => {
                self.verdict.samples[usize::from(sample.connected)] += 1;
                for step in self.processes[process].enter(sample) {
                    self.there.of(step.target()).add(step);
                }
                self.advance();
            }
            Record::Note(note) => *self.verdict.notes.entry(note).or_default() += 1,
        }
    }

    fn enter_strike(&mut self, process: usize, strike: &Strike) {
        let Strike { target, begin, struck, end, outcome } = *strike;
        *self.verdict.strikes.entry((target.kind(), outcome)).or_default() += 1;
        let whose = &mut self.processes[process];
        if end - begin > self.verdict.longest_strike {
            self.long.push_back((process, *strike));
        }
        if target.is_tag() {
            self.tags.push_back((begin, end));
        }
        let step = Step { at: struck, process, strike: *strike, how: None };
        whose.own.of(target).add(step);
        match outcome {
            Outcome::Applied => {
                whose.answered.add(begin, end);
                self.there.of(target).add(Step { at: end, ..step });
            }
            Outcome::Queued | Outcome::Ended => self.await_redis(process, end, step),
            Outcome::Unknown => self.await_redis(process, struck + nanos(HANDED_OVER), step),
        }
    }

    /// Enters a step once its process is seen to use Redis after `from`.
    fn await_redis(&mut self, process: usize, from: u64, step: Step) {
        if let Some(step) = self.processes[process].when_connected(from, step) {
            self.there.of(step.target()).add(step);
        }
    }

    /// Judges what can be judged by now.
    fn advance(&mut self) {
        let alive = self.processes.iter().filter(|process| process.alive);
        let Some(seen) = alive.map(|process| process.heard).min() else { return };
        let horizon = seen.saturating_sub(nanos(DELAY));
        if horizon > self.horizon {
            self.judge_until(horizon);
        }
    }

    /// All that is left: every process has ended.
    pub(crate) fn finish(&mut self) {
        self.judge_until(u64::MAX);
    }

    fn judge_until(&mut self, horizon: u64) {
        self.horizon = horizon;
        self.settle(horizon);
        self.judge_strikes(horizon);
        for process in 0..self.processes.len() {
            while let Some(read) = self.processes[process].next_read(horizon) {
                self.judge(process, &read);
            }
        }
        self.forget(horizon.saturating_sub(nanos(WINDOW)));
    }

    fn forget(&mut self, before: u64) {
        // All lines are looked at, so not every time.
        if self.horizon == u64::MAX || before < self.forgotten + nanos(WINDOW) / 16 {
            return;
        }
        self.forgotten = before;
        self.there.forget(before);
        self.processes.iter_mut().for_each(|process| process.forget(before));
        self.pauses.forget(before);
        while self.faults.front().is_some_and(|one| one.end < before) {
            self.faults.pop_front();
        }
        while self.tags.front().is_some_and(|(_, end)| *end < before) {
            self.tags.pop_front();
        }
    }

    fn judge(&mut self, process: usize, read: &Read) {
        for target in read.row.covered_by(read.version) {
            // A value that is given is there when `set` has returned, which may be after another call has stored its own or
            // another process has invalidated it.
            let processes = &self.processes;
            let asks = |step: &Step| {
                !read.is_given() || (step.how.is_none() && processes[step.process].loaded(read.born))
            };
            let own = processes[process].own.get(target).first_missed(read, asks).copied();
            let apart = |step: &Step| step.process != process && asks(step);
            let others = self.there.get(target).first_missed(read, apart).copied();
            if let Some(step) = own {
                self.violate(step.check(Check::Own), |judge| judge.tell(process, read, &step));
            }
            if let Some(step) = others {
                self.judge_late(process, read, &step);
            }
        }
        self.judge_age(process, read);
        self.judge_time(process, read);
    }

    /// A read that is older than another process's invalidation: right only while that may be on its way.
    fn judge_late(&mut self, process: usize, read: &Read, step: &Step) {
        let reader = &self.processes[process];
        let late = (read.begin - step.at).saturating_sub(self.stalled(process, step.at, read.begin));
        let used = (!self.near && read.connected) || reader.has_used(step.at, read.begin);
        let is_kept = self.was_full(read.born)
            || matches!(step.target(), Target::Key(_)) && self.had_no_time(process, read.born);
        let allowed = if !used || is_kept {
            FALLBACK + SLACK
        } else if self.near && !reader.answered.any_within(step.at, read.begin) {
            match self.last_delay(process, step.at, read.begin) {
                Some(over) if read.begin <= over.saturating_add(nanos(PUSH)) => SILENCE + SLACK,
                _ => PUSH,
            }
        } else {
            Duration::ZERO
        };
        if late > nanos(allowed) || allowed.is_zero() {
            let applied = step.strike.outcome == Outcome::Applied;
            let check = step.check(if applied { Check::Applied } else { Check::Replayed });
            self.violate(check, |judge| judge.tell(process, read, step));
        } else if self.last_delay(process, step.at, read.begin).is_none() && reader.was_using(read.begin) {
            self.verdict.late.add(late);
        } else {
            self.verdict.late_by_fault.add(late);
        }
    }

    /// No value is served past its life, nor one that was not to be stored. A life begins when the value is stored, which may
    /// be late.
    fn judge_age(&mut self, process: usize, read: &Read) {
        let function = read.row.function();
        let rejected = function.rejects(read.version).then_some((Check::Kept, Duration::ZERO));
        let bounds = [rejected, function.bound().map(|bound| (Check::Bound, bound))];
        for (check, bound) in bounds.into_iter().flatten() {
            let limit = nanos(bound + SLACK);
            let age = read.begin.saturating_sub(read.born);
            let is_old = || {
                let stalled = self.stalled(process, read.born, read.begin);
                age.saturating_sub(stalled).saturating_sub(self.delayed(read.born, read.begin)) > limit
            };
            if age > limit && is_old() {
                self.violate(check, |judge| judge.tell_age(process, read, bound));
            }
        }
    }

    fn judge_time(&mut self, process: usize, read: &Read) {
        let (took, limit) = (read.end - read.begin, nanos(read.row.function().longest()));
        if took <= limit.min(self.verdict.longest_read) {
            return;
        }
        let took = took.saturating_sub(self.stalled(process, read.begin, read.end));
        if took > limit {
            self.violate(Check::Slow, |judge| judge.tell_slow(process, read, took));
        }
        self.verdict.longest_read = self.verdict.longest_read.max(took);
    }

    /// The longest invalidation. When it comes it is not yet known who did not run meanwhile.
    fn judge_strikes(&mut self, horizon: u64) {
        while let Some((process, strike)) = self.long.front().copied().filter(|(_, one)| one.begin < horizon)
        {
            self.long.pop_front();
            let stalled = self.stalled(process, strike.begin, strike.end);
            let took = (strike.end - strike.begin).saturating_sub(stalled);
            self.verdict.longest_strike = self.verdict.longest_strike.max(took);
        }
    }

    fn violate(&mut self, check: Check, tell: impl FnOnce(&Self) -> String) {
        if self.verdict.counts(check) {
            let text = tell(self);
            self.verdict.violations.push(Violation { check, text });
        }
    }

    /// For how long in this span a process, or what stands between it and the server, did not run though it was to.
    fn stalled(&self, process: usize, from: u64, to: u64) -> u64 {
        stalled(&self.processes[process].stalls, &self.pauses, from, to)
    }

    /// The end of what last delayed what Redis says to a process, in this span; later than it, if it goes on.
    fn last_delay(&self, process: usize, from: u64, to: u64) -> Option<u64> {
        let link = self.processes[process].link;
        let delays = self
            .faults
            .iter()
            .filter(|one| one.fault.delays() && one.concerns(link) && one.begin < to && one.end > from);
        delays.map(|one| one.end).max()
    }

    /// For how long in this span something kept a value from being stored.
    fn delayed(&self, from: u64, to: u64) -> u64 {
        let (mut covered, mut total) = (from, 0);
        for one in self.faults.iter().filter(|one| one.fault.is_slow()) {
            let end = one.end.min(to);
            total += end.saturating_sub(one.begin.max(covered));
            covered = covered.max(end);
        }
        total
    }

    /// Whether Redis may have had no room for a value that was loaded at this moment: it is asked before and after.
    fn was_full(&self, born: u64) -> bool {
        let full = |one: &Happened| {
            one.begin <= born.saturating_add(nanos(SLACK)) && born <= one.end.saturating_add(nanos(SLACK))
        };
        self.faults.iter().any(|one| one.fault == Fault::Full && full(one))
    }

    /// Whether Redis may have had no time for a value that this process loaded at this moment.
    fn had_no_time(&self, process: usize, born: u64) -> bool {
        let (from, to) = (born.saturating_sub(nanos(TIMEOUT + SLACK)), born.saturating_add(nanos(SLACK)));
        let of = &self.processes[process];
        let slow = |one: &Happened| one.concerns(of.link) && one.begin <= to && one.end >= from;
        of.loaded(born) && (self.faults.iter().any(slow) || self.stalled(process, from, to) > 0)
    }

    /// What a process said of every row, when nothing was going on any more.
    pub(crate) fn judge_end(&mut self, who: &str, said: &str, database: &[u64]) {
        let said: Vec<&str> = said.split(' ').collect();
        for row in (0..ROWS).map(Row) {
            let (found, there) = (said.get(row.0).copied().unwrap_or("nothing"), database[row.0]);
            if found == there.to_string() || self.is_orphan(row, there) {
                continue;
            }
            let text = format!("{who} reads {row}: {found}, but the database has {there}");
            self.violate(Check::End, |_| text);
        }
    }

    /// Whether a process was killed after it had written a row, and nobody has invalidated the row since.
    fn is_orphan(&self, row: Row, version: u64) -> bool {
        let last = |target| self.there.get(target).last_begin();
        let invalidated = row.covered_by(version).filter_map(last).max();
        let written = self.killed.iter().filter_map(|dead| self.processes.get(*dead)?.writes.get(&row)).max();
        written.is_some_and(|written| invalidated.is_none_or(|at| at < *written))
    }

    /// Something that was found by others.
    pub(crate) fn report(&mut self, check: Check, text: String) {
        self.violate(check, |_| text);
    }

    pub(crate) fn verdict(self) -> Verdict {
        self.verdict
    }
}

fn stalled(one: &Spans, other: &Spans, from: u64, to: u64) -> u64 {
    span::union(one.within(from, to), other.within(from, to))
}

#[cfg(test)]
mod tests;
