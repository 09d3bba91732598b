//! Redis, or the certainty that there is none in this build; in tests, what stands for it.

#[cfg(not(feature = "redis"))]
pub(crate) mod absent;
#[cfg(feature = "test-util")]
mod either;
#[cfg(feature = "test-util")]
pub(crate) mod faulty;

#[cfg(not(feature = "redis"))]
pub(crate) use absent as server;
#[cfg(feature = "redis")]
pub(crate) use cachefn_backends::redis as server;

#[cfg(feature = "test-util")]
pub(crate) use either::{Ack, Link, Redis, RedisLease, Waiter, state};
#[cfg(feature = "axum")]
pub(crate) use server::Position;
pub(crate) use server::{ALONE, Reply};
#[cfg(not(feature = "test-util"))]
pub(crate) use server::{Ack, Link, Redis, RedisLease, Waiter};
#[cfg(not(feature = "test-util"))]
pub(crate) use state_of_server as state;

/// Memory, as it follows what happens in Redis.
#[cfg(feature = "redis")]
pub(crate) struct Follows(pub(crate) cachefn_backends::memory::Memory);

#[cfg(feature = "redis")]
impl cachefn_backends::redis::Listener for Follows {
    fn forget(&self) {
        self.0.clear();
        // What is under a lock is to be quick.
        let memory = self.0.clone();
        cachefn_backends::background::handle().spawn(async move { memory.reclaim() });
    }

    fn strike(&self, target: &cachefn_backends::place::Target) {
        self.0.invalidate(target);
    }
}

/// The state of the connection, in a word.
#[cfg(feature = "redis")]
pub(crate) fn state_of_server(redis: &server::Redis) -> &'static str {
    use cachefn_backends::redis::State;

    match redis.state() {
        State::Connecting => "connecting",
        State::Connected => "connected",
        State::Suspect => "suspect",
        State::Degraded => "degraded",
        State::Recovering => "recovering",
        _ => "unknown",
    }
}

#[cfg(not(feature = "redis"))]
pub(crate) use absent::state as state_of_server;
