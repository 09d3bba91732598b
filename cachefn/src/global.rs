//! The one cache of the process: made once, looked at by every call.

pub(crate) mod room;

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use cachefn_backends::life::Life;
use cachefn_backends::memory::Memory;
use cachefn_backends::place::Target;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::call::MOST_IN_BACKGROUND;
use crate::config::Config;
use crate::error::Error;
use crate::event;
use crate::flight::Flights;
use crate::given::Given;
use crate::remote::{Ack, Link, Redis, server};
use crate::turns::Turns;

/// Everything that calls share.
pub(crate) struct Cache {
    pub(crate) memory: Memory,
    pub(crate) redis: Option<Redis>,
    pub(crate) flights: Flights,
    /// Bodies that go on in the background.
    background: Arc<Semaphore>,
    pub(crate) turns: Turns,
    pub(crate) given: Given,
    pub(crate) prefix: String,
    default_ttl: Duration,
    fallback_ttl: Duration,
    secret: Option<Secret>,
    #[cfg(feature = "test-util")]
    strict: bool,
    /// What strict calls were keyed by.
    #[cfg(feature = "test-util")]
    keys: crate::testing::Keys,
}

/// What sensitive keys are hidden with. Without `Debug`.
struct Secret(Box<[u8]>);

const UNSET: u8 = 0;
const OFF: u8 = 1;
/// On, with the first cache of the process.
const FIRST: u8 = 2;
/// On, with another.
const LATER: u8 = 3;

static SWITCH: AtomicU8 = AtomicU8::new(UNSET);
static CACHE: ArcSwapOption<Cache> = ArcSwapOption::const_empty();
/// Lasts as long as the process; once it is ended it is empty.
static FIRST_CACHE: OnceLock<Arc<Cache>> = OnceLock::new();
/// Held while the cache is made or ended; says whether that was asked for by name.
static EXPLICIT: Mutex<bool> = Mutex::new(false);

/// Whether calls are to run as if they were not annotated. One relaxed load.
#[inline]
pub(crate) fn is_off() -> bool {
    if !cfg!(feature = "enabled") {
        return true;
    }
    if room::is_here() { room::cache().is_none() } else { SWITCH.load(Ordering::Relaxed) == OFF }
}

/// The cache, if it is the first of the process, as nearly always: nobody else needs to be told that it is in use.
#[inline]
pub(crate) fn first() -> Option<&'static Arc<Cache>> {
    if !room::is_here() && SWITCH.load(Ordering::Acquire) == FIRST { FIRST_CACHE.get() } else { None }
}

/// The cache, unless caching is off. The first call of a process that did not initialize reads the environment.
pub(crate) fn current() -> Option<Arc<Cache>> {
    if room::is_here() {
        return room::cache();
    }
    if SWITCH.load(Ordering::Acquire) == UNSET {
        read_environment();
    }
    CACHE.load_full()
}

/// Sets the cache up as the environment says. Once it is set up, doing it again changes nothing.
///
/// With Redis it waits for the first attempt to connect, a second at most; when that fails, memory
/// serves until Redis is there.
///
/// # Errors
///
/// Every fault of the environment at once, each with the name of its variable. Redis being away is
/// no error.
///
/// # Cancel safety
///
/// Dropping the future leaves the cache set up.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), cachefn::Error> {
/// cachefn::init().await?;
/// # Ok(())
/// # }
/// ```
pub async fn init() -> Result<(), Error> {
    if room::is_here() {
        return Ok(());
    }
    let config = Config::from_env()?;
    let redis = {
        let mut explicit = lock_explicit();
        // What the first call has set up is the environment's already.
        let done = *explicit || matches!(SWITCH.load(Ordering::Acquire), FIRST | LATER);
        *explicit = true;
        if done { in_place().and_then(|cache| cache.redis.clone()) } else { set_up(&config) }
    };
    wait_for(redis).await;
    Ok(())
}

/// Sets the cache up as `config` says.
///
/// # Errors
///
/// [`Error::is_already_initialized`] if `init` or `init_with` was called before and
/// [`shutdown`](crate::shutdown) was not called since.
///
/// # Cancel safety
///
/// Dropping the future leaves the cache set up.
pub async fn init_with(config: Config) -> Result<(), Error> {
    if room::is_here() {
        return Ok(());
    }
    let redis = {
        let mut explicit = lock_explicit();
        if *explicit {
            return Err(Error::already_initialized());
        }
        *explicit = true;
        set_up(&config)
    };
    wait_for(redis).await;
    Ok(())
}

/// Ends the cache: invalidations that are on their way are waited for, for as long as `REDIS_TIMEOUT`,
/// the connection is closed, the memory is given back. From then on calls run as if they were not
/// annotated, until the cache is initialized again, and invalidations reach nobody: other processes that share the
/// Redis keep what they have. So end what writes first. Bodies that run in the background go on; what they return is not
/// stored.
pub async fn shutdown() {
    if room::is_here() {
        return;
    }
    let cache = {
        let mut explicit = lock_explicit();
        *explicit = false;
        SWITCH.store(OFF, Ordering::Release);
        CACHE.swap(None)
    };
    if let Some(cache) = cache {
        if let Some(redis) = &cache.redis {
            redis.shutdown().await;
        }
        cache.give_back();
    }
}

