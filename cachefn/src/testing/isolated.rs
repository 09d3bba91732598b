//! A cache for one future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::global::room::{Carried, Room, carry};
use crate::global::{Cache, wait_for};

pin_project! {
    /// A future with a cache of its own.
    #[must_use = "futures do nothing unless polled"]
    pub struct Isolated<F> {
        ready: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
        #[pin]
        future: Carried<F>,
    }
}

/// Gives `future` a cache of its own, as `config` says, which ends with it.
///
/// Everything inside is about that cache: calls, companions, [`cache`](crate::cache), invalidations,
/// [`stats`](crate::stats), which begin at zero, [`status`](crate::status), refreshes in the background. [`init`](crate::init),
/// [`init_with`](crate::init_with) and [`shutdown`](crate::shutdown) do nothing and succeed, so that what sets up the
/// program can be tested with it. What the future spawns has the cache of the process, unless it is spawned by [`spawn`].
///
/// What is called to make `future` is called outside: write `async { cachefn::clear().await }`, for an invalidation and
/// [`Store::set`](crate::Store::set) are under way when the function returns.
///
/// With Redis it waits for the first attempt to connect, a second at most; caches of one server share what is in it, unless
/// they have different prefixes.
///
/// # Cancel safety
///
/// As that of `future`.
///
/// # Costs
///
/// A few kilobytes for each function that is called inside are never given back. So it is for tests.
///
/// ```
/// use cachefn::testing::isolated;
/// use cachefn::{Config, Mode, cached};
///
/// #[cached(key = id)]
/// async fn get_user(id: u64) -> String {
///     format!("user {id}")
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), cachefn::Error> {
/// let memory = Config::builder().enabled(true).build()?;
/// isolated(memory, async {
///     get_user(7).await;
///     get_user(7).await;
///     let total = cachefn::stats().total();
///     assert_eq!((total.misses, total.hits), (1, 1));
/// })
/// .await;
/// isolated(Config::default(), async { assert_eq!(cachefn::status().mode, Mode::Disabled) }).await;
/// # Ok(())
/// # }
/// ```
#[expect(clippy::needless_pass_by_value, reason = "as that of `init_with`")]
pub fn isolated<F: Future>(config: Config, future: F) -> Isolated<F> {
    let cache = (config.enabled() && cfg!(feature = "enabled")).then(|| Cache::new(&config));
    let redis = cache.as_ref().and_then(|cache| cache.redis.clone());
    let ready =
        redis.map(|redis| -> Pin<Box<dyn Future<Output = ()> + Send>> { Box::pin(wait_for(Some(redis))) });
    Isolated { ready, future: Carried::new(Room::new(cache), future) }
}

impl<F: Future> Future for Isolated<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Some(settled) = this.ready {
            ready!(settled.as_mut().poll(cx));
            *this.ready = None;
        }
        this.future.poll(cx)
    }
}

/// Spawns `future` on the tokio runtime, with the cache that the caller has.
///
/// # Panics
///
/// Outside of a runtime, as `tokio::spawn` does.
///
/// ```
/// use cachefn::testing;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let config = cachefn::Config::builder().enabled(true).build()?;
/// testing::isolated(config, async {
///     cachefn::cache().set("it", 7).await;
///     let found = testing::spawn(async { cachefn::cache().get::<i32>("it").await }).await?;
///     assert_eq!(found, Some(7));
/// #   Ok::<_, tokio::task::JoinError>(())
/// })
/// # .await?; Ok(())
/// # }
/// ```
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(carry(future))
}

/// Runs a test on a runtime of its own.
///
/// # Panics
///
/// If the operating system refuses an event queue, or `future` panics.
#[doc(hidden)]
pub fn run<T, F: Future<Output = T>>(config: impl FnOnce() -> Config, future: F) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("the operating system provides an event queue");
    runtime.block_on(async { isolated(config(), future).await })
}

/// What `#[cachefn::test]` says where nothing else is said.
#[doc(hidden)]
pub fn memory() -> Config {
    Config::builder().enabled(true).build().expect("nothing else is set")
}
