//! What recorders of the `metrics` facade are told.

use cachefn::cached;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use std::collections::BTreeMap;

use super::Runs;

#[cached(namespace = "metrics:{tenant}", key = id)]
async fn get(tenant: &str, id: u64, runs: &Runs) -> Result<u32, u32> {
    let run = runs.next();
    if id == 0 { Err(run) } else { Ok(run) }
}

/// Everything that was recorded, by name and labels.
fn taken(snapshotter: &Snapshotter) -> BTreeMap<String, DebugValue> {
    let metrics = snapshotter.snapshot().into_vec().into_iter();
    metrics
        .map(|(key, _, _, value)| {
            let key = key.key();
            let labels: Vec<_> =
                key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            (format!("{} {}", key.name(), labels.join(",")), value)
        })
        .collect()
}

#[cachefn::test]
async fn a_recorder_is_told_what_was_counted_and_nothing_of_arguments() {
    let (recorder, runs) = (DebuggingRecorder::new(), Runs::default());
    let snapshotter = recorder.snapshotter();
    let publish = || metrics::with_local_recorder(&recorder, cachefn::metrics::publish);
    for _ in 0..3 {
        get("secret", 1, &runs).await.unwrap();
    }
    get("secret", 0, &runs).await.unwrap_err();
    publish();
    let told = taken(&snapshotter);
    let of = |name: &str| format!("{name} function=testing::metrics::get,namespace=(template)");
    assert_eq!(told[&of("cache.hit")], DebugValue::Counter(2));
    assert_eq!(told[&of("cache.miss")], DebugValue::Counter(2));
    assert_eq!(told[&of("cache.fill")], DebugValue::Counter(1));
    assert_eq!(told[&of("cache.error")], DebugValue::Counter(1));
    assert_eq!(told["cache.entries "], DebugValue::Gauge(1.0.into()));
    assert!(matches!(told["cache.size "], DebugValue::Gauge(bytes) if *bytes > 600.0));
    let DebugValue::Histogram(times) = &told[&of("cache.origin_time")] else { panic!("it is a histogram") };
    assert_eq!(times.len(), 2);
    assert!(times.iter().all(|time| **time > 0.0 && **time < 10.0), "{times:?} in seconds");
    assert!(!told.keys().any(|key| key.contains("secret") || key.contains("cache.journal")), "{told:?}");

    get("secret", 2, &runs).await.unwrap();
    publish();
    let told = taken(&snapshotter);
    assert_eq!(told[&of("cache.miss")], DebugValue::Counter(3));
    let DebugValue::Histogram(times) = &told[&of("cache.origin_time")] else { panic!("it is a histogram") };
    assert_eq!(times.len(), 1, "each time is told once");
}
