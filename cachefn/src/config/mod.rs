//! What the process is told at start: the environment, or the same names set in code.
//!
//! ```text
//! environment ─┐
//! from_lookup ─┼─> parse (pure, collects all faults) ─> Config
//! builder ─────┘
//! ```

mod builder;
mod parse;
mod reader;
mod redis;
mod socket;
mod values;

use std::fmt;
use std::time::Duration;

pub use builder::ConfigBuilder;
pub use redis::RedisConfig;

use cachefn_backends::clock::Clock;

use crate::error::Error;

/// How this process caches. `Debug` shows no password and no secret.
///
/// ```
/// use cachefn::Config;
///
/// let config = Config::from_lookup(|name| match name {
///     "CACHE_ENABLED" => Some("true".into()),
///     "CACHE_DEFAULT_TTL" => Some("5m".into()),
///     _ => None,
/// })?;
/// assert!(config.enabled());
/// # Ok::<(), cachefn::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    enabled: bool,
    default_ttl: Duration,
    prefix: String,
    max_bytes: u64,
    near: bool,
    fallback_ttl: Duration,
    secret: Option<String>,
    redis: Option<RedisConfig>,
    warnings: Vec<String>,
    /// What entries live by.
    pub(crate) clock: Clock,
    /// Whether memory's values go through their codecs.
    #[cfg(feature = "test-util")]
    pub(crate) strict: bool,
    /// What stands for Redis.
    #[cfg(feature = "test-util")]
    faulty: Option<crate::testing::FaultyBackend>,
}

impl Config {
    /// Reads the environment of the process.
    ///
    /// # Errors
    ///
    /// All faults at once, each with the name of its variable.
    pub fn from_env() -> Result<Self, Error> {
        parse::config(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Reads the variables through `lookup` instead of the environment.
    ///
    /// # Errors
    ///
    /// All faults at once, each with the name of its variable.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        parse::config(lookup)
    }

    /// Sets in code what the environment would say. Nothing is read from the environment.
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::new()
    }

    /// `CACHE_ENABLED`: whether anything is cached at all.
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// `CACHE_DEFAULT_TTL`: the time to live where a function says nothing.
    pub fn default_ttl(&self) -> Duration {
        self.default_ttl
    }

    /// `CACHE_PREFIX`: the first part of every key.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// `CACHE_MAX_BYTES`: the bound of the in-process memory, in bytes: keys, values, groups and the cache's own tables.
    /// Fields of values with `#[serde(skip)]` cannot be seen and are not counted.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// `CACHE_NEAR`: whether memory may answer for Redis, which tells it what changes.
    pub fn near(&self) -> bool {
        self.near
    }

    /// `CACHE_FALLBACK_TTL`: the longest life of an entry filled while Redis is away.
    pub fn fallback_ttl(&self) -> Duration {
        self.fallback_ttl
    }

    /// Whether `CACHE_SECRET` is set.
    pub fn has_secret(&self) -> bool {
        self.secret.is_some()
    }

    pub(crate) fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// Redis, if `CACHE_ENABLED` is set, and `REDIS_ENABLED` or `CACHE_DRIVER=redis`.
    pub fn redis(&self) -> Option<&RedisConfig> {
        self.redis.as_ref().filter(|_| self.enabled)
    }

    /// What stands for Redis, in tests.
    #[cfg(feature = "test-util")]
    pub(crate) fn faulty(&self) -> Option<&crate::testing::FaultyBackend> {
        self.faulty.as_ref().filter(|_| self.enabled)
    }

    /// Whether keys leave the process.
    pub(crate) fn is_shared(&self) -> bool {
        #[cfg(feature = "test-util")]
        if self.faulty.is_some() {
            return true;
        }
        self.redis().is_some()
    }

    /// What is odd about the configuration, though it can be used.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl Default for Config {
    /// What an empty environment says: nothing is cached.
    fn default() -> Self {
        Self::from_lookup(|_| None).expect("every variable has a default")
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("enabled", &self.enabled)
            .field("default_ttl", &self.default_ttl)
            .field("prefix", &self.prefix)
            .field("max_bytes", &self.max_bytes)
            .field("near", &self.near)
            .field("fallback_ttl", &self.fallback_ttl)
            .field("secret", &self.secret.as_ref().map(|_| "***"))
            .field("redis", &self.redis)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "redis"))]
mod tests;