/// The cache as it stands, if there is one: nothing is read, nothing is set up.
pub(crate) fn in_place() -> Option<Arc<Cache>> {
    if room::is_here() { room::cache() } else { CACHE.load_full() }
}

pub(crate) async fn wait_for(redis: Option<Redis>) {
    if let Some(redis) = redis {
        redis.settled().await;
    }
}

fn read_environment() {
    let mut explicit = lock_explicit();
    if SWITCH.load(Ordering::Acquire) != UNSET {
        return;
    }
    match Config::from_env() {
        Ok(config) => drop(set_up(&config)),
        Err(error) => {
            event::bad_environment(&error);
            SWITCH.store(OFF, Ordering::Release);
        }
    }
    *explicit = false;
}

/// Puts the cache in place; the answer is the Redis to wait for.
fn set_up(config: &Config) -> Option<Redis> {
    config.warnings().iter().for_each(|warning| event::odd_configuration(warning));
    if !config.enabled() || !cfg!(feature = "enabled") {
        SWITCH.store(OFF, Ordering::Release);
        retire(CACHE.swap(None));
        event::initialized("disabled");
        return None;
    }
    // Before there is another, which makes up for what this one could not tell.
    if let Some(redis) = in_place().and_then(|cache| cache.redis.clone()) {
        redis.close();
    }
    let cache = Arc::new(Cache::new(config));
    let redis = cache.redis.clone();
    if FIRST_CACHE.get().is_some() {
        // Before the swap: calls must not find one cache while invalidations find the other.
        SWITCH.store(LATER, Ordering::Release);
    }
    retire(CACHE.swap(Some(Arc::clone(&cache))));
    let is_first = FIRST_CACHE.set(cache).is_ok();
    SWITCH.store(if is_first { FIRST } else { LATER }, Ordering::Release);
    event::initialized(if redis.is_some() { "redis" } else { "memory" });
    redis
}

/// A cache that the first call had set up is replaced when the program initializes by name.
fn retire(cache: Option<Arc<Cache>>) {
    let Some(cache) = cache else { return };
    cache.give_back();
    if let Some(redis) = cache.redis.clone() {
        cachefn_backends::background::handle().spawn(async move { redis.shutdown().await });
    }
}

fn lock_explicit() -> std::sync::MutexGuard<'static, bool> {
    EXPLICIT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cache {
    pub(crate) fn new(config: &Config) -> Self {
        let memory = Memory::new(config.max_bytes(), config.clock.clone());
        let redis = start_redis(config, &memory);
        Self {
            memory,
            redis,
            flights: Flights::new(),
            background: Arc::new(Semaphore::new(MOST_IN_BACKGROUND)),
            turns: Turns::new(),
            given: Given::default(),
            prefix: config.prefix().to_owned(),
            default_ttl: config.default_ttl(),
            fallback_ttl: config.fallback_ttl(),
            secret: secret(config),
            #[cfg(feature = "test-util")]
            strict: config.strict,
            #[cfg(feature = "test-util")]
            keys: crate::testing::Keys::default(),
        }
    }

    /// Gives the memory back. The first cache of the process itself stays.
    fn give_back(&self) {
        self.memory.clear();
        self.memory.reclaim();
    }

    /// Redis, while it is connected and trusted. All steps taken through one link share its deadline.
    pub(crate) fn link(&self) -> Option<Link> {
        self.redis.as_ref().and_then(Redis::link)
    }

    /// The same, for a call that has waited for Redis so long.
    pub(crate) fn link_after(&self, spent: Duration) -> Option<Link> {
        self.redis.as_ref().and_then(|redis| redis.link_after(spent))
    }

    /// Whether there is a link.
    #[inline]
    pub(crate) fn is_linked(&self) -> bool {
        self.redis.as_ref().is_some_and(Redis::is_linked)
    }

    /// Whether memory is what answers: there is no Redis, or memory speaks for it, or it is away.
    #[inline]
    pub(crate) fn reads_memory(&self) -> bool {
        match &self.redis {
            None => true,
            Some(redis) => redis.is_near() || !redis.is_linked(),
        }
    }

    /// Whether memory may ever speak for Redis.
    pub(crate) fn may_be_near(&self) -> bool {
        self.redis.as_ref().is_some_and(Redis::may_be_near)
    }

    /// Whether what Redis has may stand in memory too.
    pub(crate) fn is_near(&self) -> bool {
        self.redis.as_ref().is_some_and(Redis::is_near)
    }

    /// What sensitive keys are hidden with: the same in all processes that share them.
    pub(crate) fn secret(&self) -> Option<&[u8]> {
        self.secret.as_ref().map(|secret| &*secret.0)
    }

    /// How long a value lives that asks for `ttl`.
    pub(crate) fn life(&self, ttl: Option<Duration>) -> Duration {
        ttl.unwrap_or(self.default_ttl)
    }

    /// How long a value lives in this process that asks for `life`: while Redis is away, not so long
    /// that other processes' invalidations are missed for more than a moment.
    pub(crate) fn life_in_memory(&self, life: Life) -> Life {
        if self.redis.is_some() { life.at_most(self.fallback_ttl) } else { life }
    }

    /// Invalidates `targets` in this process, and has Redis told, which is under way or in the journal when this returns.
    pub(crate) fn invalidate(&self, targets: &[Target]) -> Option<Ack> {
        self.invalidate_by(targets, || Some(self.redis.as_ref()?.invalidate(targets.to_vec())))
    }

    /// Invalidates `targets` here, and by `tell` elsewhere.
    ///
    /// Memory comes last: until Redis is told, what it shows may be read once more and put into memory. Values that are
    /// given are struck before, too: one that is given in between is announced to Redis after this.
    fn invalidate_by<T>(&self, targets: &[Target], tell: impl FnOnce() -> T) -> T {
        for target in targets {
            self.given.strike(target);
        }
        let told = tell();
        for target in targets {
            self.given.strike(target);
            self.memory.invalidate(target);
        }
        told
    }

    /// What Redis has of a key, if it can be reached or as soon as it can, is older than what is known here. It is sent,
    /// or in the journal, when this returns.
    pub(crate) fn disown(&self, key: &Arc<str>) -> Option<Ack> {
        let redis = self.redis.as_ref()?;
        Some(redis.invalidate(vec![Target::Key(Arc::clone(key))]))
    }

    /// Whether memory's values go through their codecs, which is for tests.
    #[cfg(feature = "test-util")]
    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Where keys are compared, which is for tests.
    #[cfg(feature = "test-util")]
    pub(crate) fn strict_keys(&self) -> Option<&crate::testing::Keys> {
        self.strict.then_some(&self.keys)
    }

    /// Room for a body in the background.
    pub(crate) fn room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.background).try_acquire_owned().ok()
    }
}

