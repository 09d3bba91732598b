//! A call that runs its body now and stores, whatever is cached.
//!
//! `refresh_f` calls `f` itself, so that the body stands in the program once. What it asks for goes
//! through a flag of the thread, set around the first poll only and taken by the first statement of
//! `f`: cached functions that the body calls do not see it.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

thread_local! {
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the call that begins now is to run its body. Asking takes the flag.
pub(crate) fn is_asked() -> bool {
    ASKED.take()
}

pin_project! {
    /// A call of a cached function that is to run its body.
    #[must_use = "futures do nothing unless polled"]
    pub struct Refresh<F> {
        begun: bool,
        #[pin]
        call: F,
    }
}

/// Has a call of a cached function run its body and store.
pub fn refresh<F: Future>(call: F) -> Refresh<F> {
    Refresh { begun: false, call }
}

impl<F: Future> Future for Refresh<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _asking = Asking::first(this.begun);
        this.call.poll(cx)
    }
}

/// Lasts for one poll.
struct Asking;

impl Asking {
    /// Asks, unless that was done before.
    fn first(begun: &mut bool) -> Option<Self> {
        if std::mem::replace(begun, true) {
            return None;
        }
        ASKED.set(true);
        Some(Self)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        ASKED.set(false);
    }
}
