//! What recorders of the `metrics` facade are told.

use std::time::Duration;

use cachefn::testing::{FaultyBackend, isolated};
use cachefn::{Config, cached};
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
    let of = |name: &str| format!("{name} function=testing::metrics::get,namespace=metrics:{{tenant}}");
    assert_eq!(told[&(of("cache.hit") + ",from=memory")], DebugValue::Counter(2));
    assert_eq!(told[&(of("cache.hit") + ",from=redis")], DebugValue::Counter(0));
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

#[cached(namespace = "metrics-mixture", key = id)]
async fn mixed(id: u64) -> u64 {
    id
}

/// One hit asks a Redis that takes 40 ms, and two thousand are answered by memory.
async fn mixture(backend: &FaultyBackend) {
    let process = || Config::builder().enabled(true).backend(backend).build().unwrap();
    isolated(process(), mixed(1)).await;
    isolated(process(), async {
        backend.delay(Duration::from_millis(40));
        mixed(1).await;
        backend.fail();
        for _ in 0..2_001 {
            mixed(1).await;
        }
        let stats = cachefn::stats().function("metrics::mixed").cloned().expect("it was called");
        assert_eq!((stats.hits, stats.redis_hits, stats.misses), (2_001, 1, 1));
        let redis = &stats.redis_lookup;
        assert!(redis.count() == 1 && redis.p50() >= Some(Duration::from_millis(40)), "{:?}", redis.p50());
        let memory = &stats.memory_lookup;
        assert!(memory.p99() < Some(Duration::from_millis(40)), "{:?}", memory.p99());
        assert_eq!(stats.lookup.count(), memory.count() + 1);
        assert_eq!(stats.lookup.p99(), memory.p99(), "one of two thousand is not one of a hundred");
        published(&stats);
    })
    .await;
}

fn published(stats: &cachefn::FunctionStats) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, cachefn::metrics::publish);
    let told = taken(&snapshotter);
    let from = |name: &str, from: &str| {
        let labels = "function=testing::metrics::mixed,namespace=metrics-mixture";
        &told[&format!("{name} {labels},from={from}")]
    };
    assert_eq!(*from("cache.hit", "memory"), DebugValue::Counter(2_000));
    assert_eq!(*from("cache.hit", "redis"), DebugValue::Counter(1));
    for (store, latency) in [("memory", &stats.memory_lookup), ("redis", &stats.redis_lookup)] {
        let DebugValue::Histogram(times) = from("cache.lookup_time", store) else { panic!("a histogram") };
        assert_eq!(times.len() as u64, latency.count(), "{store}");
    }
}

#[tokio::test]
async fn hits_from_memory_and_from_redis_are_told_apart_and_weighed() {
    mixture(&FaultyBackend::new().timeout(Duration::from_secs(10))).await;
}
