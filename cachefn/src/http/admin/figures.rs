//! What the cache has done, and how it stands.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use cachefn_backends::background;
use cachefn_backends::memory::Share;
use serde::Serialize;

use super::find;
use super::query::Query;
use super::reply::Refusal;
use crate::advice::Advice;
use crate::global::{self, Cache};
use crate::identity::Identity;
use crate::latency::Latency;

use crate::stats::{self, FunctionStats};
use crate::status::{Mode, status};

/// For so long what a walk over the memory has shown is as good as another one.
const CENSUS_LASTS: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Figures {
    total: Counts,
    functions: Vec<Row>,
    memory: MemorySize,
}

#[derive(Serialize)]
struct Row {
    function: String,
    namespace: String,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
struct Counts {
    hits: u64,
    hits_from: ByStore<u64>,
    misses: u64,
    /// What the misses have found.
    reasons: Reasons,
    stale: u64,
    collapsed: u64,
    fills: u64,
    errors: u64,
    refused: u64,
    unfit: u64,
    hit_rate: f64,
    lookup_ms: Quantiles,
    lookup_ms_from: ByStore<Quantiles>,
    body_ms: Quantiles,
    /// In this process.
    entries: u64,
    bytes: u64,
}

/// By what has answered a hit: memory alone, or Redis, which was asked.
#[derive(Serialize)]
struct ByStore<T> {
    memory: T,
    redis: T,
}

#[derive(Serialize)]
struct Reasons {
    absent: u64,
    invalidated: u64,
    unreadable: u64,
}

#[derive(Serialize)]
struct Quantiles {
    p50: Option<f64>,
    p99: Option<f64>,
}

#[derive(Serialize)]
struct MemorySize {
    entries: u64,
    bytes: u64,
    /// `CACHE_MAX_BYTES`.
    max_bytes: u64,
}

/// `GET /stats`
pub(super) async fn stats(query: Query) -> Result<Response, Refusal> {
    let [] = query.take([])?;
    let (stats, cache) = (stats::stats(), global::in_place());
    let shares = match &cache {
        Some(cache) => shares(cache).await,
        None => HashMap::new(),
    };
    let share = |path: &str| shares.get(path).copied().unwrap_or_default();
    let max_bytes = cache.map_or(0, |cache| cache.memory.bound());
    let all = Share { entries: stats.entries, bytes: stats.bytes };
    let total = Counts::of(&stats.total(), all);
    let function = |one: FunctionStats| Row {
        counts: Counts::of(&one, share(&one.function)),
        function: one.function,
        namespace: one.namespace,
    };
    let functions = stats.functions.into_iter().map(function).collect();
    let memory = MemorySize { entries: all.entries, bytes: all.bytes, max_bytes };
    Ok(Json(Figures { total, functions, memory }).into_response())
}

impl Counts {
    fn of(stats: &FunctionStats, share: Share) -> Self {
        let absent = stats.misses.saturating_sub(stats.invalidated + stats.unreadable);
        Self {
            hits: stats.hits,
            hits_from: ByStore {
                memory: stats.hits.saturating_sub(stats.redis_hits),
                redis: stats.redis_hits,
            },
            misses: stats.misses,
            reasons: Reasons { absent, invalidated: stats.invalidated, unreadable: stats.unreadable },
            stale: stats.stale,
            collapsed: stats.collapsed,
            fills: stats.fills,
            errors: stats.errors,
            refused: stats.refused,
            unfit: stats.unfit,
            hit_rate: stats.hit_rate(),
            lookup_ms: Quantiles::of(&stats.lookup),
            lookup_ms_from: ByStore {
                memory: Quantiles::of(&stats.memory_lookup),
                redis: Quantiles::of(&stats.redis_lookup),
            },
            body_ms: Quantiles::of(&stats.body),
            entries: share.entries,
            bytes: share.bytes,
        }
    }
}

impl Quantiles {
    fn of(latency: &Latency) -> Self {
        let millis = |time: Option<Duration>| time.map(|time| time.as_secs_f64() * 1e3);
        Self { p50: millis(latency.p50()), p99: millis(latency.p99()) }
    }
}

/// What each function has in memory, by its path.
async fn shares(cache: &Arc<Cache>) -> HashMap<String, Share> {
    let census = census(cache).await;
    let mut shares: HashMap<_, Share> = HashMap::new();
    for instance in find::known().map(|known| known.instance) {
        let share = census.get(&instance.owner).copied().unwrap_or_default();
        let sum = shares.entry(instance.identity.path.clone()).or_default();
        *sum = Share { entries: sum.entries + share.entries, bytes: sum.bytes + share.bytes };
    }
    shares
}

type Census = Arc<HashMap<TypeId, Share>>;

/// A walk over the memory of a cache, and when it was.
struct Walk {
    of: Weak<Cache>,
    when: Instant,
    census: Census,
}

/// By a walk over the memory on a thread that may wait, however many ask.
async fn census(cache: &Arc<Cache>) -> Census {
    static LAST: Mutex<Option<Walk>> = Mutex::new(None);

    let last = || LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let lasts = |walk: &&Walk| walk.of.as_ptr() == Arc::as_ptr(cache) && walk.when.elapsed() < CENSUS_LASTS;
    let known = last().as_ref().filter(lasts).map(|walk| Arc::clone(&walk.census));
    if let Some(known) = known {
        return known;
    }
    let memory = cache.memory.clone();
    let walk = background::handle().spawn_blocking(move || memory.census());
    let census: Census = walk.await.unwrap_or_default().into();
    let walk = Walk { of: Arc::downgrade(cache), when: Instant::now(), census: Arc::clone(&census) };
    *last() = Some(walk);
    census
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    mode: &'static str,
    redis: Option<RedisHealth>,
    memory: MemorySize,
    advice: Vec<Finding>,
}

/// What is wrong or wasteful.
#[derive(Serialize)]
struct Finding {
    kind: &'static str,
    function: Option<String>,
    message: String,
}

#[derive(Serialize)]
struct RedisHealth {
    connected: bool,
    state: &'static str,
    address: String,
    /// Invalidations that wait for it.
    journal: usize,
}

/// `GET /health`
pub(super) async fn health(query: Query) -> Result<Response, Refusal> {
    let [] = query.take([])?;
    let status = status();
    let finding =
        |one: Advice| Finding { kind: one.kind.as_str(), function: one.function, message: one.message };
    let advice = status.advice().into_iter().map(finding).collect();
    let redis = status.redis.map(|redis| RedisHealth {
        connected: redis.connected,
        state: redis.state,
        address: redis.address,
        journal: redis.journal,
    });
    let well = redis.as_ref().is_none_or(|redis| redis.connected);
    let mode = match status.mode {
        Mode::Disabled => "disabled",
        Mode::Memory => "memory",
        Mode::Redis => "redis",
    };
    let max_bytes = global::in_place().map_or(0, |cache| cache.memory.bound());
    let memory = MemorySize { entries: status.entries, bytes: status.bytes, max_bytes };
    let (code, word) =
        if well { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "degraded") };
    Ok((code, Json(Health { status: word, mode, redis, memory, advice })).into_response())
}

