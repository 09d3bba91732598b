//! A call that runs its body now and stores, whatever is cached.
//!
//! `refresh_f` calls `f` itself, so that the body stands in the program once. What it asks for is
//! [wanted](crate::wants) around the first poll only and taken by the first statement of `f`: cached functions that the
//! body calls do not see it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::wants::{Wanting, Wants};

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
        let first = !std::mem::replace(this.begun, true);
        let _wanting = first.then(|| Wanting::of(|wants| Wants { refreshes: true, ..wants }));
        this.call.poll(cx)
    }
}
