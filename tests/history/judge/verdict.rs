//! What came of it: violations, and what was counted.

use std::collections::BTreeMap;

use crate::record::{How, Note, Outcome};
use crate::schedule::Fault;

/// So many violations of one check are told; the others are counted.
const TOLD: usize = 20;

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
    /// Served past the end of its life.
    Bound,
    /// Stored though `when` rejects it.
    Kept,
    /// In the end the cache is not what the database is.
    End,
    /// A caller saw an error or a panic, or another's value.
    Fault,
    /// A call took too long.
    Slow,
}

/// All checks.
pub(crate) const CHECKS: [Check; 9] = [
    Check::Own,
    Check::Applied,
    Check::Replayed,
    Check::Refreshed,
    Check::Bound,
    Check::Kept,
    Check::End,
    Check::Fault,
    Check::Slow,
];

/// What should not have been.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) check: Check,
    pub(crate) text: String,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// The first of each check.
    pub(crate) violations: Vec<Violation>,
    pub(crate) found: BTreeMap<Check, usize>,
    /// Reads of what another process had invalidated, while the push was on its way.
    pub(crate) late: Spread,
    /// The same where something delayed what Redis says, or Redis was not in use.
    pub(crate) late_by_fault: Spread,
    pub(crate) longest_read: u64,
    pub(crate) longest_strike: u64,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) strikes: BTreeMap<(&'static str, Outcome), u64>,
    pub(crate) stored: BTreeMap<How, u64>,
    pub(crate) notes: BTreeMap<Note, u64>,
    pub(crate) faults: BTreeMap<Fault, u64>,
    /// Without Redis in use, and with it.
    pub(crate) samples: [u64; 2],
}

/// Durations, in classes whose limits are a fifth apart.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    count: u64,
    longest: u64,
    classes: [u64; 256],
}

impl Default for Spread {
    fn default() -> Self {
        Self { count: 0, longest: 0, classes: [0; 256] }
    }
}

impl Verdict {
    /// Counts a violation; whether it is told.
    pub(super) fn counts(&mut self, check: Check) -> bool {
        let count = self.found.entry(check).or_default();
        *count += 1;
        *count <= TOLD
    }

    pub(crate) fn operations(&self) -> u64 {
        let strikes: u64 = self.strikes.values().sum();
        self.reads + self.writes + strikes + self.notes.values().sum::<u64>()
    }

    /// Adds what another episode came to.
    pub(crate) fn merge(&mut self, other: Self) {
        self.violations.extend(other.violations);
        merge(&mut self.found, other.found, |sum, count| *sum += count);
        self.late.merge(&other.late);
        self.late_by_fault.merge(&other.late_by_fault);
        self.longest_read = self.longest_read.max(other.longest_read);
        self.longest_strike = self.longest_strike.max(other.longest_strike);
        self.reads += other.reads;
        self.writes += other.writes;
        merge(&mut self.strikes, other.strikes, |sum, count| *sum += count);
        merge(&mut self.stored, other.stored, |sum, count| *sum += count);
        merge(&mut self.notes, other.notes, |sum, count| *sum += count);
        merge(&mut self.faults, other.faults, |sum, count| *sum += count);
        for (sum, count) in self.samples.iter_mut().zip(other.samples) {
            *sum += count;
        }
    }
}

fn merge<K: Ord, V: Default>(sums: &mut BTreeMap<K, V>, counts: BTreeMap<K, V>, add: impl Fn(&mut V, V)) {
    for (key, count) in counts {
        add(sums.entry(key).or_default(), count);
    }
}

impl Spread {
    pub(super) fn add(&mut self, time: u64) {
        self.count += 1;
        self.longest = self.longest.max(time);
        self.classes[Self::class(time)] += 1;
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.longest = self.longest.max(other.longest);
        for (sum, count) in self.classes.iter_mut().zip(other.classes) {
            *sum += count;
        }
    }

    /// Four classes for each power of two: its leading bits.
    fn class(time: u64) -> usize {
        let time = time.max(4);
        let power = time.ilog2();
        let quarter = usize::try_from((time >> (power - 2)) & 3).unwrap_or(0);
        (power as usize * 4 + quarter).min(255)
    }

    /// The greatest time of the class in which this part of all times ends.
    fn percentile(&self, percent: u64) -> u64 {
        let mut left = (self.count * percent).div_ceil(100);
        let class = self.classes.iter().position(|count| {
            left = left.saturating_sub(*count);
            left == 0
        });
        let (power, quarter) = (class.unwrap_or(0) / 4, class.unwrap_or(0) % 4);
        if power < 2 {
            return 0;
        }
        let end = (4 + quarter as u64 + 1) << (power - 2);
        end.min(self.longest)
    }
}

/// `12 (p50 1.000 ms, p99 3.000 ms, longest 4.000 ms)`
impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.count == 0 {
            return f.write_str("0");
        }
        let [half, most, longest] =
            [self.percentile(50), self.percentile(99), self.longest].map(crate::clock::millis);
        write!(f, "{} (p50 {half}, p99 {most}, longest {longest})", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_at_most_a_fifth_too_long() {
        let mut spread = Spread::default();
        (1..=1_000).for_each(|time| spread.add(time * 1_000));
        let (half, most) = (spread.percentile(50), spread.percentile(99));
        assert!((500_000..=600_000).contains(&half), "{half}");
        assert!((990_000..=1_000_000).contains(&most), "{most}");
    }
}
