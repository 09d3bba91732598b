//! Time that passes when the test says so.

use std::time::Duration;

/// A clock that stands still until a test moves it. What entries live by it: bodies that are waited for, and Redis, are not.
///
/// ```
/// use std::time::Duration;
///
/// use cachefn::testing::Clock;
/// use cachefn::{Config, Outcome, cached};
///
/// #[cached(expire = "1h", key = id)]
/// async fn get_user(id: u64) -> String {
///     format!("user {id}")
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), cachefn::Error> {
/// let clock = Clock::new();
/// cachefn::init_with(Config::builder().enabled(true).clock(&clock).build()?).await?;
/// get_user(7).await;
/// clock.advance(Duration::from_secs(3600));
/// let (_, report) = cachefn::observe(get_user(7)).await;
/// assert_eq!(report.calls[0].outcome, Outcome::Miss);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Clock(pub(crate) cachefn_backends::clock::Clock);

impl Clock {
    /// A clock of its own. Clones tell the same time.
    #[expect(clippy::new_without_default, reason = "two clocks are not equal, as two defaults should be")]
    pub fn new() -> Self {
        Self(cachefn_backends::clock::Clock::manual())
    }

    /// The clock of the caller's tokio runtime, which `tokio::time::pause` stops and `tokio::time::advance` moves;
    /// [`advance`](Clock::advance) moves it on as well.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # mod tests {
    /// use std::time::Duration;
    ///
    /// use cachefn::Config;
    /// use cachefn::testing::Clock;
    ///
    /// #[cachefn::test(config = Config::builder().enabled(true).clock(&Clock::tokio()).build().unwrap())]
    /// #[tokio::test(start_paused = true)] // with tokio's feature `test-util`
    /// async fn a_session_ends() {
    ///     let sessions = cachefn::cache().expire(Duration::from_secs(1800));
    ///     sessions.set("c0ffee", 7).await;
    ///     tokio::time::sleep(Duration::from_secs(1800)).await; // no time at all
    ///     assert_eq!(sessions.get::<i32>("c0ffee").await, None);
    /// }
    /// # }
    /// # fn main() {}
    /// ```
    pub fn tokio() -> Self {
        Self(cachefn_backends::clock::Clock::tokio())
    }

    /// Lets so much time go by for every entry.
    pub fn advance(&self, by: Duration) {
        self.0.advance(by);
    }
}
