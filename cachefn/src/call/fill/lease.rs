//! The lease that Redis has granted for a fill.

use std::time::{Duration, Instant};

use cachefn_backends::backend::{Backend as _, Filled};
use cachefn_backends::background;
use cachefn_backends::error::Error;
use cachefn_backends::place::Place;
use tokio::task::AbortHandle;

use super::tell::Word;
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

    /// Tells Redis what has become of the fill.
    pub(super) async fn tell(mut self, word: Word) -> Result<Filled, Error> {
        self.renewing = None;
        let Some(lease) = self.held.take() else { return Ok(Filled::Refused) };
        match word {
            Word::Store(draft, life) => self.link.fill(&self.place, lease, draft, life).await,
            Word::Vacate => self.link.release(&self.place, lease, true).await,
            Word::Leave => self.link.release(&self.place, lease, false).await,
        }
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
