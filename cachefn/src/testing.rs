//! For the tests of programs that use the crate (feature `test-util`).

use std::time::Duration;

/// A clock that stands still until a test moves it.
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

    /// Lets so much time go by for every entry.
    pub fn advance(&self, by: Duration) {
        self.0.advance(by);
    }
}
