//! The part that calls take in the cooperative budget of tokio's tasks.
//!
//! A task that is always ready is made to yield now and then by what it awaits: a hit spends as much of the budget as a
//! message of a channel does. Where it is used up, the call returns the value that it has found at its next poll. On other
//! executors, and outside of tasks, there is no budget.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker, ready};

use tokio::task::coop;

/// Spends a unit of the budget; false if there is none left, and the call is to yield before it ends. Costs a look at
/// tokio's thread-local state.
#[inline]
pub(crate) fn spend() -> bool {
    // Nobody is to be woken here: who yields asks again, with a waker of its own.
    poll_spend(&mut Context::from_waker(Waker::noop())).is_ready()
}

/// Ready once a unit has been spent.
#[inline]
pub(crate) fn poll_spend(cx: &mut Context<'_>) -> Poll<()> {
    coop::poll_proceed(cx).map(|unit| unit.made_progress())
}

/// Spends a unit, after yielding if there is none left.
pub(crate) async fn spent() {
    poll_fn(poll_spend).await;
}

/// Polls what may be ready at once; a unit is spent if it is.
pub(crate) fn poll_within<T>(
    cx: &mut Context<'_>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    let unit = ready!(coop::poll_proceed(cx));
    let polled = ready!(poll(cx));
    unit.made_progress();
    Poll::Ready(polled)
}
