//! Redis, or what stands for it in a test: each name is either of them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use cachefn_backends::backend::{Acquired, Backend, Filled, Invalidated, Lookup, Seen};
use cachefn_backends::envelope::{Draft, Token};
use cachefn_backends::error::{Error, ErrorKind};
use cachefn_backends::memory::Memory;
use cachefn_backends::place::{Place, Target};
use cachefn_backends::verbs;

use super::faulty::{self, Attached};
use super::server::{self, Reply};
use crate::testing::FaultyBackend;

#[derive(Clone)]
pub(crate) enum Redis {
    Server(server::Redis),
    Faulty(Attached),
}

#[derive(Clone)]
pub(crate) enum Link {
    Server(server::Link),
    Faulty(faulty::Link),
}

#[derive(Clone)]
pub(crate) enum RedisLease {
    Server(server::RedisLease),
    Faulty(verbs::Lease),
}

pub(crate) enum Ack {
    Server(server::Ack),
    Faulty(faulty::Ack),
}

pub(crate) enum Waiter {
    Server(server::Waiter),
    /// Nobody is ever waited for.
    Faulty,
}

/// The state of the connection, in a word.
pub(crate) fn state(redis: &Redis) -> &'static str {
    match redis {
        Redis::Server(redis) => super::state_of_server(redis),
        Redis::Faulty(attached) => attached.state(),
    }
}

impl Redis {
    pub(crate) fn faulty(backend: &FaultyBackend, prefix: &str, memory: Memory) -> Self {
        Self::Faulty(Attached::new(&backend.0, prefix, memory))
    }

    pub(crate) fn link(&self) -> Option<Link> {
        match self {
            Self::Server(redis) => redis.link().map(Link::Server),
            Self::Faulty(attached) => attached.link().map(Link::Faulty),
        }
    }

    pub(crate) fn link_after(&self, spent: Duration) -> Option<Link> {
        match self {
            Self::Server(redis) => redis.link_after(spent).map(Link::Server),
            Self::Faulty(attached) => attached.link().map(Link::Faulty),
        }
    }

    #[inline]
    pub(crate) fn is_linked(&self) -> bool {
        match self {
            Self::Server(redis) => redis.is_linked(),
            Self::Faulty(attached) => attached.link().is_some(),
        }
    }

    pub(crate) fn may_ask(&self) -> bool {
        match self {
            Self::Server(redis) => redis.may_ask(),
            Self::Faulty(_) => false,
        }
    }

    /// What stands for Redis is asked by its links only.
    pub(crate) fn ask(&self, place: &Place, begun: Instant) -> Option<Reply> {
        match self {
            Self::Server(redis) => redis.ask(place, begun),
            Self::Faulty(_) => None,
        }
    }

    #[inline]
    pub(crate) fn is_near(&self) -> bool {
        match self {
            Self::Server(redis) => redis.is_near(),
            Self::Faulty(_) => false,
        }
    }

    pub(crate) fn may_be_near(&self) -> bool {
        match self {
            Self::Server(redis) => redis.may_be_near(),
            Self::Faulty(_) => false,
        }
    }

    pub(crate) fn address(&self) -> &str {
        match self {
            Self::Server(redis) => redis.address(),
            Self::Faulty(_) => "faulty",
        }
    }

    pub(crate) fn journal_len(&self) -> usize {
        match self {
            Self::Server(redis) => redis.journal_len(),
            Self::Faulty(attached) => attached.journal_len(),
        }
    }

    pub(crate) fn invalidate(&self, targets: Vec<Target>) -> Ack {
        match self {
            Self::Server(redis) => Ack::Server(redis.invalidate(targets)),
            Self::Faulty(attached) => Ack::Faulty(attached.invalidate(targets)),
        }
    }

    pub(crate) fn close(&self) {
        if let Self::Server(redis) = self {
            redis.close();
        }
    }

    pub(crate) async fn settled(&self) {
        if let Self::Server(redis) = self {
            redis.settled().await;
        }
    }

    pub(crate) async fn shutdown(&self) {
        if let Self::Server(redis) = self {
            redis.shutdown().await;
        }
    }
}

impl Link {
    pub(crate) async fn settle_seen(&self, place: &Place, seen: Seen) -> Result<Lookup, Error> {
        match (self, seen) {
            (Self::Server(link), seen) => link.settle_seen(place, seen).await,
            (Self::Faulty(_), Seen::Clear(lookup)) => Ok(lookup),
            (Self::Faulty(_), Seen::Tagged(_)) => Err(Error::new(ErrorKind::Protocol)),
        }
    }

    pub(crate) fn afresh(&self) -> Self {
        match self {
            Self::Server(link) => Self::Server(link.afresh()),
            Self::Faulty(link) => Self::Faulty(link.afresh()),
        }
    }

