//! What was done and seen, in numbers.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use crate::clock::millis;
use crate::episode::Seen;
use crate::judge::{CHECKS, Check, Verdict, Violation};
use crate::record::Outcome;

/// How many violations of one check are shown.
const SHOWN: usize = 2;
/// What the kernel counts processor time in, a second.
const TICKS: f64 = 100.0;

/// The sum of all episodes.
#[derive(Debug)]
pub(crate) struct Table {
    /// Without near cache, and with it.
    modes: [Mode; 2],
    begun: Instant,
}

#[derive(Debug, Default)]
struct Mode {
    episodes: usize,
    counts: BTreeMap<String, u64>,
    verdict: Verdict,
}

impl Table {
    pub(crate) fn begin() -> Self {
        Self { modes: Default::default(), begun: Instant::now() }
    }

    /// Adds an episode.
    pub(crate) fn add(&mut self, near: bool, seen: Seen) {
        let mode = &mut self.modes[usize::from(near)];
        mode.episodes += 1;
        for count in seen.counts.iter().flat_map(|counts| counts.split(' ')) {
            let Some((name, count)) = count.split_once('=') else { continue };
            *mode.counts.entry(name.to_owned()).or_default() += count.parse().unwrap_or(0);
        }
        mode.verdict.merge(seen.verdict);
    }

    /// Everything that was found.
    pub(crate) fn violations(&self) -> Vec<&Violation> {
        self.modes.iter().flat_map(|mode| &mode.verdict.violations).collect()
    }

    fn sum<K: Ord + Clone>(&self, of: impl Fn(&Verdict) -> &BTreeMap<K, u64>) -> BTreeMap<K, u64> {
        let mut sums = BTreeMap::new();
        for (key, count) in self.modes.iter().flat_map(|mode| of(&mode.verdict)) {
            *sums.entry(key.clone()).or_default() += count;
        }
        sums
    }
}

/// The processor time of this process and of those that it has waited for, in seconds, where the system says it.
fn processor_time() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    let ticks: f64 = fields.split(' ').skip(11).take(4).filter_map(|field| field.parse::<f64>().ok()).sum();
    Some(ticks / TICKS)
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |name: &str| self.counts.get(name).copied().unwrap_or(0);
        let verdict = &self.verdict;
        let [away, used] = verdict.samples;
        let (episodes, operations) = (self.episodes, verdict.operations());
        let used = used * 100 / (away + used).max(1);
        writeln!(f, "{episodes} episodes, {operations} operations; Redis in use {used} % of the time")?;
        writeln!(f, "  reads          {}", verdict.reads)?;
        writeln!(
            f,
            "    counted      {} hits, {} stale, {} misses, {} of them collapsed; {} fills, {} refused",
            count("hits"),
            count("stale"),
            count("misses"),
            count("collapsed"),
            count("fills"),
            count("refused")
        )?;
        writeln!(f, "    longest      {}", millis(verdict.longest_read))?;
        writeln!(f, "    before push  {}", verdict.late)?;
        writeln!(f, "    during fault {}", verdict.late_by_fault)?;
        write!(f, "    others      ")?;
        verdict.notes.iter().try_for_each(|(note, count)| write!(f, " {note:?} {count}"))?;
        writeln!(f, "\n  writes         {}", verdict.writes)?;
        write!(f, "    stored      ")?;
        verdict.stored.iter().try_for_each(|(how, count)| write!(f, " {how:?} {count}"))?;
        let strikes: u64 = verdict.strikes.values().sum();
        write!(f, "\n  invalidations  {strikes}, longest {}", millis(verdict.longest_strike))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, mode) in ["without near cache", "with near cache"].iter().zip(&self.modes) {
            if mode.episodes > 0 {
                writeln!(f, "{name}: {mode}")?;
            }
        }
        write!(f, "invalidations")?;
        for ((kind, outcome), count) in self.sum(|verdict| &verdict.strikes) {
            let outcome = match outcome {
                Outcome::Applied => "applied",
                Outcome::Queued => "queued",
                Outcome::Unknown => "not waited for",
                Outcome::Ended => "by a writer",
            };
            write!(f, "\n  {kind:<15}{outcome:<15}{count:>9}")?;
        }
        write!(f, "\nviolations\n ")?;
        let found = |check: Check| -> usize {
            self.modes.iter().filter_map(|mode| mode.verdict.found.get(&check)).sum()
        };
        CHECKS.iter().try_for_each(|check| write!(f, " {check:?} {}", found(*check)))?;
        let operations: u64 = self.modes.iter().map(|mode| mode.verdict.operations()).sum();
        let rate = |seconds: f64| Duration::from_nanos(operations).as_secs_f64() * 1e9 / seconds;
        write!(f, "\n\n{operations} operations, {:.0} a second", rate(self.begun.elapsed().as_secs_f64()))?;
        if let Some(seconds) = processor_time() {
            write!(f, ", {:.0} a second of processor time", rate(seconds))?;
        }
        let faults = self.sum(|verdict| &verdict.faults);
        write!(f, "; {} faults (", faults.values().sum::<u64>())?;
        for (number, (fault, count)) in faults.iter().enumerate() {
            write!(f, "{}{fault:?} {count}", if number > 0 { ", " } else { "" })?;
        }
        let violations: usize = CHECKS.iter().map(|check| found(*check)).sum();
        write!(f, "); {violations} violations")
    }
}

/// Shows the first few of each check, the shortest first.
pub(crate) fn explain(violations: &[&Violation]) {
    for check in CHECKS {
        let mut found: Vec<_> = violations.iter().filter(|violation| violation.check == check).collect();
        found.sort_by_key(|violation| violation.text.lines().count());
        if !found.is_empty() {
            println!("\n  {check:?}: {} told", found.len());
        }
        for violation in found.iter().take(SHOWN) {
            println!("    {}", violation.text);
        }
    }
}
