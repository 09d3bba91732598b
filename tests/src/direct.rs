//! A server as a backend that can be used for longer than one call.

use std::time::Duration;

use cachefn_backends::backend::{Acquired, Backend, Filled, Lookup};
use cachefn_backends::envelope::Draft;
use cachefn_backends::error::{Error, ErrorKind};
use cachefn_backends::place::{Place, Target};
use cachefn_backends::redis::{Link, Redis, RedisLease};

/// A server with a link for each operation.
#[derive(Clone, Debug)]
pub struct Direct(pub Redis);

impl Direct {
    fn link(&self) -> Result<Link, Error> {
        self.0.link().ok_or(Error::new(ErrorKind::Away))
    }
}

impl Backend for Direct {
    type Lease = RedisLease;

    async fn lookup(&self, place: &Place) -> Result<Lookup, Error> {
        self.link()?.lookup(place).await
    }

    async fn acquire(&self, place: &Place, accept: bool) -> Result<Acquired<RedisLease>, Error> {
        self.link()?.acquire(place, accept).await
    }

    async fn fill(
        &self,
        place: &Place,
        lease: RedisLease,
        draft: Draft,
        life: Duration,
    ) -> Result<Filled, Error> {
        self.link()?.fill(place, lease, draft, life).await
    }

    async fn release(&self, place: &Place, lease: RedisLease, vacate: bool) -> Result<Filled, Error> {
        self.link()?.release(place, lease, vacate).await
    }

    async fn invalidate(&self, targets: &[Target]) -> Result<(), Error> {
        self.link()?.invalidate(targets).await
    }
}
