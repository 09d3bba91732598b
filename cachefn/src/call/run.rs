//! The body of a call, polled by its caller.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::Call;
use super::fill::{Fill, Settling};
use super::found::Found;
use super::miss::{Miss, Ready, Stage};
use super::stored::Vtable;
use crate::coop;
use crate::shape::{Kind, Split};
use crate::terms::{Judge, Judged, Unjudged};
use crate::unfit::No;
use crate::verdict::{Checked, Storable, Yes};
use crate::wants;

pin_project! {
    /// The second statement of a cached function: the call with its body.
    #[must_use = "futures do nothing unless polled"]
    pub struct Run<V, J, F> {
        // Before the call, to be dropped before it: others may begin when it is gone.
        #[pin]
        pub(super) body: F,
        pub(super) call: Call,
        pub(super) verdict: PhantomData<V>,
        pub(super) judge: J,
    }
}

/// Runs a call with the body it was made for.
#[inline(always)]
#[expect(clippy::inline_always, reason = "not inlined otherwise, which costs every call that is off")]
pub fn run<V: Checked, F: Future<Output = <V::Kind as Kind>::Output>>(
    call: Call,
    _: V,
    body: F,
) -> Run<V, Unjudged, F> {
    Run { call, verdict: PhantomData, judge: Unjudged, body }
}

/// The same where the value is asked before it is stored.
pub fn run_judged<V, J, F>(call: Call, _: V, judge: J, body: F) -> Run<V, Judged<J>, F>
where
    V: Checked,
    J: Fn(&<V::Kind as Kind>::Seen, &mut crate::terms::Terms),
    F: Future<Output = <V::Kind as Kind>::Output>,
{
    Run { call, verdict: PhantomData, judge: Judged(judge), body }
}

/// A type that cannot be stored is an error already; the body still runs.
impl<K: Kind, R, J, F: Future<Output = K::Output>> Future for Run<No<K, R>, J, F> {
    type Output = K::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<K::Output> {
        self.project().body.poll(cx)
    }
}

impl<K, J, F> Future for Run<Yes<K>, J, F>
where
    K: Kind<Stored: Storable>,
    J: Judge<K::Seen>,
    F: Future<Output = K::Output>,
{
    type Output = K::Output;

    /// Only this is compiled for every function; what it calls, once for every return type.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<K::Output> {
        let this = self.project();
        let Some(miss) = &mut this.call.0 else { return this.body.poll(cx) };
        drive::<K, J, F>(miss, this.judge, this.body, cx).map(End::into_output)
    }
}

/// How a call ends for its caller.
pub(super) enum End<O> {
    /// Nothing is left to do.
    Served(O),
    /// With a value that was at hand; the body has not ended, or not even begun.
    Overdue(O),
}

impl<O> End<O> {
    #[inline]
    pub(super) fn into_output(self) -> O {
        match self {
            Self::Served(output) | Self::Overdue(output) => output,
        }
    }
}

/// What the caller's future does next.
enum Next<O> {
    PollBody,
    Return(End<O>),
}