    pub(crate) fn waiter(&self, key: &Arc<str>) -> Waiter {
        match self {
            Self::Server(link) => Waiter::Server(link.waiter(key)),
            Self::Faulty(_) => Waiter::Faulty,
        }
    }

    /// What stands for Redis knows names only.
    #[cfg(feature = "axum")]
    pub(crate) async fn list(&self, at: server::Position) -> Result<server::Listed, Error> {
        match self {
            Self::Server(link) => link.list(at).await,
            Self::Faulty(_) => Err(Error::new(ErrorKind::Denied)),
        }
    }

    #[cfg(feature = "axum")]
    pub(crate) async fn stands(&self, targets: &[Target]) -> Result<bool, Error> {
        match self {
            Self::Server(link) => link.stands(targets).await,
            Self::Faulty(link) => link.stands(targets).await,
        }
    }
}

impl Link {
    /// What stands for Redis takes everything while it can be reached.
    pub(crate) async fn generations(&self, place: &Place) -> Result<Option<Vec<Token>>, Error> {
        match self {
            Self::Server(link) => link.generations(place).await,
            Self::Faulty(_) => Err(Error::new(ErrorKind::Away)),
        }
    }

    pub(crate) fn known_generations(&self, place: &Place) -> Option<Vec<Token>> {
        match self {
            Self::Server(link) => link.known_generations(place),
            Self::Faulty(_) => None,
        }
    }
}

impl RedisLease {
    /// The generations of the lineage, and whatever else was captured.
    pub(crate) fn generations(&self) -> &[Token] {
        match self {
            Self::Server(lease) => lease.generations(),
            Self::Faulty(_) => &[],
        }
    }
}

impl Waiter {
    pub(crate) async fn wait(self, rounds: u32, left: Duration) {
        if let Self::Server(waiter) = self {
            waiter.wait(rounds, left).await;
        }
    }
}

impl Future for Ack {
    type Output = Invalidated;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Invalidated> {
        match self.get_mut() {
            Self::Server(ack) => Pin::new(ack).poll(cx),
            Self::Faulty(ack) => Pin::new(ack).poll(cx),
        }
    }
}

impl Backend for Link {
    type Lease = RedisLease;

    async fn lookup(&self, place: &Place) -> Result<Lookup, Error> {
        match self {
            Self::Server(link) => link.lookup(place).await,
            Self::Faulty(link) => link.lookup(place).await,
        }
    }

    async fn acquire(&self, place: &Place, accept: bool) -> Result<Acquired<RedisLease>, Error> {
        match self {
            Self::Server(link) => Ok(either(link.acquire(place, accept).await?, RedisLease::Server)),
            Self::Faulty(link) => Ok(either(link.acquire(place, accept).await?, RedisLease::Faulty)),
        }
    }

    async fn renew(&self, place: &Place, lease: &RedisLease) -> Result<bool, Error> {
        match (self, lease) {
            (Self::Server(link), RedisLease::Server(lease)) => link.renew(place, lease).await,
            (Self::Faulty(link), RedisLease::Faulty(lease)) => link.renew(place, lease).await,
            _ => Err(Error::new(ErrorKind::Protocol)),
        }
    }

    async fn fill(
        &self,
        place: &Place,
        lease: RedisLease,
        draft: Draft,
        life: Duration,
    ) -> Result<Filled, Error> {
        match (self, lease) {
            (Self::Server(link), RedisLease::Server(lease)) => link.fill(place, lease, draft, life).await,
            (Self::Faulty(link), RedisLease::Faulty(lease)) => link.fill(place, lease, draft, life).await,
            _ => Err(Error::new(ErrorKind::Protocol)),
        }
    }

    async fn release(&self, place: &Place, lease: RedisLease, vacate: bool) -> Result<Filled, Error> {
        match (self, lease) {
            (Self::Server(link), RedisLease::Server(lease)) => link.release(place, lease, vacate).await,
            (Self::Faulty(link), RedisLease::Faulty(lease)) => link.release(place, lease, vacate).await,
            _ => Err(Error::new(ErrorKind::Protocol)),
        }
    }

    async fn invalidate(&self, targets: &[Target]) -> Result<(), Error> {
        match self {
            Self::Server(link) => link.invalidate(targets).await,
            Self::Faulty(link) => link.invalidate(targets).await,
        }
    }
}

fn either<L>(acquired: Acquired<L>, lease: fn(L) -> RedisLease) -> Acquired<RedisLease> {
    match acquired {
        Acquired::Granted(granted) => Acquired::Granted(lease(granted)),
        Acquired::Hit(envelope) => Acquired::Hit(envelope),
        Acquired::Held(left) => Acquired::Held(left),
    }
}
