//! Entries shared by all processes, in Redis.
//!
//! ```text
//! Redis ── supervisor   one task: connects, pings, recovers; calls never wait for it
//!       ├─ trust        whether the server is used, the journal, what is on its way: one lock
//!       ├─ reading      what calls ask first: their values, many in one MGET
//!       ├─ link         what a call uses that is not answered by that: a miss costs two scripts
//!       └─ connection   redis-rs, multiplexed, on a wire of our own: TCP or TLS; keys and scripts
//! ```
//!
//! Every invalidation is an `UNLINK` of known names, that of a tag after an `APPEND` to a log: it can be repeated, needs
//! no order among others and is allowed when the server is out of memory. Generations are random, and one that is missing invalidates
//! everything under it, so that eviction, expiry and `FLUSHALL` can lose entries but never revive any.
//!
//! While the server cannot be used there is no [`Link`] and invalidations are journalled. When it
//! can be reached again the journal is struck there *before* anything in it is trusted. Each way the
//! runtime is told, so that what it remembers of the other time is forgotten.
//!
//! A cluster is one such connection to each of its masters, under one trust; what belongs together stands in one of 64 slots.
//!
//! This needs a server, Redis 6 or Valkey, one with replicas that sentinels watch, or a cluster. [`COMMANDS`] are what is sent
//! to it. A user of the server needs the keys `~<prefix>@*` and
//! `+ping +mget +set +unlink +ttl +pttl +expire +evalsha +script|load`, with a database other than 0 `+select`, in a cluster
//! `~{*}<prefix>@* +asking +cluster|slots`, and before Redis 6.2 `+hello`. What he lacks, and what the server does not know, is
//! named in the log, and the server is not used until it is there. What need not be there:
//!
//! ```text
//! +time              without it no fill is alone in all processes
//! +info              without it is not known which incarnation of the server answers, and one that lost invalidations
//!                    can revive entries until they expire
//! +client|tracking   without memory never speaks for the server, and generations are asked for with each value
//! +client|caching    the same of the generations, where there is no near cache
//! +scan              without its keys cannot be listed
//! +append            without it the invalidation of any tag refuses all fills of `tags_with` that are under way
//! ```
//!
//! A call that ran out of time goes without; the server is given up only when it owes an answer and is silent. About a
//! thousand questions are under way at a time, and whatever invalidates.

mod alarm;
#[cfg(feature = "cluster")]
mod cluster;
mod commands;
mod connect;
mod fault;
mod generations;
mod journal;
mod keys;
mod known;
mod link;
mod log;
mod near;
mod node;
mod pace;
mod permits;
mod pulse;
mod question;
mod reading;
mod scan;
mod script;
mod secret;
#[cfg(feature = "sentinel")]
mod sentinel;
mod settings;
mod shared;
mod standing;
mod supervisor;
#[cfg(feature = "rustls")]
mod tls;
mod trust;
mod waiting;
mod wire;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::backend::Invalidated;
use crate::background;
use crate::error::Error;
use crate::place::{Place, Target};
use shared::Shared;

pub use commands::{COMMANDS, Command, Need};
pub use link::Link;
pub use near::{Listener, SILENCE};
pub use reading::Reply;
pub use scan::{Listed, Position};
pub use script::{ALONE, RedisLease};
pub use settings::{Sentinel, Settings, Tls};
pub use trust::State;
pub use waiting::Waiter;

/// A server, with the one connection to it. Cheap to clone; the last clone that is dropped ends the
/// connection, and invalidations on their way go on.
#[derive(Clone)]
pub struct Redis(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    supervisor: AbortHandle,
}

impl Redis {
    /// Begins to connect, and returns at once.
    ///
    /// `listener` is told whatever those who keep values of the server in memory have to know.
    pub fn start(settings: Settings, listener: impl Listener) -> Self {
        let shared = Arc::new_cyclic(|own| Shared::new(settings, Arc::new(listener), own));
        shared.take_over();
        let task = background::handle().spawn(supervisor::supervise(Arc::clone(&shared)));
        Self(Arc::new(Handle { shared, supervisor: task.abort_handle() }))
    }

