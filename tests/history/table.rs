//! What was done and seen, in numbers.

use std::collections::BTreeMap;
use std::fmt;

use crate::check::{CHECKS, Check, Violation, millis};
use crate::episode::Seen;
use crate::record::Outcome;

/// How many violations of one check are shown.
const SHOWN: usize = 2;

/// The sum of all episodes.
#[derive(Debug, Default)]
pub(crate) struct Table {
    modes: [Mode; 2],
    strikes: BTreeMap<(&'static str, &'static str), usize>,
    faults: BTreeMap<String, usize>,
    violations: BTreeMap<Check, usize>,
}

/// Without near cache, or with it.
#[derive(Debug, Default)]
struct Mode {
    episodes: usize,
    reads: usize,
    writes: usize,
    strikes: usize,
    counts: BTreeMap<String, u64>,
    samples: [usize; 2],
    late: Vec<u64>,
    late_by_fault: Vec<u64>,
    longest: [u64; 2],
}

impl Table {
    /// Adds an episode.
    pub(crate) fn add(&mut self, near: bool, seen: &Seen) {
        self.modes[usize::from(near)].add(seen);
        for one in &seen.happened {
            *self.faults.entry(format!("{:?}", one.fault)).or_default() += 1;
        }
        for strike in seen.histories.iter().flat_map(|history| &history.strikes) {
            let outcome = match strike.outcome {
                Outcome::Applied => "applied",
                Outcome::Queued => "queued",
                Outcome::Unknown => "not waited for",
                Outcome::Refreshed => "refreshed",
            };
            *self.strikes.entry((strike.target.kind(), outcome)).or_default() += 1;
        }
        for violation in &seen.verdict.violations {
            *self.violations.entry(violation.check).or_default() += 1;
        }
    }
}

impl Mode {
    fn add(&mut self, seen: &Seen) {
        self.episodes += 1;
        for history in &seen.histories {
            self.reads += history.reads.len();
            self.writes += history.writes.len();
            self.strikes += history.strikes.len();
            self.samples[0] += history.samples.iter().filter(|sample| sample.connected).count();
            self.samples[1] += history.samples.len();
        }
        for count in seen.counts.iter().flat_map(|counts| counts.split(' ')) {
            let Some((name, count)) = count.split_once('=') else { continue };
            *self.counts.entry(name.to_owned()).or_default() += count.parse().unwrap_or(0);
        }
        let verdict = &seen.verdict;
        self.late.extend(&verdict.late);
        self.late_by_fault.extend(&verdict.late_by_fault);
        self.longest[0] = self.longest[0].max(verdict.longest_read);
        self.longest[1] = self.longest[1].max(verdict.longest_strike);
    }

    fn operations(&self) -> usize {
        self.reads + self.writes + self.strikes
    }
}

/// `12 (p50 1.000 ms, p99 3.000 ms, longest 4.000 ms)`
fn spread(times: &[u64]) -> String {
    let mut times = times.to_vec();
    times.sort_unstable();
    let Some(last) = times.last() else { return "0".to_owned() };
    let at = |percent: usize| millis(times[(times.len() * percent / 100).min(times.len() - 1)]);
    format!("{} (p50 {}, p99 {}, longest {})", times.len(), at(50), at(99), millis(*last))
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |name: &str| self.counts.get(name).copied().unwrap_or(0);
        let used = self.samples[0] * 100 / self.samples[1].max(1);
        writeln!(
            f,
            "{} episodes, {} operations; Redis in use {used} % of the time",
            self.episodes,
            self.operations()
        )?;
        writeln!(f, "  reads          {}", self.reads)?;
        writeln!(
            f,
            "    counted      {} hits, {} misses, {} of them collapsed; {} fills, {} refused",
            count("hits"),
            count("misses"),
            count("collapsed"),
            count("fills"),
            count("refused")
        )?;
        writeln!(f, "    longest      {}", millis(self.longest[0]))?;
        writeln!(f, "    before push  {}", spread(&self.late))?;
        writeln!(f, "    during fault {}", spread(&self.late_by_fault))?;
        writeln!(f, "  writes         {}", self.writes)?;
        write!(f, "  invalidations  {}, longest {}", self.strikes, millis(self.longest[1]))
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
        for ((kind, outcome), count) in &self.strikes {
            write!(f, "\n  {kind:<15}{outcome:<15}{count:>7}")?;
        }
        write!(f, "\nfaults\n ")?;
        self.faults.iter().try_for_each(|(fault, count)| write!(f, " {fault} {count}"))?;
        write!(f, "\nviolations\n ")?;
        CHECKS.iter().try_for_each(|check| {
            write!(f, " {check:?} {}", self.violations.get(check).copied().unwrap_or(0))
        })
    }
}

/// Shows the first few of each check, the shortest first.
pub(crate) fn explain(violations: &[Violation]) {
    for check in CHECKS {
        let mut found: Vec<_> = violations.iter().filter(|violation| violation.check == check).collect();
        found.sort_by_key(|violation| violation.text.lines().count());
        if !found.is_empty() {
            println!("\n  {check:?}: {}", found.len());
        }
        for violation in found.iter().take(SHOWN) {
            println!("    {}", violation.text);
        }
    }
}
