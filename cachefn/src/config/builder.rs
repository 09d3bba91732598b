//! The environment's names, set in code. What is set is judged by the same parser.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use cachefn_backends::clock::Clock;

use super::Config;
use super::parse::{self, name};
use crate::error::Error;

/// Sets in code what the environment would say.
///
/// ```
/// use std::time::Duration;
///
/// let config = cachefn::Config::builder()
///     .enabled(true)
///     .default_ttl(Duration::from_secs(60))
///     .max_bytes(16 << 20)
///     .build()?;
/// assert_eq!(config.max_bytes(), 16 << 20);
/// # Ok::<(), cachefn::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is set until `build` and `init_with`"]
pub struct ConfigBuilder {
    values: BTreeMap<&'static str, String>,
    clock: Clock,
    #[cfg(feature = "test-util")]
    strict: bool,
    #[cfg(feature = "test-util")]
    faulty: Option<crate::testing::FaultyBackend>,
}

impl ConfigBuilder {
    pub(super) fn new() -> Self {
        Self {
            values: BTreeMap::new(),
            clock: Clock::system(),
            #[cfg(feature = "test-util")]
            strict: false,
            #[cfg(feature = "test-util")]
            faulty: None,
        }
    }

    /// `CACHE_ENABLED`.
    pub fn enabled(self, on: bool) -> Self {
        self.set(name::ENABLED, &on)
    }

    /// `CACHE_DEFAULT_TTL`, at least one millisecond.
    pub fn default_ttl(self, ttl: Duration) -> Self {
        self.set(name::DEFAULT_TTL, &humantime::format_duration(ttl))
    }

    /// `CACHE_PREFIX`.
    pub fn prefix(self, prefix: &str) -> Self {
        self.set(name::PREFIX, &prefix)
    }

    /// `CACHE_MAX_BYTES`.
    pub fn max_bytes(self, bytes: u64) -> Self {
        self.set(name::MAX_BYTES, &bytes)
    }

    /// `CACHE_NEAR`.
    pub fn near(self, on: bool) -> Self {
        self.set(name::NEAR, &on)
    }

    /// `CACHE_FALLBACK_TTL`, at least one millisecond.
    pub fn fallback_ttl(self, ttl: Duration) -> Self {
        self.set(name::FALLBACK_TTL, &humantime::format_duration(ttl))
    }

    /// `CACHE_SECRET`.
    pub fn secret(self, secret: &str) -> Self {
        self.set(name::SECRET, &secret)
    }

    /// `CACHE_DRIVER`: `memory` or `redis`. Without it, `REDIS_ENABLED` decides.
    pub fn driver(self, driver: &str) -> Self {
        self.set(name::DRIVER, &driver)
    }

    /// `CACHE_URL`: the address of Redis, in the forms of [`redis_url`](Self::redis_url), which it wins over.
    pub fn url(self, url: &str) -> Self {
        self.set(name::URL, &url)
    }

    /// `REDIS_ENABLED`.
    pub fn redis_enabled(self, on: bool) -> Self {
        self.set(name::REDIS_ENABLED, &on)
    }

    /// `REDIS_URL`, of `redis://`, `rediss://` for TLS, `redis+sentinel://`, or `unix:///path?db=0` for a socket; it wins
    /// over host, port, database, user name and password.
    pub fn redis_url(self, url: &str) -> Self {
        self.set(name::REDIS_URL, &url)
    }

    /// `REDIS_HOST`.
    pub fn redis_host(self, host: &str) -> Self {
        self.set(name::REDIS_HOST, &host)
    }

    /// `REDIS_PORT`.
    pub fn redis_port(self, port: u16) -> Self {
        self.set(name::REDIS_PORT, &port)
    }

    /// `REDIS_DB`.
    pub fn redis_db(self, db: u32) -> Self {
        self.set(name::REDIS_DB, &db)
    }

    /// `REDIS_USERNAME`.
    pub fn redis_username(self, username: &str) -> Self {
        self.set(name::REDIS_USERNAME, &username)
    }

    /// `REDIS_PASSWORD`; any characters.
    pub fn redis_password(self, password: &str) -> Self {
        self.set(name::REDIS_PASSWORD, &password)
    }

    /// `REDIS_CA_FILE`: the path of the certificates, in PEM, of the authorities that `rediss://` trusts instead of
    /// the system's.
    pub fn redis_ca_file(self, path: &str) -> Self {
        self.set(name::REDIS_CA_FILE, &path)
    }

    /// `REDIS_TIMEOUT`, from one millisecond to one minute.
    pub fn redis_timeout(self, timeout: Duration) -> Self {
        self.set(name::REDIS_TIMEOUT, &humantime::format_duration(timeout))
    }

    /// `REDIS_CLUSTER`: whether the server is a node of a cluster, by which the others are found. That needs the feature
    /// `cluster`.
    pub fn redis_cluster(self, on: bool) -> Self {
        self.set(name::REDIS_CLUSTER, &on)
    }

    /// `REDIS_KEEP`: whether entries outlive a change of the server. One that was started from its snapshot, or a replica
    /// that has been promoted, may then bring back what was invalidated, until its time is over.
    pub fn redis_keep(self, on: bool) -> Self {
        self.set(name::REDIS_KEEP, &on)
    }

    /// The clock that entries live by. Redis keeps its own.
    #[cfg(feature = "test-util")]
    pub fn clock(mut self, clock: &crate::testing::Clock) -> Self {
        self.clock = clock.0.clone();
        self
    }

    /// Whether every value of memory goes through its codec, as on its way to Redis: see
    /// [`testing::strict`](crate::testing::strict).
    #[cfg(feature = "test-util")]
    pub fn strict(mut self, on: bool) -> Self {
        self.strict = on;
        self
    }

    /// What stands for Redis.
    #[cfg(feature = "test-util")]
    pub fn backend(mut self, backend: &crate::testing::FaultyBackend) -> Self {
        self.faulty = Some(backend.clone());
        self
    }

    /// The configuration.
    ///
    /// # Errors
    ///
    /// All faults at once, each with the name of its variable.
    pub fn build(self) -> Result<Config, Error> {
        let config = parse::config(|name| self.values.get(name).cloned())?;
        Ok(Config {
            clock: self.clock,
            #[cfg(feature = "test-util")]
            strict: self.strict,
            #[cfg(feature = "test-util")]
            faulty: self.faulty,
            ..config
        })
    }

    fn set(mut self, name: &'static str, value: &dyn ToString) -> Self {
        self.values.insert(name, value.to_string());
        self
    }
}

impl fmt::Debug for ConfigBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = [name::SECRET, name::URL, name::REDIS_URL, name::REDIS_USERNAME, name::REDIS_PASSWORD];
        let shown = |(name, value)| (name, if secret.contains(name) { "***" } else { value });
        let values = self.values.iter().map(|(name, value)| (name, value.as_str())).map(shown);
        f.debug_map().entries(values).finish()
    }
}