/// A function with its arguments to `#[cached]`; times in seconds, what is absent is `null`.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is an argument that is there or not")]
struct Arguments {
    function: String,
    namespace: String,
    /// Whether the key is a template.
    template: bool,
    expire: Option<f64>,
    none: Option<f64>,
    jitter: Option<f64>,
    stale: Option<f64>,
    stale_if_error: Option<f64>,
    refresh_ahead: Option<f64>,
    timeout: Option<f64>,
    version: u64,
    sensitive: bool,
    lease: bool,
    tags: bool,
    tags_with: bool,
    generic: bool,
}

#[derive(Serialize)]
struct Functions {
    functions: Vec<Arguments>,
}

/// `GET /functions`
pub(super) async fn functions(query: Query) -> Result<Response, Refusal> {
    let [] = query.take([])?;
    let mut functions: Vec<_> = stats::identities().into_iter().filter_map(Arguments::of).collect();
    functions.sort_by(|one, other| one.function.cmp(&other.function));
    functions.dedup_by(|one, other| one.function == other.function);
    Ok(Json(Functions { functions }).into_response())
}

impl Arguments {
    fn of(identity: &Identity) -> Option<Self> {
        let known = identity.instances.all();
        let site = known.first()?.instance.site;
        let freshness = &site.freshness;
        let given = |duration: Duration| (!duration.is_zero()).then(|| find::seconds(duration));
        Some(Self {
            function: identity.path.clone(),
            namespace: identity.namespace_label().to_owned(),
            template: site.is_template(),
            expire: site.ttl().map(find::seconds),
            none: site.life_of_none().map(find::seconds),
            jitter: site.written_jitter(),
            stale: given(freshness.stale),
            stale_if_error: given(freshness.stale_if_error),
            refresh_ahead: freshness.refresh_ahead,
            timeout: freshness.timeout.map(find::seconds),
            version: site.written_version(),
            sensitive: site.is_sensitive(),
            lease: site.is_leased(),
            tags: known.iter().any(|known| known.tagged),
            tags_with: site.is_tagged_by_value(),
            generic: identity.generic,
        })
    }
}
