//! The invalidations of one target, in the order in which they hold.

use std::collections::VecDeque;

use super::verdict::Check;
use crate::record::{How, Read, Strike};
use crate::row::Target;

/// An invalidation: calls that begin after `at` must return what was read after it began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) at: u64,
    pub(super) process: usize,
    pub(super) strike: Strike,
    /// It was a call that stored a value of its own.
    pub(super) how: Option<How>,
}

/// The line of each target.
#[derive(Debug)]
pub(super) struct Lines(Vec<Line>);

/// Steps by the time from which they hold. One that begins no later than a step before it is left out, for it asks for
/// no more.
#[derive(Debug, Default)]
pub(super) struct Line(VecDeque<Step>);

impl Step {
    pub(super) fn begin(&self) -> u64 {
        self.strike.begin
    }

    pub(super) fn target(&self) -> Target {
        self.strike.target
    }

    pub(super) fn check(&self, check: Check) -> Check {
        if self.how.is_some() { Check::Refreshed } else { check }
    }
}

impl Line {
    pub(super) fn add(&mut self, step: Step) {
        let place = self.0.partition_point(|other| other.at <= step.at);
        if place > 0 && self.0[place - 1].begin() >= step.begin() {
            return;
        }
        let covered = self.0.iter().skip(place).take_while(|later| later.begin() <= step.begin()).count();
        self.0.drain(place..place + covered);
        self.0.insert(place, step);
    }

    /// The first of the fitting steps that holds for a read and that it has missed.
    pub(super) fn first_missed(&self, read: &Read, fits: impl Fn(&Step) -> bool) -> Option<&Step> {
        let first = self.0.partition_point(|step| step.begin() <= read.born);
        let missed = self.0.iter().skip(first).take_while(|step| step.at < read.begin);
        missed.into_iter().find(|step| fits(step))
    }

    /// When the last of them began.
    pub(super) fn last_begin(&self) -> Option<u64> {
        self.0.back().map(Step::begin)
    }

    /// Drops steps that held before this time, but for the last: whatever is older than an earlier one is older than it.
    pub(super) fn forget(&mut self, before: u64) {
        while self.0.get(1).is_some_and(|step| step.at < before) {
            self.0.pop_front();
        }
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self((0..Target::CODES).map(|_| Line::default()).collect())
    }
}

impl Lines {
    pub(super) fn get(&self, target: Target) -> &Line {
        &self.0[usize::from(target.code())]
    }

    pub(super) fn of(&mut self, target: Target) -> &mut Line {
        &mut self.0[usize::from(target.code())]
    }

    pub(super) fn forget(&mut self, before: u64) {
        self.0.iter_mut().for_each(|line| line.forget(before));
    }
}
