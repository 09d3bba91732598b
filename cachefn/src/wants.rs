//! What is wanted of the cached calls of a thread, beside their values.
//!
//! | who wants it | of which calls | what |
//! |---|---|---|
//! | `refresh_f` | the one it makes | its body is run, and stored |
//! | [`bypass`] | all inside | the same |
//! | a request (feature `axum`) | all inside | what its `Cache-Control` says |
//!
//! It is a note of the thread that lasts for one poll. Whoever wants nothing pays for a look at one flag.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

thread_local! {
    /// Whether anything is wanted at all.
    static ANY: Cell<bool> = const { Cell::new(false) };
    static WANTS: Cell<Wants> = const { Cell::new(Wants::NOTHING) };
    /// Whether a call has been parked.
    static PARKED: Cell<bool> = const { Cell::new(false) };
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wants {
    pub(crate) reading: Reading,
    pub(crate) miss: OnMiss,
    pub(crate) limits: Limits,
    /// Whether the program has the bodies run, by [`bypass`]; what a request says is beside it.
    pub(crate) bypasses: bool,
    /// Of the next call alone: that its body is run, and stored.
    pub(crate) refreshes: bool,
}

/// Whether the cache is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Usual,
    /// It is not, and is told what the body returns.
    Skipped,
    /// It is not, and is told nothing.
    Untouched,
}

/// What a call does that finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnMiss {
    Fill,
    /// It runs its body and stores nothing.
    Run,
    /// It runs nothing and ends never; whoever wants it so drops it.
    Park,
}

/// Which entries will do: `max-age`, `min-fresh` and `max-stale` of RFC 9111, 5.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) max_age: Option<Duration>,
    pub(crate) min_fresh: Option<Duration>,
    pub(crate) max_stale: Option<Duration>,
}

/// How an entry stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// Since it was stored.
    pub(crate) age: Duration,
    /// Until it expires.
    pub(crate) remaining: Duration,
    /// Since it has expired.
    pub(crate) overdue: Duration,
}

impl Wants {
    pub(crate) const NOTHING: Self = Self {
        reading: Reading::Usual,
        miss: OnMiss::Fill,
        limits: Limits { max_age: None, min_fresh: None, max_stale: None },
        bypasses: false,
        refreshes: false,
    };

    /// Whether the body is run whatever is cached.
    pub(crate) fn skips_reading(self) -> bool {
        self.refreshes || self.bypasses || self.reading == Reading::Skipped
    }

    /// Whether a call that finds nothing runs nothing.
    pub(crate) fn parks(self) -> bool {
        self.miss == OnMiss::Park
    }

    /// Whether the call is none of the cache's business.
    pub(crate) fn is_untouched(self) -> bool {
        !self.refreshes && self.reading == Reading::Untouched
    }
}

impl Limits {
    /// Whether an entry will do.
    pub(crate) fn suit(self, entry: Standing) -> bool {
        let fresh_enough = if entry.remaining.is_zero() {
            match self.max_stale {
                Some(most) => entry.overdue <= most,
                // Who says how fresh it has to be takes nothing that has expired.
                None => self.max_age.is_none() && self.min_fresh.is_none(),
            }
        } else {
            self.min_fresh.is_none_or(|least| entry.remaining >= least)
        };
        fresh_enough && self.max_age.is_none_or(|most| entry.age <= most)
    }
}

/// Whether anything is wanted of the call that begins now.
#[inline]
pub(crate) fn is_any() -> bool {
    ANY.get()
}

/// What is wanted of the call that begins now. Asking takes what is wanted of one call alone.
pub(crate) fn take() -> Wants {
    let wants = WANTS.get();
    set(Wants { refreshes: false, ..wants });
    wants
}

/// What is wanted of the calls of this thread.
pub(crate) fn current() -> Wants {
    WANTS.get()
}

fn set(wants: Wants) {
    WANTS.set(wants);
    ANY.set(wants != Wants::NOTHING);
}

/// A call runs nothing, and waits to be dropped.
pub(crate) fn park() {
    PARKED.set(true);
}

