//! A violation, told as what happened before it.

use std::time::Duration;

use super::Judge;
use super::line::Step;
use crate::clock::millis;
use crate::record::Read;

/// So long before an invalidation the story begins.
const BEFORE: u64 = 500_000_000;

impl Judge {
    pub(super) fn tell(&self, process: usize, read: &Read, step: &Step) -> String {
        let strike = step.strike;
        let what = match step.how {
            Some(how) => format!("process {} stores {}: {how:?}", step.process, strike.target),
            None => format!("process {} invalidates {}: {:?}", step.process, strike.target, strike.outcome),
        };
        let since = strike.begin.min(read.begin).saturating_sub(BEFORE);
        let mut lines = vec![(strike.begin, strike.end, what), Self::value(read), Self::read(process, read)];
        lines.extend(self.around(since, read.begin));
        let late = millis(read.begin - step.at);
        format!("{late} too late to be that old:{}", self.list(lines))
    }

    pub(super) fn tell_age(&self, process: usize, read: &Read, bound: Duration) -> String {
        let mut lines = vec![Self::value(read), Self::read(process, read)];
        lines.extend(self.around(read.begin.saturating_sub(BEFORE), read.begin));
        let age = millis(read.begin - read.born);
        format!("{age} old, where {bound:?} is the end:{}", self.list(lines))
    }

    pub(super) fn tell_slow(&self, process: usize, read: &Read, took: u64) -> String {
        let mut lines = vec![Self::read(process, read)];
        lines.extend(self.around(read.begin.saturating_sub(BEFORE), read.end));
        format!("{} took {}:{}", read.row, millis(took), self.list(lines))
    }

    fn value(read: &Read) -> (u64, u64, String) {
        let text = format!("version {} of {} is read from the database", read.version, read.row);
        (read.born, read.born, text)
    }

    fn read(process: usize, read: &Read) -> (u64, u64, String) {
        let text = format!("process {process} reads {}: version {}", read.row, read.version);
        (read.begin, read.end, text)
    }

    /// What went wrong in a span, and who used Redis.
    fn around(&self, from: u64, to: u64) -> Vec<(u64, u64, String)> {
        let mut lines = Vec::new();
        for one in self.faults.iter().filter(|one| one.begin < to && one.end > from) {
            let place = one.link.map_or("the server".to_owned(), |link| format!("link {link}"));
            lines.push((one.begin, one.end, format!("{:?}: {place}", one.fault)));
        }
        for (whose, process) in self.processes.iter().enumerate() {
            let link = process.link;
            let mut last = None;
            for sample in &process.samples {
                if last.replace(sample.connected).is_some_and(|last| last != sample.connected)
                    && (from..to).contains(&sample.before)
                {
                    let what = if sample.connected { "uses Redis" } else { "does not use Redis" };
                    let text = format!("process {whose} on link {link} {what}");
                    lines.push((sample.before, sample.after, text));
                }
            }
        }
        lines
    }

    fn list(&self, mut lines: Vec<(u64, u64, String)>) -> String {
        lines.sort();
        let time = |at: u64| millis(at.saturating_sub(self.begun));
        let line = |(begin, end, text): &(u64, u64, String)| {
            let end = if *end == u64::MAX { "…".to_owned() } else { time(*end) };
            format!("\n      {} to {end}  {text}", time(*begin))
        };
        lines.iter().map(line).collect()
    }
}
