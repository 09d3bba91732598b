//! The one judge of the configuration: text in, a [`Config`] or all faults out.

use cachefn_backends::clock::Clock;
use std::time::Duration;

use bytesize::ByteSize;

use super::{Config, RedisConfig, redis};
use crate::error::{Error, Fault};

/// The names of all variables.
pub(super) mod name {
    pub(crate) const ENABLED: &str = "CACHE_ENABLED";
    pub(crate) const DEFAULT_TTL: &str = "CACHE_DEFAULT_TTL";
    pub(crate) const PREFIX: &str = "CACHE_PREFIX";
    pub(crate) const MAX_BYTES: &str = "CACHE_MAX_BYTES";
    pub(crate) const NEAR: &str = "CACHE_NEAR";
    pub(crate) const FALLBACK_TTL: &str = "CACHE_FALLBACK_TTL";
    pub(crate) const SECRET: &str = "CACHE_SECRET";
    pub(crate) const REDIS_ENABLED: &str = "REDIS_ENABLED";
    pub(crate) const REDIS_URL: &str = "REDIS_URL";
    pub(crate) const REDIS_HOST: &str = "REDIS_HOST";
    pub(crate) const REDIS_PORT: &str = "REDIS_PORT";
    pub(crate) const REDIS_DB: &str = "REDIS_DB";
    pub(crate) const REDIS_USERNAME: &str = "REDIS_USERNAME";
    pub(crate) const REDIS_PASSWORD: &str = "REDIS_PASSWORD";
    pub(crate) const REDIS_CA_FILE: &str = "REDIS_CA_FILE";
    pub(crate) const REDIS_TIMEOUT: &str = "REDIS_TIMEOUT";
    pub(crate) const REDIS_CLUSTER: &str = "REDIS_CLUSTER";
    pub(crate) const REDIS_KEEP: &str = "REDIS_KEEP";
}

/// Redis waits longer than this for nothing.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Input: a lookup of variables by name.
/// Output: the configuration, or every fault in it.
pub(super) fn config(lookup: impl Fn(&str) -> Option<String>) -> Result<Config, Error> {
    let mut reader = Reader { lookup, faults: Vec::new() };
    let enabled = reader.read(name::ENABLED, false, switch);
    let default_ttl = reader.read(name::DEFAULT_TTL, Duration::from_secs(300), duration);
    let prefix = reader.read(name::PREFIX, "cachefn".to_owned(), prefix);
    let max_bytes = reader.read(name::MAX_BYTES, 64 << 20, bytes);
    let near = reader.read(name::NEAR, true, switch);
    let fallback_ttl = reader.read(name::FALLBACK_TTL, Duration::from_secs(30), duration);
    let secret = reader.text(name::SECRET);
    let redis_enabled = reader.read(name::REDIS_ENABLED, false, switch);
    // Where caching is compiled out, nothing is used, whatever the environment asks for.
    let used = enabled && redis_enabled && cfg!(feature = "enabled");
    let redis = redis_config(&mut reader, used);
    if !reader.faults.is_empty() {
        return Err(Error::config(reader.faults));
    }
    let warnings = [
        (redis_enabled && !enabled)
            .then_some("REDIS_ENABLED is set, but CACHE_ENABLED is not: nothing is cached"),
        (used && redis.ca_file.is_some() && !redis.tls)
            .then_some("REDIS_CA_FILE is set, but REDIS_URL is not `rediss://`: nothing is encrypted"),
    ];
    Ok(Config {
        enabled,
        default_ttl,
        prefix,
        max_bytes,
        near,
        fallback_ttl,
        secret,
        redis: redis_enabled.then_some(redis),
        warnings: warnings.into_iter().flatten().collect(),
        clock: Clock::system(),
        #[cfg(feature = "test-util")]
        strict: false,
        #[cfg(feature = "test-util")]
        faulty: None,
    })
}