/// Polls a call, its body included.
#[inline]
pub(super) fn drive<K, J, F>(
    miss: &mut Miss,
    judge: &J,
    mut body: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<End<K::Output>>
where
    K: Kind<Stored: Storable>,
    J: Judge<K::Seen>,
    F: Future<Output = K::Output>,
{
    let _span = miss.span.enter();
    loop {
        if let Next::Return(end) = ready!(advance::<K>(miss, cx)) {
            return Poll::Ready(end);
        }
        let polled = {
            let _aboard = miss.board();
            body.as_mut().poll(cx)
        };
        let Poll::Ready(output) = polled else { return overdue::<K>(miss, cx).map(End::Overdue) };
        if let Some(output) = settle::<K>(miss, output, judge) {
            return Poll::Ready(End::Served(output));
        }
    }
}

/// Whatever comes before the body, or after it and takes time.
fn advance<K: Kind<Stored: Storable>>(miss: &mut Miss, cx: &mut Context<'_>) -> Poll<Next<K::Output>> {
    let served = |output| Poll::Ready(Next::Return(End::Served(output)));
    loop {
        miss.stage = match &mut miss.stage {
            Stage::Start => miss.start(Vtable::of::<K>()),
            Stage::Yielding(_) => {
                ready!(coop::poll_spend(cx));
                match miss.take_found().and_then(Found::output::<K>) {
                    Some(output) => return served(output),
                    None => Stage::Bare,
                }
            }
            Stage::Asking(first) => {
                let answer = ready!(Pin::new(&mut first.asking).poll(cx));
                match miss.take_first(answer, Vtable::of::<K>()) {
                    Ok(value) => match Found::Own(value).output::<K>() {
                        Some(output) => return served(output),
                        None => Stage::Bare,
                    },
                    Err(stage) => stage,
                }
            }
            Stage::Looking(looking) => match ready!(coop::poll_within(cx, |cx| looking.as_mut().poll(cx))) {
                Ready::Found(found) => match found.output::<K>() {
                    Some(output) => return served(output),
                    None => Stage::Bare,
                },
                Ready::Due(due) => Stage::Due(due),
                Ready::Fill(fill) => miss.enter(fill),
                Ready::Nothing => miss.without_a_fill(),
            },
            Stage::Due(_) => {
                ready!(coop::poll_spend(cx));
                match miss.refresh().map(Found::output::<K>) {
                    Some(Some(output)) => return Poll::Ready(Next::Return(End::Overdue(output))),
                    Some(None) => Stage::Bare,
                    None => continue,
                }
            }
            Stage::Body(_) | Stage::Bare => return Poll::Ready(Next::PollBody),
            Stage::Parked if wants::current().parks() => {
                wants::park();
                return Poll::Pending;
            }
            // It has outlived the request that wanted that.
            Stage::Parked => Stage::Bare,
            Stage::Settling(settling, value) => {
                ready!(settling.as_mut().poll(cx));
                match value.take().and_then(|value| Found::Own(value).output::<K>()) {
                    Some(output) => return served(output),
                    None => unreachable!("the value was put there by this very module"),
                }
            }
        };
    }
}

/// The value at hand, once the body has taken longer than it is waited for.
fn overdue<K: Kind<Stored: Storable>>(miss: &mut Miss, cx: &mut Context<'_>) -> Poll<K::Output> {
    let Some(timer) = &mut miss.timer else { return Poll::Pending };
    ready!(timer.as_mut().poll(cx));
    miss.timer = None;
    match miss.give_up().and_then(Found::output::<K>) {
        Some(output) => Poll::Ready(output),
        None => Poll::Pending,
    }
}

/// The value as it stands where it is stored.
fn placed<K: Kind<Stored: Storable>>(value: K::Stored, fill: &Fill) -> K::Stored {
    match fill.hop {
        Some(hop) => K::placed(value, hop),
        None => value,
    }
}

/// Takes what the body returned. `None`: there is something to wait for.
fn settle<K: Kind<Stored: Storable>>(
    miss: &mut Miss,
    output: K::Output,
    judge: &impl Judge<K::Seen>,
) -> Option<K::Output> {
    let Stage::Body(fill) = std::mem::replace(&mut miss.stage, Stage::Bare) else { return Some(output) };
    let settling = match K::split(output) {
        Split::Failure(failure) => {
            let spare = fill.fail().and_then(Found::output::<K>);
            return Some(spare.unwrap_or(failure));
        }
        Split::Passing(output) => {
            fill.passes();
            return Some(output);
        }
        Split::Unrelated(output) => {
            fill.unrelated();
            return Some(output);
        }
        Split::Hidden(output) => {
            fill.hidden();
            return Some(output);
        }
        Split::Nothing(value) => {
            let value = placed::<K>(value, &fill);
            fill.none::<K>(value)
        }
        Split::Value(value) => {
            let value = placed::<K>(value, &fill);
            fill.judged::<K>(value, judge)
        }
    };
    match settling {
        Settling::Done(value) => Some(K::restore(value)),
        Settling::Waits(settling, value) => {
            miss.stage = Stage::Settling(settling, Some(Box::new(value)));
            None
        }
    }
}
