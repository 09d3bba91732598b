//! A body that goes on after its call has returned an older value.
//!
//! Only where something may come of it is the body put into a box: where the call has an older value at hand, or Redis
//! may have one. Otherwise it is polled in place, as without all this, and nothing is allocated.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use super::miss::{Miss, Timer};
use super::run::{End, drive};
use super::{Call, Output};
use crate::global::room;
use crate::shape::Kind;
use crate::terms::{Judge, Judged, Terms, Unjudged};
use crate::unfit::{No, Reason};
use crate::verdict::{Checked, Storable, Yes};

/// So many bodies go on in the background at a time; where there are more, older values are served without a refresh.
pub(crate) const MOST: usize = 1024;

/// A body that has not ended after so long in the background is dropped.
const LONGEST: Duration = Duration::from_secs(600);

pin_project! {
    /// The call with a body that may outlive it.
    ///
    /// As flat as [`Run`](super::Run) is: what is put into one another is copied on the stack, once for each, and a body may
    /// be large.
    #[project = Projected]
    #[expect(missing_docs, reason = "fields of generated code, which cannot have documentation in this macro")]
    #[must_use = "futures do nothing unless polled"]
    pub enum RunBackground<V, J, F> {
        /// Nothing can come of it: in the caller's own future.
        Here {
            // Before the call, to be dropped before it: others may begin when it is gone.
            #[pin]
            body: F,
            call: Call,
            judge: J,
            verdict: PhantomData<V>,
        },
        /// In a box that may go elsewhere. None once the call has returned.
        Boxed { work: Option<Work<V, J, F>>, detach: Detach<V, J, F> },
    }
}

/// Has a runtime go on with a call. Chosen where the call is made: only there the body is known to be able to.
type Detach<V, J, F> = fn(Work<V, J, F>, &Handle);

/// A call and its body, which may change places.
#[derive(Debug)]
pub struct Work<V, J, F> {
    // Before the miss, to be dropped before it: others may begin when it is gone.
    body: Pin<Box<F>>,
    miss: Box<Miss>,
    judge: J,
    verdict: PhantomData<fn() -> V>,
}

/// Runs a call with the body it was made for, which may go on after the call.
// Optimized, the copy of the body on the stack of the caller goes away; otherwise it would stay there, one for each call.
#[cfg_attr(not(debug_assertions), inline(always))]
#[cfg_attr(not(debug_assertions), expect(clippy::inline_always, reason = "see above"))]
pub fn run_background<V, F>(call: Call, _: V, body: F) -> RunBackground<V, Unjudged, F>
where
    V: Detaches,
    F: Future<Output = <V::Kind as Kind>::Output> + Send + 'static,
{
    let mut run = RunBackground::Here { body, call, judge: Unjudged, verdict: PhantomData };
    run.choose(V::detach);
    run
}

/// The same where the value is asked before it is stored.
// Optimized, the copy of the body on the stack of the caller goes away; otherwise it would stay there, one for each call.
#[cfg_attr(not(debug_assertions), inline(always))]
#[cfg_attr(not(debug_assertions), expect(clippy::inline_always, reason = "see above"))]
pub fn run_judged_background<V, J, F>(call: Call, _: V, judge: J, body: F) -> RunBackground<V, Judged<J>, F>
where
    V: Detaches,
    J: Fn(&<V::Kind as Kind>::Seen, &mut Terms) + Send + 'static,
    F: Future<Output = <V::Kind as Kind>::Output> + Send + 'static,
{
    let mut run = RunBackground::Here { body, call, judge: Judged(judge), verdict: PhantomData };
    run.choose(V::detach);
    run
}

impl<V, J, F> RunBackground<V, J, F> {
    /// Where the body is held is chosen here, where it can still be moved.
    #[inline]
    fn choose(&mut self, detach: Detach<V, J, F>) {
        if let Self::Here { call: Call(Some(miss)), .. } = self {
            let may_be_overdue = miss.may_be_overdue() && Handle::try_current().is_ok();
            if may_be_overdue {
                self.put_into_box(detach);
            }
        }
    }

