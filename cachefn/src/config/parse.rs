//! The one judge of the configuration: text in, a [`Config`] or all faults out.

use std::time::Duration;

use cachefn_backends::clock::Clock;

use super::reader::Reader;
use super::values::{self, Driver};
use super::{Config, RedisConfig, redis};
use crate::error::Error;

/// The names of all variables.
pub(super) mod name {
    pub(crate) const ENABLED: &str = "CACHE_ENABLED";
    pub(crate) const DEFAULT_TTL: &str = "CACHE_DEFAULT_TTL";
    pub(crate) const PREFIX: &str = "CACHE_PREFIX";
    pub(crate) const MAX_BYTES: &str = "CACHE_MAX_BYTES";
    pub(crate) const NEAR: &str = "CACHE_NEAR";
    pub(crate) const FALLBACK_TTL: &str = "CACHE_FALLBACK_TTL";
    pub(crate) const SECRET: &str = "CACHE_SECRET";
    pub(crate) const DRIVER: &str = "CACHE_DRIVER";
    pub(crate) const URL: &str = "CACHE_URL";
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

/// Input: a lookup of variables by name.
/// Output: the configuration, or every fault in it.
///
/// A variable that is not used is not judged: other programs use some of the names, and Kubernetes sets `REDIS_PORT` in
/// every pod beside a service named `redis`.
pub(super) fn config(lookup: impl Fn(&str) -> Option<String>) -> Result<Config, Error> {
    let mut reader = Reader::new(lookup);
    let enabled = reader.scope(true).read(name::ENABLED, false, values::switch);
    // Where caching is compiled out, nothing is used, whatever the environment asks for. Where it is not known whether
    // caching is on, everything is, for all faults are reported at once.
    let used = (enabled || reader.is_faulty(name::ENABLED)) && cfg!(feature = "enabled");
    let mut scope = reader.scope(used);
    let default_ttl = scope.read(name::DEFAULT_TTL, Duration::from_secs(300), values::duration);
    let prefix = scope.read(name::PREFIX, "cachefn".to_owned(), values::prefix);
    let max_bytes = scope.read(name::MAX_BYTES, 64 << 20, values::bytes);
    let near = scope.read(name::NEAR, true, values::switch);
    let fallback_ttl = scope.read(name::FALLBACK_TTL, Duration::from_secs(30), values::duration);
    // One of white space or empty quotes hides nothing.
    let secret = scope.secret(name::SECRET).filter(|secret| secret.contains(is_secret));
    let wanted = wants_redis(&mut reader, enabled, used);
    let uses_redis = used && (wanted || reader.is_faulty(name::REDIS_ENABLED));
    let redis = redis_config(&mut reader, uses_redis);
    if !reader.faults.is_empty() {
        return Err(Error::config(reader.faults));
    }
    let mut warnings = reader.warnings;
    if used {
        let lives = [(name::DEFAULT_TTL, default_ttl), (name::FALLBACK_TTL, fallback_ttl)];
        let long = lives.into_iter().filter(|(_, life)| values::is_long(*life));
        warnings.extend(long.map(|(name, _)| {
            format!("{name} is longer than a year; a bare number means seconds: write `250ms`, `5m` or `12h`")
        }));
        warnings.extend(values::is_small(max_bytes).then(|| {
            format!(
                "{} leaves room for next to nothing: a bare number means bytes, write `64MiB`",
                name::MAX_BYTES
            )
        }));
    }
    Ok(Config {
        enabled,
        default_ttl,
        prefix,
        max_bytes,
        near,
        fallback_ttl,
        secret,
        redis: wanted.then_some(redis),
        warnings,
        clock: Clock::system(),
        #[cfg(feature = "test-util")]
        strict: false,
        #[cfg(feature = "test-util")]
        faulty: None,
    })
}

fn is_secret(c: char) -> bool {
    !c.is_whitespace() && !"\"'`".contains(c)
}

/// Returns true if the environment asks for Redis, by either of two variables.
fn wants_redis<L: Fn(&str) -> Option<String>>(reader: &mut Reader<L>, enabled: bool, used: bool) -> bool {
    let mut scope = reader.scope(used);
    let switch = scope.read(name::REDIS_ENABLED, None, |text| values::switch(text).map(Some));
    let driver = scope.read(name::DRIVER, None, |text| values::driver(text).map(Some));
    let contradiction = match (driver, switch) {
        (Some(Driver::Memory), Some(true)) => {
            Some("it is `memory`, but REDIS_ENABLED is on: unset one of them")
        }
        (Some(Driver::Redis), Some(false)) => {
            Some("it is `redis`, but REDIS_ENABLED is off: unset one of them")
        }
        _ => None,
    };
    if let Some(problem) = contradiction.filter(|_| used) {
        reader.fault(name::DRIVER, problem);
    }
    if !enabled {
        let is_set = [
            (name::REDIS_ENABLED, switch == Some(true)),
            (name::DRIVER, reader.text(name::DRIVER).is_some()),
        ];
        if let Some((name, _)) = is_set.into_iter().find(|(_, is_set)| *is_set) {
            reader.warnings.push(format!("{name} is set, but CACHE_ENABLED is not: nothing is cached"));
        }
    }
    switch.unwrap_or(driver == Some(Driver::Redis))
}

fn redis_config<L: Fn(&str) -> Option<String>>(reader: &mut Reader<L>, used: bool) -> RedisConfig {
    let urls = [name::URL, name::REDIS_URL];
    let url = urls.into_iter().find(|name| reader.text(name).is_some());
    let mut scope = reader.scope(used);
    let timeout = scope.read(name::REDIS_TIMEOUT, Duration::from_millis(250), values::timeout);
    let cluster = scope.read(name::REDIS_CLUSTER, false, values::switch);
    let keep = scope.read(name::REDIS_KEEP, false, values::switch);
    let ca_file = scope.read(name::REDIS_CA_FILE, None, |text| Ok(Some(text.to_owned())));
    // A URL wins over the parts, which are not used beside it.
    let server = match url {
        Some(name::REDIS_URL) => scope.read(name::REDIS_URL, None, |text| {
            let elsewhere = "; where another program needs it as it is, set CACHE_URL, which wins over it";
            redis::from_url(text).map(Some).map_err(|problem| problem + elsewhere)
        }),
        Some(name) => scope.read(name, None, |text| redis::from_url(text).map(Some)),
        None => None,
    };
    let server = server.unwrap_or_else(|| {
        let mut scope = reader.scope(used && url.is_none());
        let (beside, port) = scope.read(name::REDIS_PORT, (None, 6379), redis::port);
        let host = scope.read(name::REDIS_HOST, None, |text| redis::host(text).map(Some));
        let db = scope.read(name::REDIS_DB, 0, redis::db);
        RedisConfig {
            db,
            username: scope.secret(name::REDIS_USERNAME),
            password: scope.secret(name::REDIS_PASSWORD),
            ..RedisConfig::at(host.or(beside).unwrap_or_else(|| "localhost".to_owned()), port)
        }
    });
    let config = RedisConfig { timeout, ca_file, cluster, keep, ..server };
    if used {
        check(reader, &config, url);
    }
    config
}

/// Records what does not go together, or is not built in. `url` names the variable that the address is from, if it is one.
fn check<L: Fn(&str) -> Option<String>>(
    reader: &mut Reader<L>,
    config: &RedisConfig,
    url: Option<&'static str>,
) {
    let address = url.unwrap_or(name::REDIS_URL);
    if config.tls && !cfg!(feature = "rustls") {
        let problem =
            "`rediss://` needs the `rustls` feature of cachefn: add the feature, or write `redis://`";
        reader.fault(address, problem);
    }
    if config.sentinel.is_some() && !cfg!(feature = "sentinel") {
        let problem = "`redis+sentinel://` needs the `sentinel` feature of cachefn: add the feature, or write `redis://`";
        reader.fault(address, problem);
    }
    if config.cluster && !cfg!(feature = "cluster") {
        let problem = "it needs the `cluster` feature of cachefn: add the feature, or unset it";
        reader.fault(name::REDIS_CLUSTER, problem);
    }
    if config.cluster && config.sentinel.is_some() {
        let problem = "sentinels watch no cluster: unset it, or write `redis://` into REDIS_URL";
        reader.fault(name::REDIS_CLUSTER, problem);
    }
    if config.cluster && config.socket.is_some() {
        let problem = "a socket leads to one server: unset it, or write `redis://` into REDIS_URL";
        reader.fault(name::REDIS_CLUSTER, problem);
    }
    if config.cluster && config.db != 0 {
        let problem = "a cluster has no database but 0, and another is asked for: unset it";
        reader.fault(url.unwrap_or(name::REDIS_DB), problem);
    }
    if !cfg!(feature = "redis") {
        let switch =
            if reader.text(name::REDIS_ENABLED).is_some() { name::REDIS_ENABLED } else { name::DRIVER };
        reader.fault(switch, "built without the `redis` feature of cachefn: add the feature, or unset it");
    }
    if config.ca_file.is_some() && !config.tls {
        let warning = format!("REDIS_CA_FILE is set, but {address} is not `rediss://`: nothing is encrypted");
        reader.warnings.push(warning);
    }
}