fn redis_config<L: Fn(&str) -> Option<String>>(reader: &mut Reader<L>, used: bool) -> RedisConfig {
    let host = reader.read(name::REDIS_HOST, "localhost".to_owned(), redis::host);
    let port = reader.read(name::REDIS_PORT, 6379, redis::port);
    let db = reader.read(name::REDIS_DB, 0, redis::db);
    let timeout = reader.read(name::REDIS_TIMEOUT, Duration::from_millis(250), timeout);
    let cluster = reader.read(name::REDIS_CLUSTER, false, switch);
    let keep = reader.read(name::REDIS_KEEP, false, switch);
    let (username, password) = (reader.text(name::REDIS_USERNAME), reader.text(name::REDIS_PASSWORD));
    let mut config = RedisConfig {
        host,
        port,
        db,
        username,
        password,
        timeout,
        tls: false,
        ca_file: None,
        sentinel: None,
        cluster: false,
        keep: false,
    };
    if let Some(url) = reader.text(name::REDIS_URL) {
        match redis::from_url(&url, timeout) {
            Ok(whole) => config = whole,
            Err(problem) => reader.faults.push(Fault::new(name::REDIS_URL, problem)),
        }
    }
    config.ca_file = reader.text(name::REDIS_CA_FILE);
    config.cluster = cluster;
    config.keep = keep;
    if used && config.tls && !cfg!(feature = "rustls") {
        let problem =
            "`rediss://` needs the `rustls` feature of cachefn: add the feature, or write `redis://`";
        reader.faults.push(Fault::new(name::REDIS_URL, problem));
    }
    if used && config.sentinel.is_some() && !cfg!(feature = "sentinel") {
        let problem = "`redis+sentinel://` needs the `sentinel` feature of cachefn: add the feature, or write `redis://`";
        reader.faults.push(Fault::new(name::REDIS_URL, problem));
    }
    if used && cluster && !cfg!(feature = "cluster") {
        let problem = "it needs the `cluster` feature of cachefn: add the feature, or unset it";
        reader.faults.push(Fault::new(name::REDIS_CLUSTER, problem));
    }
    if used && cluster && config.sentinel.is_some() {
        let problem = "sentinels watch no cluster: unset it, or write `redis://` into REDIS_URL";
        reader.faults.push(Fault::new(name::REDIS_CLUSTER, problem));
    }
    if used && cluster && config.db != 0 {
        let problem = format!("a cluster has no database but 0, and `{}` is asked for: unset it", config.db);
        reader.faults.push(Fault::new(name::REDIS_DB, problem));
    }
    if used && !cfg!(feature = "redis") {
        let problem = "built without the `redis` feature of cachefn: add the feature, or unset it";
        reader.faults.push(Fault::new(name::REDIS_ENABLED, problem));
    }
    config
}

struct Reader<L> {
    lookup: L,
    faults: Vec<Fault>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    /// The variable as it stands; empty is absent.
    fn text(&self, name: &'static str) -> Option<String> {
        (self.lookup)(name).filter(|text| !text.is_empty())
    }

    /// The variable, judged; its default where it is absent, blank or wrong.
    fn read<T>(&mut self, name: &'static str, default: T, judge: fn(&str) -> Result<T, String>) -> T {
        let text = self.text(name).unwrap_or_default();
        if text.trim().is_empty() {
            return default;
        }
        judge(text.trim()).unwrap_or_else(|problem| {
            self.faults.push(Fault::new(name, problem));
            default
        })
    }
}

fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("`{text}` is neither on nor off: write `true` or `false`")),
    }
}

/// Seconds, or a number with a unit.
fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map(Duration::from_secs).ok();
    let duration = seconds.or_else(|| humantime::parse_duration(text).ok());
    match duration {
        Some(Duration::ZERO) => {
            Err("zero is no time to live: write at least `1ms`, or switch the cache off".into())
        }
        Some(duration) => Ok(duration),
        None => Err(format!("`{text}` is not a duration: write seconds (`300`), or `5m`, `250ms`")),
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        long if long > LONGEST_TIMEOUT => {
            Err(format!("`{text}` is longer than a minute; a bare number means seconds: write `250ms`"))
        }
        fitting => Ok(fitting),
    }
}

fn bytes(text: &str) -> Result<u64, String> {
    match text.parse::<ByteSize>() {
        Ok(ByteSize(0)) => Err("zero bytes hold nothing: write a size such as `64MiB`".into()),
        Ok(ByteSize(bytes)) => Ok(bytes),
        Err(_) => Err(format!("`{text}` is not a size: write bytes (`67108864`), or `64MiB`")),
    }
}

fn prefix(text: &str) -> Result<String, String> {
    let unfit = |c: char| c.is_whitespace() || c.is_control() || "@{}*?[]\\%".contains(c);
    match text.chars().find(|c| unfit(*c)) {
        Some(c) => Err(format!(
            "`{}` cannot be part of a key: use letters, digits, `-`, `_`, `.`",
            c.escape_default()
        )),
        None => Ok(text.to_owned()),
    }
}
