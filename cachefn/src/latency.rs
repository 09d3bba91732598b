//! How long things take, counted in buckets: what is added is one number, and quantiles come out of the counts.
//!
//! Four buckets for each doubling, so a quantile is at most a quarter too large. (The idea of `HdrHistogram`: Tene, 2012.)

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Shorter times count as 64 ns.
const FIRST: u32 = 6;
/// Longer ones as 275 s.
const LAST: u32 = 38;
const BUCKETS: usize = ((LAST - FIRST) * 4) as usize;

/// Counts, to be added to by every thread.
#[derive(Debug)]
pub(crate) struct Histogram(Box<[AtomicU64]>);

/// How long something took. Where only a sample is measured, each measurement counts for as many as it stands for, so that
/// what is sampled and what is not can be added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latency(Vec<u64>);

impl Histogram {
    pub(crate) fn new() -> Self {
        Self((0..BUCKETS).map(|_| AtomicU64::new(0)).collect())
    }

    pub(crate) fn add(&self, time: Duration) {
        self.add_sample(time, 1);
    }

    /// Adds a measurement that stands for `weight` of them, because the others were not measured.
    pub(crate) fn add_sample(&self, time: Duration, weight: u64) {
        self.0[bucket(time)].fetch_add(weight, Ordering::Relaxed);
    }

    pub(crate) fn latency(&self) -> Latency {
        let counts: Vec<_> = self.0.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        Latency(if counts.iter().all(|count| *count == 0) { Vec::new() } else { counts })
    }
}

impl Latency {
    /// How many it is of: where only a sample is measured an estimate, a multiple of 64.
    pub fn count(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The time that half of them took at most; nothing if there are none.
    pub fn p50(&self) -> Option<Duration> {
        self.quantile(0.5)
    }

    /// The time that 99 of 100 took at most; nothing if there are none.
    pub fn p99(&self) -> Option<Duration> {
        self.quantile(0.99)
    }

    /// The time that this part of them took at most, 0 to 1; nothing if there are none. At most a quarter too large.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank needs no more digits, and is no less than one"
    )]
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let rank = ((self.count() as f64 * part.clamp(0.0, 1.0)).ceil() as u64).max(1);
        let mut seen = 0;
        let bucket = self.0.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(end(bucket))
    }

    /// Hands out one in so many of what was added since it was `told`: times, and how often each. It notes in `told` what
    /// these stand for; the rest waits for the next time.
    #[cfg(feature = "metrics")]
    pub(crate) fn since(&self, told: &mut Self, one_in: u64, mut tell: impl FnMut(Duration, u64)) {
        told.0.resize(self.0.len(), 0);
        for (bucket, (count, told)) in self.0.iter().zip(&mut told.0).enumerate() {
            let added = count.saturating_sub(*told) / one_in;
            if added > 0 {
                *told += added * one_in;
                tell(end(bucket), added);
            }
        }
    }

    pub(crate) fn plus(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
        } else {
            self.0.iter_mut().zip(&other.0).for_each(|(one, more)| *one += more);
        }
    }
}

/// By the highest bit of the nanoseconds, and the two below it.
fn bucket(time: Duration) -> usize {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).clamp(1 << FIRST, (1 << LAST) - 1);
    let doubling = nanos.ilog2();
    let quarter = nanos >> (doubling - 2) & 3;
    (doubling - FIRST) as usize * 4 + usize::try_from(quarter).unwrap_or(0)
}

/// Where a bucket ends.
fn end(bucket: usize) -> Duration {
    let (doubling, quarter) = (bucket / 4 + FIRST as usize, bucket as u64 % 4);
    Duration::from_nanos((5 + quarter) << (doubling - 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_in_a_bucket_that_ends_at_most_a_quarter_later() {
        for nanos in [64, 65, 79, 80, 100, 127, 128, 1_000, 123_456_789, (1 << 38) - 1] {
            let time = Duration::from_nanos(nanos);
            let end = end(bucket(time));
            assert!(time < end && end <= time + time / 4, "{time:?} ends at {end:?}");
        }
        assert_eq!(bucket(Duration::ZERO), 0);
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_of_what_was_added() {
        let histogram = Histogram::new();
        assert_eq!((histogram.latency().count(), histogram.latency().p50()), (0, None));
        (1..=100).for_each(|millis| histogram.add(Duration::from_millis(millis)));
        let mut latency = histogram.latency();
        let about = |time: Option<Duration>| time.expect("there are some").as_secs_f64() * 1e3;
        assert!((50.0..=63.0).contains(&about(latency.p50())), "{:?}", latency.p50());
        assert!((99.0..=124.0).contains(&about(latency.p99())), "{:?}", latency.p99());
        assert!(about(latency.quantile(0.0)) >= 1.0);
        latency.plus(&histogram.latency());
        assert_eq!(latency.count(), 200);
    }

    #[test]
    fn a_sample_counts_for_all_that_it_stands_for() {
        let (memory, redis) = (Histogram::new(), Histogram::new());
        (0..31).for_each(|_| memory.add_sample(Duration::from_nanos(500), 64));
        redis.add(Duration::from_millis(5));
        let mut all = memory.latency();
        all.plus(&redis.latency());
        assert_eq!(all.count(), 31 * 64 + 1);
        assert!(all.p99().is_some_and(|time| time < Duration::from_micros(1)), "{:?}", all.p99());
        assert!(all.quantile(1.0).is_some_and(|time| time >= Duration::from_millis(5)));
    }

    #[cfg(feature = "metrics")]
    #[test]
    fn what_is_handed_out_is_no_more_than_was_added_and_what_is_left_over_waits() {
        let (histogram, mut told) = (Histogram::new(), Latency::default());
        let mut since = |one_in| {
            let mut counts = Vec::new();
            histogram.latency().since(&mut told, one_in, |_, count| counts.push(count));
            counts
        };
        assert!(since(1).is_empty());
        histogram.add_sample(Duration::from_micros(1), 128);
        histogram.add(Duration::from_millis(1));
        assert_eq!(since(100), [1]);
        assert_eq!(since(100), [0; 0]);
        assert_eq!(since(1), [28, 1]);
        assert_eq!(since(1), [0; 0]);
    }
}
