//! The lease that Redis has granted for a fill.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cachefn_backends::backend::{Backend as _, Filled};
use cachefn_backends::background;
use cachefn_backends::envelope::{Draft, Token};
use cachefn_backends::error::{Error, ErrorKind};
use cachefn_backends::memory::{Ticket, Unstored};
use cachefn_backends::place::Place;
use tokio::task::AbortHandle;

use super::tell::{Told, Word};
use super::unstored::Refusal;
use crate::remote::{ALONE, Link, RedisLease};

/// A body that takes longer than this is not waited for any more by other processes.
const LONGEST_ALONE: Duration = Duration::from_secs(60);

/// A lease of Redis. Dropping it gives it back, on a task of its own.
pub(in crate::call) struct Lease {
    link: Link,
    place: Place,
    held: Option<RedisLease>,
    renewing: Option<Renewing>,
}

/// Says again and again that a fill that is alone takes longer. Dropping it ends that.
struct Renewing(AbortHandle);

impl Lease {
    pub(in crate::call) fn new(link: Link, place: Place, lease: RedisLease) -> Self {
        let renewing = place.alone.then(|| Renewing::start(&link, &place, &lease));
        Self { link, place, held: Some(lease), renewing }
    }

    /// Tells Redis what has become of the fill. `begin` begins another in memory.
    pub(super) async fn tell(mut self, word: Word, begin: impl Fn() -> Ticket) -> Result<Told, Error> {
        self.renewing = None;
        let Some(lease) = self.held.take() else {
            return Ok(Told { filled: Filled::Refused, unstored: None });
        };
        let (link, place) = (&self.link, &self.place);
        let (filled, unstored) = match word {
            Word::Store(draft, life) => self.store(lease, draft, life, None, begin).await?,
            Word::Mark(draft, life, marker) => self.store(lease, draft, life, Some(marker), begin).await?,
            Word::Vacate => (link.release(place, lease, true).await?, None),
            Word::End | Word::Release => (link.release(place, lease, false).await?, None),
            Word::Leave => self.unmarked(lease, false, begin).await?,
        };
        Ok(Told { filled, unstored })
    }

    async fn store(
        &self,
        lease: RedisLease,
        draft: Draft,
        life: Duration,
        marker: Option<Unstored>,
        begin: impl Fn() -> Ticket,
    ) -> Result<(Filled, Option<Refusal>), Error> {
        match self.link.fill(&self.place, lease.clone(), draft, life).await {
            // There is room to remove what stands there, which also tells whether anything came between.
            Err(error) if error.kind() == ErrorKind::Full => self.unmarked(lease, true, begin).await,
            filled => Ok((filled?, marker.map(|unstored| self.refusal(unstored, None)))),
        }
    }

    /// Ends the fill of a value that nothing is to stand for in Redis.
    ///
    /// What this process has invalidated before the ticket is begun is on its way to Redis already, which refuses the
    /// release then. So the ticket need not be as old as the fill.
    async fn unmarked(
        &self,
        lease: RedisLease,
        vacate: bool,
        begin: impl Fn() -> Ticket,
    ) -> Result<(Filled, Option<Refusal>), Error> {
        let count = self.place.lineage.groups().len();
        let unstored = Unstored::Unmarked(lease.generations().get(..count).map(<[Token]>::to_vec));
        let ticket = Arc::new(begin());
        let released = self.link.release(&self.place, lease, vacate).await?;
        Ok((released, Some(self.refusal(unstored, Some(ticket)))))
    }

    fn refusal(&self, unstored: Unstored, ticket: Option<Arc<Ticket>>) -> Refusal {
        Refusal { link: self.link.clone(), unstored, ticket }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewing = None;
        if let Some(lease) = self.held.take() {
            let (link, place) = (self.link.afresh(), self.place.clone());
            background::handle().spawn(async move {
                // The lease ends by itself if Redis is not told.
                let _ = link.release(&place, lease, false).await;
            });
        }
    }
}

impl Renewing {
    fn start(link: &Link, place: &Place, lease: &RedisLease) -> Self {
        let (link, place, lease) = (link.clone(), place.clone(), lease.clone());
        let renewing = background::handle().spawn(async move {
            let began = Instant::now();
            loop {
                tokio::time::sleep(ALONE / 3).await;
                if began.elapsed() > LONGEST_ALONE || !link.renew(&place, &lease).await.unwrap_or(false) {
                    break;
                }
            }
        });
        Self(renewing.abort_handle())
    }
}

impl Drop for Renewing {
    fn drop(&mut self) {
        self.0.abort();
    }
}
