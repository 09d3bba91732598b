//! What the cached calls inside a future came to.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::watching::{Amendment, Watching};

/// What the cached calls inside a future came to, in the order in which they ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// One for every call that asked the cache.
    pub calls: Vec<CallReport>,
}

/// What one cached call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallReport {
    /// The function, as its keys name it: `get_user`, `Repo::get`.
    pub function: String,
    /// The namespace as it is written.
    pub namespace: String,
    /// The logical key, with the prefix. Of a `sensitive` function it holds a digest.
    pub key: String,
    /// Where the value came from.
    pub outcome: Outcome,
    /// How long the entry that answered lives on; nothing where none did.
    pub remaining: Option<Duration>,
    /// How long the call took, its body included.
    pub elapsed: Duration,
    /// Whether the value of its body was stored.
    pub stored: bool,
    /// What there was that did not answer.
    pub(crate) lacked: Lacked,
}

/// What a call found that did not answer it, the least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lacked {
    #[default]
    Nothing,
    /// Something that has expired.
    Expired,
    /// Something that was not what was wanted.
    Unsuitable,
}

/// Where the value of a call came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Out of the cache.
    Hit,
    /// Out of the cache, past its life: while it is refreshed, or because the body failed or took too long.
    Stale,
    /// From the call's own body.
    Miss,
    /// From the body of another call of the same key, which ran meanwhile.
    Collapsed,
    /// From the call's own body, because the cache was not to be asked.
    Bypassed,
}

impl Outcome {
    /// As the fields of events and spans have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Miss => "miss",
            Self::Collapsed => "collapsed",
            Self::Bypassed => "bypass",
        }
    }
}

impl Report {
    /// How many calls came to `outcome`.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.calls.iter().filter(|call| call.outcome == outcome).count()
    }
}

impl CallReport {
    pub(crate) fn amend(&mut self, amendment: Amendment) {
        match amendment {
            Amendment::Stored(_) => self.stored = true,
            Amendment::Lacked(lacked) => self.lacked = lacked,
        }
    }
}

pin_project! {
    /// A future whose cached calls are watched.
    #[must_use = "futures do nothing unless polled"]
    pub struct Observed<F> {
        report: Report,
        #[pin]
        future: F,
    }
}

/// Watches the cached calls inside `future`: the answer is what it returns, and a report of them.
///
/// Calls that the future has others make for it, on tasks that it spawns, are not seen. Calls of functions whose
/// arguments cannot be a key, and calls while caching is off, ask nothing and are not reported.
///
/// # Cancel safety
///
/// As that of `future`; the report is lost with it.
///
/// # Costs
///
/// Two looks at the clock and a few allocations for each call. Nothing for calls that nobody watches.
///
/// ```
/// use cachefn::{Outcome, cached};
///
/// #[cached(key = id)]
/// async fn get_user(id: u64) -> String {
///     format!("user {id}")
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
/// let (user, report) = cachefn::observe(get_user(7)).await;
/// assert_eq!(user, "user 7");
/// assert_eq!(report.calls[0].outcome, Outcome::Miss);
///
/// let (_, report) = cachefn::observe(get_user(7)).await;
/// assert_eq!(report.count(Outcome::Hit), 1);
/// assert!(report.calls[0].remaining.is_some());
/// # }
/// ```
pub fn observe<F: Future>(future: F) -> Observed<F> {
    Observed { report: Report::default(), future }
}

impl<F: Future> Future for Observed<F> {
    type Output = (F::Output, Report);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let output = {
            let _watching = Watching::with(this.report);
            this.future.poll(cx)
        };
        let output = ready!(output);
        Poll::Ready((output, std::mem::take(this.report)))
    }
}
