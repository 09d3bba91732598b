//! What the cache counts, through the `metrics` facade (feature `metrics`), so that Prometheus and
//! OpenTelemetry exporters work as they are.
//!
//! Calls count for [`stats`](crate::stats) as they always do, and nothing more: a hit costs what it costs without the feature. What was
//! counted is handed on by [`publish`], which belongs where an exporter is asked, or beside a timer that ticks as often as
//! somebody looks.
//!
//! | name | kind | of |
//! |---|---|---|
//! | `cache.hit` | counter | calls answered from the cache, with the label `from` |
//! | `cache.stale` | counter | calls answered with a value past its life |
//! | `cache.miss` | counter | calls that found nothing usable |
//! | `cache.miss_invalidated` | counter | of these, that found what an invalidation has struck |
//! | `cache.miss_unreadable` | counter | of these, that found what is not this function's, or damaged |
//! | `cache.collapsed` | counter | of these, that were answered by another call's body |
//! | `cache.fill` | counter | values stored |
//! | `cache.refused` | counter | values not stored, because something came between |
//! | `cache.unfit` | counter | calls or values that cannot be cached |
//! | `cache.not_stored` | counter | values not stored because a rule says so: `when`, `none`, or what a response or its request says |
//! | `cache.error` | counter | bodies that failed |
//! | `cache.lookup_time` | histogram, seconds | how long hits took, with the label `from` |
//! | `cache.origin_time` | histogram, seconds | how long bodies took |
//! | `cache.entries`, `cache.size` | gauge, bytes | what is in this process |
//! | `cache.fills_running` | gauge | bodies that are running |
//! | `cache.connected`, `cache.journal` | gauge | whether Redis is used, and the invalidations that wait for it |
//!
//! Counters and histograms have the labels `function`, its path, and `namespace`, as it is written in the source, `products:{id}`:
//! never what an argument holds. `from` is `memory`, or `redis` where the call has asked Redis; their sum is all hits. A time is
//! that of its bucket's end, a quarter too large at most.
//!
//! Of hits from memory one in 64 is measured, and recorded 64 times, so that quantiles over both values of `from` are
//! right. Of more than a hundred thousand times of one function since the last [`publish`] one in so many is recorded, alike for all
//! durations: to count hits, take `cache.hit`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ::metrics::{
    Label, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::latency::Latency;
use crate::stats::{FunctionStats, stats};
use crate::status::status;

