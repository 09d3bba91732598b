//! Calls that stored a value of their own, whatever was cached: what they ask of later reads.

use super::line::Step;
use super::{HANDED_OVER, Judge, TIMEOUT};
use crate::clock::nanos;
use crate::record::{Outcome, Stored, Strike};
use crate::row::Target;

impl Judge {
    /// Enters the stored values that matter to reads before `horizon`. What went wrong around them is known by then.
    pub(super) fn settle(&mut self, horizon: u64) {
        let mut left = std::mem::take(&mut self.stored);
        left.retain(|(process, stored)| {
            let due = stored.end <= horizon;
            if due {
                self.enter_stored(*process, stored);
            }
            !due
        });
        self.stored = left;
    }

    fn enter_stored(&mut self, process: usize, stored: &Stored) {
        let Stored { row, begin, end, how } = *stored;
        let calm = self.is_calm(process, stored);
        let outcome = if calm { Outcome::Applied } else { Outcome::Unknown };
        let strike = Strike { target: Target::Key(row), begin, struck: end, end, outcome };
        let step = Step { at: end, process, strike, how: Some(how) };
        self.processes[process].own.of(step.target()).add(step);
        if calm {
            self.there.of(step.target()).add(step);
        } else {
            self.await_redis(process, end + nanos(HANDED_OVER), step);
        }
    }

    /// Whether nothing went wrong in a process's way to Redis while a value was stored, and nothing refused it.
    fn is_calm(&self, process: usize, stored: &Stored) -> bool {
        let (from, to) = (stored.begin.saturating_sub(nanos(TIMEOUT)), stored.end + nanos(TIMEOUT));
        // Tags that are not known before the body has run share shards, so any tag may refuse the value.
        let mut tags = self.tags.iter();
        let refused =
            stored.row.function().has_late_tags() && tags.any(|(begin, end)| *begin < to && *end > from);
        let whose = &self.processes[process];
        let wrong =
            self.faults.iter().any(|one| one.concerns(whose.link) && one.begin < to && one.end > from);
        !refused
            && !wrong
            && stored.end - stored.begin < nanos(TIMEOUT) / 2
            && whose.used_throughout(from, to)
    }
}
