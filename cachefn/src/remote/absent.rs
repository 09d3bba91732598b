//! The names of Redis without a value: code that handles them is checked and never runs.

// The fields are private, or the compiler would call that code unreachable.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use cachefn_backends::backend::{Acquired, Backend, Filled, Invalidated, Lookup, Seen};
use cachefn_backends::envelope::{Draft, Token};
use cachefn_backends::error::Error;
use cachefn_backends::place::{Place, Target};

#[derive(Clone)]
pub(crate) struct Redis(Infallible);
#[derive(Clone)]
pub(crate) struct Link(Infallible);
#[derive(Clone)]
pub(crate) struct RedisLease(Infallible);
pub(crate) struct Ack(Infallible);
pub(crate) struct Reply(Infallible);
pub(crate) struct Waiter(Infallible);

pub(crate) const ALONE: Duration = Duration::ZERO;

#[cfg(feature = "axum")]
#[derive(Clone, Copy, Default)]
pub(crate) struct Position {
    pub(crate) node: usize,
    pub(crate) cursor: u64,
}

#[cfg(feature = "axum")]
pub(crate) struct Listed {
    pub(crate) keys: Vec<String>,
    pub(crate) next: Option<Position>,
}

pub(crate) fn state(redis: &Redis) -> &'static str {
    match redis.0 {}
}

impl Redis {
    pub(crate) fn link(&self) -> Option<Link> {
        match self.0 {}
    }

    pub(crate) fn link_after(&self, _: Duration) -> Option<Link> {
        match self.0 {}
    }

    pub(crate) fn is_linked(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn may_ask(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn ask(&self, _: &Place, _: Instant) -> Option<Reply> {
        match self.0 {}
    }

    pub(crate) fn is_near(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn may_be_near(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn address(&self) -> &str {
        match self.0 {}
    }

    pub(crate) fn journal_len(&self) -> usize {
        match self.0 {}
    }

    pub(crate) fn invalidate(&self, _: Vec<Target>) -> Ack {
        match self.0 {}
    }

    pub(crate) fn close(&self) {
        match self.0 {}
    }

    #[expect(clippy::unused_async, reason = "the shape of the real one")]
    pub(crate) async fn settled(&self) {
        match self.0 {}
    }

    #[expect(clippy::unused_async, reason = "the shape of the real one")]
    pub(crate) async fn shutdown(&self) {
        match self.0 {}
    }
}

impl Link {
    #[expect(clippy::unused_async, reason = "the shape of the real one")]
    pub(crate) async fn settle_seen(&self, _: &Place, _: Seen) -> Result<Lookup, Error> {
        match self.0 {}
    }

    pub(crate) fn afresh(&self) -> Self {
        match self.0 {}
    }

    pub(crate) fn waiter(&self, _: &Arc<str>) -> Waiter {
        match self.0 {}
    }

    #[cfg(feature = "axum")]
    #[expect(clippy::unused_async, reason = "the shape of the real one")]
    pub(crate) async fn list(&self, _: Position) -> Result<Listed, Error> {
        match self.0 {}
    }

    #[cfg(feature = "axum")]
    #[expect(clippy::unused_async, reason = "the shape of the real one")]
    pub(crate) async fn stands(&self, _: &[Target]) -> Result<bool, Error> {
        match self.0 {}
    }
}

impl Link {
    #[expect(clippy::unused_async, reason = "the shape of the real one")]
    pub(crate) async fn generations(&self, _: &Place) -> Result<Option<Vec<Token>>, Error> {
        match self.0 {}
    }

    pub(crate) fn known_generations(&self, _: &Place) -> Option<Vec<Token>> {
        match self.0 {}
    }
}

impl RedisLease {
    pub(crate) fn generations(&self) -> &[Token] {
        match self.0 {}
    }
}

impl Waiter {
    #[expect(clippy::unused_async, reason = "the shape of the real one")]
    pub(crate) async fn wait(self, _: u32, _: Duration) {
        match self.0 {}
    }
}

impl Future for Reply {
    type Output = Result<(Seen, Duration), Error>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.0 {}
    }
}

impl Future for Ack {
    type Output = Invalidated;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Invalidated> {
        match self.0 {}
    }
}

impl Backend for Link {
    type Lease = RedisLease;

    async fn lookup(&self, _: &Place) -> Result<Lookup, Error> {
        match self.0 {}
    }

    async fn acquire(&self, _: &Place, _: bool) -> Result<Acquired<RedisLease>, Error> {
        match self.0 {}
    }

    async fn renew(&self, _: &Place, _: &RedisLease) -> Result<bool, Error> {
        match self.0 {}
    }

    async fn fill(&self, _: &Place, _: RedisLease, _: Draft, _: Duration) -> Result<Filled, Error> {
        match self.0 {}
    }

    async fn release(&self, _: &Place, _: RedisLease, _: bool) -> Result<Filled, Error> {
        match self.0 {}
    }

    async fn invalidate(&self, _: &[Target]) -> Result<(), Error> {
        match self.0 {}
    }
}
