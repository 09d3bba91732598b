//! What every function has done so far, counted.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::global::{self, room};
use crate::identity::Identity;
use crate::latency::Latency;
use crate::site::Site;

/// The counters of one function.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Hits for which Redis was asked.
    pub(crate) redis_hits: Counter,
    pub(crate) stale: Counter,
    pub(crate) misses: Counter,
    pub(crate) invalidated: Counter,
    pub(crate) unreadable: Counter,
    pub(crate) collapsed: Counter,
    pub(crate) fills: Counter,
    pub(crate) errors: Counter,
    pub(crate) refused: Counter,
    pub(crate) unfit: Counter,
    pub(crate) unstored: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

/// What all functions have done since the process started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Every cached function that was called at least once while caching was on, by path.
    pub functions: Vec<FunctionStats>,
    /// Entries in this process; dead ones count until they are reclaimed.
    pub entries: u64,
    /// Bytes in this process, as they count against `CACHE_MAX_BYTES`.
    pub bytes: u64,
}

/// What one function has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FunctionStats {
    /// Its path, `app::users::get_user`.
    pub function: String,
    /// Its namespace as it is written.
    pub namespace: String,
    /// Calls answered from the cache.
    pub hits: u64,
    /// Of these, calls for which Redis was asked: they have waited for it, whatever it answered. Memory alone has answered
    /// the others.
    pub redis_hits: u64,
    /// Calls answered with a value past its life: at once, while it is refreshed, which are hits too; or because the body
    /// failed or took too long, which are misses too.
    pub stale: u64,
    /// Calls that found nothing usable.
    pub misses: u64,
    /// Misses that found an entry which the invalidation of a group has struck. One of a key leaves nothing to find.
    pub invalidated: u64,
    /// Misses that found what is not this function's, or cannot be read: another type's, another version's, damaged.
    pub unreadable: u64,
    /// Misses that were answered by another call's body.
    pub collapsed: u64,
    /// Values stored, by misses and by refreshes; a refresh is neither a hit nor a miss.
    pub fills: u64,
    /// Bodies that failed.
    pub errors: u64,
    /// Values not stored, because an invalidation or a later fill came between.
    pub refused: u64,
    /// Calls or values that cannot be cached: a key that does not serialize, a value that does not
    /// encode or is too large.
    pub unfit: u64,
    /// Values not stored because a rule says so: `when`, `none`, or what a response or its request says.
    pub unstored: u64,
    /// How long hits took, those from memory and those from Redis together.
    pub lookup: Latency,
    /// How long hits from memory took; one in 64 is measured, and counts for as many.
    pub memory_lookup: Latency,
    /// How long hits took for which Redis was asked.
    pub redis_lookup: Latency,
    /// How long bodies took, those that failed included.
    pub body: Latency,
}

impl Stats {
    /// All functions together.
    pub fn total(&self) -> FunctionStats {
        let start = FunctionStats { function: "total".into(), ..FunctionStats::default() };
        self.functions.iter().fold(start, FunctionStats::plus)
    }

    /// The function of this path, or of this path's end: `get_user`, `users::get_user`.
    pub fn function(&self, path: &str) -> Option<&FunctionStats> {
        self.functions.iter().find(|one| is_named(&one.function, path))
    }
}

impl FunctionStats {
    /// The share of calls answered from the cache, 0 to 1; 0 without calls.
    #[expect(clippy::cast_precision_loss, reason = "a rate of counts this large needs no more digits")]
    pub fn hit_rate(&self) -> f64 {
        match self.hits + self.misses {
            0 => 0.0,
            calls => self.hits as f64 / calls as f64,
        }
    }

    fn plus(mut self, other: &Self) -> Self {
        self.hits += other.hits;
        self.redis_hits += other.redis_hits;
        self.stale += other.stale;
        self.misses += other.misses;
        self.invalidated += other.invalidated;
        self.unreadable += other.unreadable;
        self.collapsed += other.collapsed;
        self.fills += other.fills;
        self.errors += other.errors;
        self.refused += other.refused;
        self.unfit += other.unfit;
        self.unstored += other.unstored;
        self.lookup.plus(&other.lookup);
        self.memory_lookup.plus(&other.memory_lookup);
        self.redis_lookup.plus(&other.redis_lookup);
        self.body.plus(&other.body);
        self
    }
}

/// A counter for what happens so often that threads would wait for each other: each thread counts in one of several
/// cells, which share no cache line.
#[derive(Debug)]
pub(crate) struct Sharded(Box<[Padded]>);

/// 128 bytes: processors fetch lines of 64 in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded(Counter);

/// The number of a thread that has counted nothing yet.
const NAMELESS: usize = usize::MAX;

thread_local! {
    /// The number of this thread, by which it finds its cell.
    static THREAD: Cell<usize> = const { Cell::new(NAMELESS) };
    /// What this thread draws by.
    static CHANCE: Cell<u64> = const { Cell::new(0x853c_49e6_748f_ea9b) };
}