    /// Waits until the first attempt to connect has ended, one way or the other: about a second at
    /// most.
    pub async fn settled(&self) {
        let mut settled = self.0.shared.settled.subscribe();
        // It cannot be closed: `self` holds the sender.
        let _ = settled.wait_for(|settled| *settled).await;
    }

    /// How things stand with the server.
    pub fn state(&self) -> State {
        self.0.shared.trust().state()
    }

    /// The address without user name and password.
    pub fn address(&self) -> &str {
        &self.0.shared.address
    }

    /// How many invalidations wait for the server.
    pub fn journal_len(&self) -> usize {
        self.0.shared.trust().waiting()
    }

    /// The server for one call, if it is trusted.
    pub fn link(&self) -> Option<Link> {
        self.link_after(Duration::ZERO)
    }

    /// The same, for a call that has waited for the server so long.
    pub fn link_after(&self, spent: Duration) -> Option<Link> {
        let (line, epoch) = self.0.shared.trust().link()?;
        Some(Link::new(Arc::clone(&self.0.shared), line, epoch, spent))
    }

    /// Whether there is a [`link`](Self::link). Costs a load.
    #[inline]
    pub fn is_linked(&self) -> bool {
        self.0.shared.is_linked()
    }

    /// Whether [`ask`](Self::ask) has a reply just now. Costs a load.
    pub fn may_ask(&self) -> bool {
        self.0.shared.asks().is_some()
    }

    /// Looks up what stands at `place`, as the first that a call does with the server, which it was begun for at `begun`.
    /// Nothing where a [`link`](Self::link) has to be asked: while an invalidation is on its way, in a cluster, and where
    /// there is none.
    pub fn ask(&self, place: &Place, begun: Instant) -> Option<Reply> {
        let epoch = self.0.shared.asks()?;
        Some(self.0.shared.reading.ask(epoch, place, begun))
    }

    /// Whether memory may speak for the server: what the listener keeps is as true as what the server has, up to what is
    /// on its way to be told. Costs a load and a look at the clock.
    #[inline]
    pub fn is_near(&self) -> bool {
        self.0.shared.near.is_live()
    }

    /// Whether [`is_near`](Self::is_near) may ever be true.
    pub fn may_be_near(&self) -> bool {
        self.0.shared.settings.near && !self.0.shared.settings.cluster
    }

    /// Strikes `targets`, or journals them while the server cannot be used. Whatever there is to send
    /// is on its way when this returns: dropping the answer loses nothing.
    pub fn invalidate(&self, targets: Vec<Target>) -> Ack {
        let deadline = Instant::now() + self.0.shared.settings.timeout;
        Ack(self.0.shared.invalidate(targets, deadline))
    }

    /// Begins to end the connection: from now on there is no link. Whoever uses the same server and prefix after us in this
    /// process makes up for what it could not be told.
    pub fn close(&self) {
        self.0.supervisor.abort();
        self.0.shared.close();
    }

    /// Ends the connection, after the invalidations that are on their way. Later ones are journalled
    /// and go no further.
    pub async fn shutdown(&self) {
        self.close();
        let limit = self.0.shared.settings.timeout + Duration::from_millis(100);
        let shared = Arc::clone(&self.0.shared);
        let _ = background::handle().spawn(async move { shared.idle(limit).await }).await;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.supervisor.abort();
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("address", &self.address())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// The answer to an invalidation, ready when the timeout is over at the latest. It can be awaited on
/// any executor.
#[derive(Debug)]
#[must_use = "the answer tells whether the server has applied the invalidation"]
pub struct Ack(Option<oneshot::Receiver<Result<(), Error>>>);

impl Future for Ack {
    type Output = Invalidated;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Invalidated> {
        let Some(sent) = &mut self.0 else { return Poll::Ready(Invalidated::Queued) };
        Pin::new(sent).poll(context).map(|outcome| match outcome {
            Ok(Ok(())) => Invalidated::Applied,
            _ => Invalidated::Queued,
        })
    }
}