/// The one that is set. Without Redis keys do not leave the process, and one made up for it will do.
fn secret(config: &Config) -> Option<Secret> {
    let made_up = || {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).expect("the operating system provides random numbers");
        Secret(secret.into())
    };
    match config.secret() {
        Some(secret) => Some(Secret(secret.as_bytes().into())),
        None => (!config.is_shared()).then(made_up),
    }
}

#[cfg(not(feature = "test-util"))]
fn start_redis(config: &Config, memory: &Memory) -> Option<Redis> {
    start_server(config, memory)
}

#[cfg(feature = "test-util")]
fn start_redis(config: &Config, memory: &Memory) -> Option<Redis> {
    match config.faulty() {
        Some(faulty) => Some(Redis::faulty(faulty, config.prefix(), memory.clone())),
        None => start_server(config, memory).map(Redis::Server),
    }
}

#[cfg(feature = "redis")]
fn start_server(config: &Config, memory: &Memory) -> Option<server::Redis> {
    let mut settings = config.redis()?.settings(config.prefix(), config.near());
    settings.secret_check = config.secret().map(|secret| crate::key::check_value(secret.as_bytes()));
    Some(server::Redis::start(settings, crate::remote::Follows(memory.clone())))
}

#[cfg(not(feature = "redis"))]
fn start_server(_: &Config, _: &Memory) -> Option<server::Redis> {
    None
}

#[cfg(all(test, not(cachefn_model)))]
mod tests {
    use cachefn_backends::place::{Group, Lineage, Place};

    use super::*;

    #[test]
    fn what_begins_before_redis_is_told_is_struck_too() {
        let cache = Cache::new(&Config::builder().enabled(true).build().unwrap());
        let place = || Place::new("users:7", Lineage::new("users", "f", [Group::tag("org:1")]));
        for target in [Target::Key("users:7".into()), Target::Group(Group::tag("org:1"))] {
            // As other threads would meanwhile.
            let meanwhile = || (cache.memory.begin_reading(&place()), cache.given.begin(place()));
            let (reading, given) = cache.invalidate_by(std::slice::from_ref(&target), meanwhile);
            assert!(!reading.is_current(), "{target:?}");
            assert!(!given.lasts(), "{target:?}");
            cache.given.end(&given);
        }
    }

    #[test]
    fn a_value_that_is_given_before_redis_is_told_is_struck_when_it_is() {
        let cache = Cache::new(&Config::builder().enabled(true).build().unwrap());
        let given = cache.given.begin(Place::new("users:7", Lineage::new("users", "f", [])));
        let lasts = cache.invalidate_by(&[Target::Key("users:7".into())], || given.lasts());
        assert!(!lasts);
    }
}