/// How many hits from memory one measurement stands for.
pub(crate) const SAMPLE_WEIGHT: u64 = 64;

/// The time, if this call is one of those that are measured: a look at the clock costs as much as the rest of a hit.
/// Which ones is left to chance, for calls may come in turns.
#[inline]
pub(crate) fn sampled() -> Option<Instant> {
    one_in_64().then(Instant::now)
}

/// Draws, by the highest bits of Knuth's linear congruential generator ("The Art of Computer Programming", 3.3.4): a hit
/// takes 45 instructions less than with `fastrand`, whose state has to be looked for. That threads draw alike is no harm.
#[inline]
fn one_in_64() -> bool {
    let next = CHANCE.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    CHANCE.set(next);
    next >> 58 == 0
}

impl Sharded {
    /// As many cells as there are processors, 64 at most.
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let cells = processors.min(64).next_power_of_two();
        Self((0..cells).map(|_| Padded::default()).collect())
    }

    #[inline]
    pub(crate) fn count(&self) {
        let thread = match THREAD.get() {
            NAMELESS => number(),
            thread => thread,
        };
        self.0[thread & (self.0.len() - 1)].0.count();
    }

    fn get(&self) -> u64 {
        self.0.iter().map(|cell| cell.0.get()).sum()
    }
}

/// Numbers a thread that counts for the first time.
#[cold]
fn number() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);

    let thread = THREADS.fetch_add(1, Ordering::Relaxed);
    THREAD.set(thread);
    thread
}

impl Counter {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

static SITES: Mutex<Vec<&'static Site>> = Mutex::new(Vec::new());

/// Lists a site at its first call.
pub(crate) fn register(site: &'static Site) {
    SITES.lock().unwrap_or_else(PoisonError::into_inner).push(site);
}

/// The functions that were called.
pub(crate) fn identities() -> Vec<&'static Identity> {
    room::functions().unwrap_or_else(|| {
        let sites = SITES.lock().unwrap_or_else(PoisonError::into_inner).clone();
        sites.into_iter().filter_map(Site::identity).collect()
    })
}

/// Whether `name` is a path, or its end: `get_user`, `users::get_user`.
pub(crate) fn is_named(path: &str, name: &str) -> bool {
    path.strip_suffix(name).is_some_and(|head| head.is_empty() || head.ends_with("::"))
}

/// What all functions have done since the process started, at the price of a walk over them.
pub fn stats() -> Stats {
    let known = identities();
    let mut functions: Vec<FunctionStats> = Vec::new();
    for one in known.into_iter().map(read) {
        match functions.iter_mut().find(|known| known.function == one.function) {
            Some(known) => *known = std::mem::take(known).plus(&one),
            None => functions.push(one),
        }
    }
    functions.sort_by(|a, b| a.function.cmp(&b.function));
    let (entries, bytes) =
        global::in_place().map_or((0, 0), |cache| (cache.memory.entries(), cache.memory.bytes()));
    Stats { functions, entries, bytes }
}

fn read(identity: &Identity) -> FunctionStats {
    let counters = &identity.counters;
    let (memory_lookup, redis_lookup) = (identity.memory_lookups.latency(), identity.redis_lookups.latency());
    let mut lookup = memory_lookup.clone();
    lookup.plus(&redis_lookup);
    let redis_hits = counters.redis_hits.get();
    FunctionStats {
        function: identity.path.clone(),
        namespace: identity.namespace_label().to_owned(),
        hits: identity.memory_hits.get() + redis_hits,
        redis_hits,
        stale: counters.stale.get(),
        misses: counters.misses.get(),
        invalidated: counters.invalidated.get(),
        unreadable: counters.unreadable.get(),
        collapsed: counters.collapsed.get(),
        fills: counters.fills.get(),
        errors: counters.errors.get(),
        refused: counters.refused.get(),
        unfit: counters.unfit.get(),
        unstored: counters.unstored.get(),
        lookup,
        memory_lookup,
        redis_lookup,
        body: identity.bodies.latency(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_64_is_measured_also_of_calls_that_come_in_turns() {
        for turns in [1, 2, 3, 7, 64, 128] {
            let measured = (0..64_000 * turns).filter(|number| one_in_64() && number % turns == 0).count();
            assert!((850..1150).contains(&measured), "{measured} of 64 000, which are every {turns}th");
        }
    }

    #[test]
    fn threads_count_in_one_number_and_where_there_is_room_in_cells_of_their_own() {
        let counter = Sharded((0..64).map(|_| Padded::default()).collect());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..1_000).for_each(|_| counter.count()));
            }
        });
        assert_eq!(counter.get(), 8_000);
        assert!(counter.0.iter().filter(|cell| cell.0.get() > 0).count() > 1);
    }
}