type Count = (&'static str, &'static str, fn(&FunctionStats) -> u64);
type Hits = (&'static str, fn(&FunctionStats) -> u64);
type Time = (&'static str, &'static str, Option<&'static str>, fn(&FunctionStats) -> &Latency);

const COUNTS: [Count; 10] = [
    ("cache.stale", "Calls answered with a value past its life", |one| one.stale),
    ("cache.miss", "Calls that found nothing usable", |one| one.misses),
    ("cache.miss_invalidated", "Misses that found what an invalidation has struck", |one| one.invalidated),
    ("cache.miss_unreadable", "Misses that found what cannot be read", |one| one.unreadable),
    ("cache.collapsed", "Misses that were answered by another call's body", |one| one.collapsed),
    ("cache.fill", "Values stored", |one| one.fills),
    ("cache.refused", "Values not stored, because something came between", |one| one.refused),
    ("cache.unfit", "Calls or values that cannot be cached", |one| one.unfit),
    ("cache.not_stored", "Values not stored because a rule says so", |one| one.unstored),
    ("cache.error", "Bodies that failed", |one| one.errors),
];

/// By what has answered, the value of the label `from`.
const HITS: [Hits; 2] =
    [("memory", |one| one.hits.saturating_sub(one.redis_hits)), ("redis", |one| one.redis_hits)];

const TIMES: [Time; 3] = [
    ("cache.lookup_time", "How long hits took", Some("memory"), |one| &one.memory_lookup),
    ("cache.lookup_time", "How long hits took", Some("redis"), |one| &one.redis_lookup),
    ("cache.origin_time", "How long bodies took", None, |one| &one.body),
];

/// So many times of one function are recorded at once: exporters keep each of them until they are asked, in 24 bytes.
const MOST_TIMES: u64 = 100_000;

/// What the recorders have been told of the times of a function.
type Told = HashMap<String, [Latency; TIMES.len()]>;

/// Hands on what was counted, to the recorder that is installed; without one, nothing happens, and the times are lost to
/// one that is installed later.
///
/// It walks over all functions, some ten microseconds for each: to be called when an exporter is asked, not in calls.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
/// // With metrics-exporter-prometheus: `cachefn::metrics::publish(); handle.render()` in the handler of `/metrics`; with one
/// // that pushes:
/// let publishing = tokio::spawn(async {
///     let mut ticks = tokio::time::interval(std::time::Duration::from_secs(10));
///     loop {
///         ticks.tick().await;
///         cachefn::metrics::publish();
///     }
/// });
/// # publishing.abort();
/// # }
/// ```
pub fn publish() {
    static TOLD: Mutex<Option<Told>> = Mutex::new(None);

    describe();
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let told = told.get_or_insert_default();
    for one in stats().functions {
        let labels =
            [Label::new("function", one.function.clone()), Label::new("namespace", one.namespace.clone())];
        for (name, _, count) in COUNTS {
            counter!(name, labels.iter()).absolute(count(&one));
        }
        for (from, count) in HITS {
            counter!("cache.hit", from_labels(&labels, Some(from)).iter()).absolute(count(&one));
        }
        publish_times(&one, &labels, told.entry(one.function.clone()).or_default());
    }
    gauges();
}

fn publish_times(one: &FunctionStats, labels: &[Label; 2], told: &mut [Latency; TIMES.len()]) {
    let untold = |(time, told): (&Time, &Latency)| time.3(one).count().saturating_sub(told.count());
    let times: u64 = TIMES.iter().zip(&*told).map(untold).sum();
    let one_in = times.div_ceil(MOST_TIMES).max(1);
    for ((name, _, from, time), told) in TIMES.iter().zip(told) {
        let histogram = histogram!(*name, from_labels(labels, *from).iter());
        time(one).since(told, one_in, |time, count| {
            histogram.record_many(time.as_secs_f64(), usize::try_from(count).unwrap_or(usize::MAX));
        });
    }
}

fn from_labels(labels: &[Label; 2], from: Option<&'static str>) -> Vec<Label> {
    let from = from.map(|from| Label::from_static_parts("from", from));
    labels.iter().cloned().chain(from).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a gauge of counts this large needs no more digits")]
fn gauges() {
    let status = status();
    gauge!("cache.entries").set(status.entries as f64);
    gauge!("cache.size").set(status.bytes as f64);
    gauge!("cache.fills_running").set(status.fills as f64);
    if let Some(redis) = status.redis {
        gauge!("cache.connected").set(if redis.connected { 1.0 } else { 0.0 });
        gauge!("cache.journal").set(redis.journal as f64);
    }
}

/// Each time, for a recorder that was not there before.
fn describe() {
    for (name, what, _) in COUNTS {
        describe_counter!(name, Unit::Count, what);
    }
    describe_counter!("cache.hit", Unit::Count, "Calls answered from the cache");
    for (name, what, ..) in TIMES {
        describe_histogram!(name, Unit::Seconds, what);
    }
    describe_gauge!("cache.entries", Unit::Count, "Entries in this process");
    describe_gauge!("cache.size", Unit::Bytes, "Bytes in this process");
    describe_gauge!("cache.fills_running", Unit::Count, "Bodies that are running");
    describe_gauge!("cache.connected", "Whether Redis is used at the moment");
    describe_gauge!("cache.journal", Unit::Count, "Invalidations that wait for Redis");
}