/// Whether a call has been parked since this was last asked.
#[cfg(feature = "axum")]
pub(crate) fn has_parked() -> bool {
    PARKED.take()
}

/// Lasts for one poll, also if it panics.
pub(crate) struct Wanting {
    before: Wants,
}

impl Wanting {
    /// Changes what is wanted until this is dropped.
    pub(crate) fn of(change: impl FnOnce(Wants) -> Wants) -> Self {
        let before = WANTS.get();
        set(change(before));
        Self { before }
    }
}

impl Drop for Wanting {
    fn drop(&mut self) {
        // What is wanted of one call alone was taken meanwhile, or not.
        let refreshes = self.before.refreshes && current().refreshes;
        set(Wants { refreshes, ..self.before });
    }
}

pin_project! {
    /// A future whose cached calls do not read the cache.
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct Bypassing<F> {
        #[pin]
        future: F,
    }
}

/// Has the cached calls inside `future` run their bodies, whatever is cached, and store what they return.
///
/// Those are also the calls that these bodies make. Calls that the future has others make for it, on tasks that it
/// spawns, read as ever. Calls at the same time run a body each. Where a body fails, `stale_if_error` returns the last
/// value. An `http::CacheLayer` inside changes nothing of it.
///
/// # Cancel safety
///
/// As that of `future`.
///
/// ```
/// use cachefn::{bypass, cached};
/// # use std::sync::atomic::{AtomicU32, Ordering};
/// # static READS: AtomicU32 = AtomicU32::new(0);
///
/// #[cached(key = id)]
/// async fn user_name(id: u64) -> String {
///     format!("user {id}, read {}", READS.fetch_add(1, Ordering::Relaxed) + 1)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
/// assert_eq!(user_name(7).await, "user 7, read 1");
/// assert_eq!(bypass(user_name(7)).await, "user 7, read 2");
/// assert_eq!(user_name(7).await, "user 7, read 2");
/// # }
/// ```
pub fn bypass<F: Future>(future: F) -> Bypassing<F> {
    Bypassing { future }
}

impl<F: Future> Future for Bypassing<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // A request's `no-store` goes before it.
        let _wanting = Wanting::of(|wants| Wants { bypasses: true, ..wants });
        self.project().future.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(max_age: Option<u64>, min_fresh: Option<u64>, max_stale: Option<u64>) -> Limits {
        let seconds = |of: Option<u64>| of.map(Duration::from_secs);
        Limits { max_age: seconds(max_age), min_fresh: seconds(min_fresh), max_stale: seconds(max_stale) }
    }

    #[test]
    fn an_entry_suits_by_its_age_and_by_what_is_left_of_it() {
        let fresh = (10, 50, 0);
        let stale = (70, 0, 10);
        let rows = [
            (limits(None, None, None), fresh, true),
            (limits(None, None, None), stale, true),
            (limits(Some(10), None, None), fresh, true),
            (limits(Some(9), None, None), fresh, false),
            (limits(Some(100), None, None), stale, false),
            (limits(Some(100), None, Some(10)), stale, true),
            (limits(Some(60), None, Some(10)), stale, false),
            (limits(None, Some(50), None), fresh, true),
            (limits(None, Some(51), None), fresh, false),
            (limits(None, Some(0), None), stale, false),
            (limits(None, None, Some(9)), stale, false),
            (limits(None, None, Some(10)), stale, true),
        ];
        for (limits, (age, remaining, overdue), suits) in rows {
            let seconds = Duration::from_secs;
            let entry =
                Standing { age: seconds(age), remaining: seconds(remaining), overdue: seconds(overdue) };
            assert_eq!(limits.suit(entry), suits, "{limits:?} {entry:?}");
        }
    }

    #[test]
    fn what_is_wanted_of_one_call_is_taken_by_it() {
        let wanting = Wanting::of(|wants| Wants { refreshes: true, ..wants });
        assert!(is_any() && take().skips_reading());
        assert!(!is_any() && !take().skips_reading());
        drop(wanting);
        assert!(!is_any());
    }
}