    /// Where something older may be at hand. The copies that this makes are gone before the body is polled.
    #[cold]
    #[inline(never)]
    fn put_into_box(&mut self, detach: Detach<V, J, F>) {
        let here = std::mem::replace(self, Self::Boxed { work: None, detach });
        if let Self::Here { body, call: mut whole, judge, .. } = here
            && let Some(mut miss) = whole.0.take()
        {
            miss.detaches = true;
            let work = Work { miss, judge, body: Box::pin(body), verdict: PhantomData };
            *self = Self::Boxed { work: Some(work), detach };
        }
    }
}

/// A type that cannot be stored is an error already; the body still runs.
impl<K: Kind, R, J, F: Future<Output = K::Output>> Future for RunBackground<No<K, R>, J, F> {
    type Output = K::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<K::Output> {
        match self.project() {
            Projected::Here { body, .. } => body.poll(cx),
            Projected::Boxed { work: Some(work), .. } => work.body.as_mut().poll(cx),
            Projected::Boxed { work: None, .. } => Poll::Pending,
        }
    }
}

impl<K, J, F> Future for RunBackground<Yes<K>, J, F>
where
    K: Kind<Stored: Storable>,
    J: Judge<K::Seen>,
    F: Future<Output = K::Output>,
{
    type Output = K::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<K::Output> {
        let (held, detach) = match self.project() {
            Projected::Here { body, call, judge, .. } => {
                let Some(miss) = &mut call.0 else { return body.poll(cx) };
                return drive::<K, J, F>(miss, judge, body, cx).map(End::into_output);
            }
            Projected::Boxed { work, detach } => (work, detach),
        };
        // It is polled once more after its end; nothing comes of that.
        let Some(work) = held else { return Poll::Pending };
        match ready!(work.poll_call(cx)) {
            End::Served(output) => Poll::Ready(output),
            End::Overdue(output) => {
                if let (Some(work), Ok(runtime)) = (held.take(), Handle::try_current()) {
                    detach(work, &runtime);
                }
                Poll::Ready(output)
            }
        }
    }
}

/// A verdict under which bodies may go on in the background.
pub trait Detaches: Checked + Sized {
    /// Has the runtime of the caller go on with it, if there is room. A runtime that ends drops it; then the flight passes
    /// to whoever waits, and the next call that finds the value due begins anew.
    fn detach<J, F>(work: Work<Self, J, F>, runtime: &Handle)
    where
        J: Judge<<Self::Kind as Kind>::Seen> + Send + 'static,
        F: Future<Output = Output<Self>> + Send + 'static;
}

impl<K: Kind<Stored: Storable> + 'static> Detaches for Yes<K> {
    fn detach<J, F>(mut work: Work<Self, J, F>, runtime: &Handle)
    where
        J: Judge<K::Seen> + Send + 'static,
        F: Future<Output = K::Output> + Send + 'static,
    {
        let Some(permit) = work.miss.room() else { return work.miss.give_way() };
        let deadline = Miss::timer_of(LONGEST);
        runtime.spawn(room::carry(Detached { work, deadline, _permit: permit }));
    }
}

/// Nothing of it is ever found, so nothing can be served meanwhile.
impl<K: Kind, R: Reason> Detaches for No<K, R> {
    fn detach<J, F>(_: Work<Self, J, F>, _: &Handle)
    where
        J: Judge<K::Seen> + Send + 'static,
        F: Future<Output = K::Output> + Send + 'static,
    {
    }
}

impl<K, J, F> Work<Yes<K>, J, F>
where
    K: Kind<Stored: Storable>,
    J: Judge<K::Seen>,
    F: Future<Output = K::Output>,
{
    fn poll_call(&mut self, cx: &mut Context<'_>) -> Poll<End<K::Output>> {
        drive::<K, J, F>(&mut self.miss, &self.judge, self.body.as_mut(), cx)
    }
}

/// A body in the background.
struct Detached<V, J, F> {
    work: Work<V, J, F>,
    deadline: Timer,
    _permit: OwnedSemaphorePermit,
}

impl<K, J, F> Future for Detached<Yes<K>, J, F>
where
    K: Kind<Stored: Storable>,
    J: Judge<K::Seen>,
    F: Future<Output = K::Output>,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.work.poll_call(cx) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => self.deadline.as_mut().poll(cx),
        }
    }
}

/// Nothing in it is pinned by it.
impl<V, J, F> Unpin for Work<V, J, F> {}
