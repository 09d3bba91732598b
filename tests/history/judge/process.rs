//! What is known of one process: when it used Redis, when it did not run, and which of its records wait.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::STALL;
use super::line::{Lines, Step};
use super::span::Spans;
use crate::record::{Read, Sample};
use crate::row::Row;

pub(super) struct Process {
    /// Its link to Redis; another process may have had it before.
    pub(super) link: usize,
    pub(super) alive: bool,
    /// The time of its last sample.
    pub(super) heard: u64,
    pub(super) samples: VecDeque<Sample>,
    /// Its own invalidations, from when their function had returned.
    pub(super) own: Lines,
    pub(super) stalls: Spans,
    pub(super) answered: Answered,
    /// Invalidations that hold for others when this process is seen to use Redis after a time.
    waiting: Vec<(u64, Step)>,
    /// When bodies of this process read the database.
    loads: BTreeSet<u64>,
    /// Reads that are not judged yet.
    pub(super) reads: VecDeque<Read>,
    /// When it last wrote each row.
    pub(super) writes: HashMap<Row, u64>,
}

impl Process {
    pub(super) fn new(link: usize, at: u64) -> Self {
        Self {
            link,
            alive: true,
            heard: at,
            samples: VecDeque::new(),
            own: Lines::default(),
            stalls: Spans::default(),
            answered: Answered::default(),
            waiting: Vec::new(),
            loads: BTreeSet::new(),
            reads: VecDeque::new(),
            writes: HashMap::new(),
        }
    }

    /// Enters a read, which is judged later.
    pub(super) fn enter_read(&mut self, read: Read) {
        if (read.begin..=read.end).contains(&read.born) {
            self.loads.insert(read.born);
        }
        self.reads.push_back(read);
    }

    /// Whether a body of this process read the database at `born`.
    pub(super) fn loaded(&self, born: u64) -> bool {
        self.loads.contains(&born)
    }

    /// Enters a sample; returns the invalidations that hold from then on.
    pub(super) fn enter(&mut self, sample: Sample) -> Vec<Step> {
        if let Some(last) = self.samples.back().filter(|last| sample.after - last.before > STALL) {
            self.stalls.add(last.before, sample.after);
        }
        self.samples.push_back(sample);
        self.heard = sample.before;
        if !sample.connected || self.waiting.is_empty() {
            return Vec::new();
        }
        let due = self.waiting.extract_if(.., |(from, _)| sample.before > *from);
        due.map(|(_, step)| Step { at: sample.after, ..step }).collect()
    }

    /// The step, at the time when this process was seen to use Redis after `from`; kept if it was not yet.
    pub(super) fn when_connected(&mut self, from: u64, step: Step) -> Option<Step> {
        let Some(sample) = self.first_connected(from) else {
            self.waiting.push((from, step));
            return None;
        };
        Some(Step { at: sample.after, ..step })
    }

    fn first_connected(&self, from: u64) -> Option<Sample> {
        let later = self.samples.partition_point(|sample| sample.before <= from);
        self.samples.iter().skip(later).find(|sample| sample.connected).copied()
    }

    /// Whether the process was seen to use Redis in this span.
    pub(super) fn has_used(&self, from: u64, to: u64) -> bool {
        self.first_connected(from).is_some_and(|sample| sample.after < to)
    }

    /// Whether the process used Redis when it was last looked at.
    pub(super) fn was_using(&self, at: u64) -> bool {
        let later = self.samples.partition_point(|sample| sample.after < at);
        later.checked_sub(1).is_some_and(|last| self.samples[last].connected)
    }

    /// Whether it used Redis at every sample of this span, and there were some.
    pub(super) fn used_throughout(&self, from: u64, to: u64) -> bool {
        let first = self.samples.partition_point(|sample| sample.before < from);
        let around = self.samples.iter().skip(first).take_while(|sample| sample.before < to);
        around.clone().count() > 2 && around.into_iter().all(|sample| sample.connected)
    }

    /// The next read that began before `horizon`.
    pub(super) fn next_read(&mut self, horizon: u64) -> Option<Read> {
        self.reads.front().filter(|read| read.begin < horizon)?;
        self.reads.pop_front()
    }

    pub(super) fn forget(&mut self, before: u64) {
        while self.samples.front().is_some_and(|sample| sample.after < before) {
            self.samples.pop_front();
        }
        self.own.forget(before);
        self.loads = self.loads.split_off(&before);
        self.stalls.forget(before);
        self.answered.forget(before);
    }
}

/// Questions that Redis has answered, by the time of the answer. One that was asked no later than one that was answered
/// before it is left out.
#[derive(Debug, Default)]
pub(super) struct Answered(VecDeque<(u64, u64)>);

impl Answered {
    pub(super) fn add(&mut self, asked: u64, answered: u64) {
        let place = self.0.partition_point(|other| other.1 <= answered);
        if place > 0 && self.0[place - 1].0 >= asked {
            return;
        }
        let covered = self.0.iter().skip(place).take_while(|later| later.0 <= asked).count();
        self.0.drain(place..place + covered);
        self.0.insert(place, (asked, answered));
    }

    /// Whether something was asked and answered in this span.
    pub(super) fn any_within(&self, from: u64, to: u64) -> bool {
        let first = self.0.partition_point(|question| question.0 <= from);
        self.0.get(first).is_some_and(|question| question.1 < to)
    }

    fn forget(&mut self, before: u64) {
        while self.0.front().is_some_and(|question| question.1 < before) {
            self.0.pop_front();
        }
    }
}
