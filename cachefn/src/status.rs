//! What the cache of this process is doing.

use crate::global;

/// What the cache of this process is doing, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Where entries live.
    pub mode: Mode,
    /// The server, in Redis mode.
    pub redis: Option<RedisStatus>,
    /// Entries in this process; dead ones count until they are reclaimed.
    pub entries: u64,
    /// Bytes in this process, as they count against `CACHE_MAX_BYTES`.
    pub bytes: u64,
    /// Bodies that are running.
    pub fills: usize,
    /// Keys whose body is running or waited for.
    pub flights: usize,
}

/// Where entries live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Nothing is cached.
    Disabled,
    /// In this process.
    Memory,
    /// In Redis, and in this process while Redis is away.
    Redis,
}

/// How it stands with Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisStatus {
    /// Whether calls use it at this moment.
    pub connected: bool,
    /// The state of the connection, in a word.
    pub state: &'static str,
    /// Its address, without user name and password.
    pub address: String,
    /// Invalidations that wait for it: those while it is away, and those that it did not answer in time.
    pub journal: usize,
}

/// What the cache of this process is doing now; before it is set up, that is nothing. It does some housekeeping of the memory, so it is for
/// health checks rather than for hot paths.
pub fn status() -> Status {
    let Some(cache) = global::in_place() else {
        return Status { mode: Mode::Disabled, redis: None, entries: 0, bytes: 0, fills: 0, flights: 0 };
    };
    Status {
        mode: if cache.redis.is_some() { Mode::Redis } else { Mode::Memory },
        redis: cache.redis.as_ref().map(redis_status),
        entries: cache.memory.entries(),
        bytes: cache.memory.bytes(),
        fills: cache.memory.fills(),
        flights: cache.flights.len(),
    }
}

fn redis_status(redis: &crate::remote::Redis) -> RedisStatus {
    RedisStatus {
        connected: redis.is_linked(),
        state: crate::remote::state(redis),
        address: redis.address().to_owned(),
        journal: redis.journal_len(),
    }
}
