//! A backend that fails when it is told to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::remote::faulty::{Fault, Faults};

/// What stands for Redis in a test, and does to the program what a Redis may do: it is away, slow, silent or damaged, when
/// the test says so.
///
/// Caches that have the same one, or a clone, and the same prefix share what is in it, as processes share a Redis. They have
/// no near cache: every hit asks it. While it is away they act as with Redis: one call waits for the [`timeout`](Self::timeout),
/// memory serves, invalidations are [`Queued`](crate::Invalidated::Queued), and are applied when it is back, before anything
/// in it is used again. That is when the test says [`heal`](Self::heal), and not earlier. Entries live by the
/// [`Clock`](super::Clock) of their cache; delays and the timeout are real time.
///
/// What it does not show is what only Redis does: memory that is full, failovers, evictions, the near cache.
///
/// ```
/// use cachefn::testing::{FaultyBackend, isolated};
/// use cachefn::{Config, Invalidated, cached};
///
/// #[cached(key = id)]
/// async fn get_user(id: u64) -> String {
///     format!("user {id}")
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), cachefn::Error> {
/// let backend = FaultyBackend::new();
/// let process = || Config::builder().enabled(true).backend(&backend).build();
/// isolated(process()?, get_user(7)).await;
/// isolated(process()?, async {
///     get_user(7).await; // that of the other process
///     assert_eq!(cachefn::stats().total().hits, 1);
///
///     backend.fail();
///     assert_eq!(get_user(7).await, "user 7"); // whatever happens
///     assert_eq!(invalidate_get_user(7).await, Invalidated::Queued);
///
///     backend.heal();
///     get_user(7).await; // the old value is gone
///     assert_eq!(cachefn::stats().total().hits, 1);
/// })
/// .await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FaultyBackend(pub(crate) Arc<Faults>);

impl FaultyBackend {
    /// One that is empty and well. Clones are the same.
    #[expect(clippy::new_without_default, reason = "two of them are not equal, as two defaults should be")]
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// How long a call waits for it, `REDIS_TIMEOUT` so to speak; without it, 250 ms.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.0.set_timeout(timeout);
        self
    }

    /// From now on every operation fails, as when nobody listens.
    pub fn fail(&self) {
        self.0.set(Fault::Fails);
    }

    /// From now on no operation ends.
    pub fn hang(&self) {
        self.0.set(Fault::Hangs);
    }

    /// From now on every operation takes so long: there are two or three in a step of a call.
    pub fn delay(&self, delay: Duration) {
        self.0.set(Fault::Delays(delay));
    }

    /// From now on one half of each value is read.
    pub fn truncate(&self) {
        self.0.set(Fault::Truncates);
    }

    /// All is well again: what was invalidated meanwhile is applied, and caches that did without it use it again.
    pub fn heal(&self) {
        self.0.heal();
    }

    /// How many operations it was asked for so far, those that fail included.
    pub fn operations(&self) -> u64 {
        self.0.operations()
    }
}

/// Clones of one are the same.
impl PartialEq for FaultyBackend {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for FaultyBackend {}

impl fmt::Debug for FaultyBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FaultyBackend").field(&self.0.fault()).finish()
    }
}
