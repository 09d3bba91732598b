//! One call of a cached function.
//!
//! ```text
//! begin   1 off? run the body          one relaxed load
//!         2 the key, from references
//!         3 memory                     hit: cloned out, no await, no allocation
//! Run     4 Redis, if it is in use     one MGET
//!         5 the key's flight           follow, or lead
//!         6 leading: look again, and capture the generations the value will be stored under
//!         7 the body                   polled here, owned by nobody else
//!         8 store                      refused if an invalidation or a later fill came between
//!         9 wake the followers; return what the body returned
//! ```
//!
//! [`Run`] is the only part that knows the body's type. It owns the body by value and polls it; all
//! else a miss needs stands in one box that is neither generic nor tied to the body, so the future
//! is `Send` exactly where the plain one was.

mod fill;
mod miss;

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use cachefn_backends::backend::Absence;
use cachefn_backends::memory::AnyEntry;
use pin_project_lite::pin_project;

use self::fill::Settling;
use self::miss::{Miss, Ready, Stage};
use crate::event;
use crate::flight::Aboard;
use crate::global;
use crate::key::KeyWriter;
use crate::layout::{Choice as _, Erased};
use crate::refresh;
use crate::shape::{Kind, Split};
use crate::site::{Closure, Site, Write};
use crate::terms::{Judge, Judged, Terms, Unjudged};
use crate::verdict::{Checked, No, Storable, Yes};

/// What the first statement of a cached function found.
#[derive(Debug)]
pub struct Call(Found);

#[derive(Debug)]
enum Found {
    Hit(AnyEntry),
    /// Nothing to do but run the body, or a miss.
    Body(Option<Box<Miss>>),
}

/// Takes a call: its key is built and memory is asked.
#[inline]
pub fn begin<F: FnOnce(&mut KeyWriter)>(site: &'static Site, write: F) -> Call {
    if global::is_off() {
        return Call(Found::Body(None));
    }
    let mut write = Some(write);
    look_up(site, Closure::of::<F>(), &mut |key| {
        if let Some(write) = write.take() {
            write(key);
        }
    })
}

fn look_up(site: &'static Site, closure: Closure, write: Write<'_>) -> Call {
    let refresh = refresh::is_asked();
    let current = global::current();
    let Some(cache) = current.as_ref() else { return Call(Found::Body(None)) };
    let (instance, began) = (site.instance(closure), event::clock());
    let (key, bypass) = match instance.key(cache, write) {
        Ok(key) => key,
        Err(why) => {
            instance.says_unusable(&why);
            return Call(Found::Body(None));
        }
    };
    let refresh = refresh || bypass;
    let link = cache.link();
    if !refresh && link.is_none() {
        match cache.memory.get(&instance.storage_key(&key), instance.owner) {
            Ok(entry) => {
                site.counters.hits.count();
                event::hit(&instance, &cache.prefix, key.as_str(), began);
                return Call(Found::Hit(entry));
            }
            Err(Absence::Foreign) => instance.says_shared_key(key.as_str()),
            Err(_) => {}
        }
    }
    let place = instance.place(&key);
    let (cache, terms, stage) = (Arc::clone(cache), Terms::default(), Stage::Start);
    let miss = Miss { cache, instance, key, place, terms, link, began, refresh, stage };
    Call(Found::Body(Some(Box::new(miss))))
}

impl Call {
    /// Asks the arguments what else they decide, unless memory has the value already.
    #[must_use]
    #[inline]
    pub fn with(mut self, ask: impl FnOnce(&mut Terms)) -> Self {
        if let Found::Body(Some(miss)) = &mut self.0 {
            ask(&mut miss.terms);
            if !miss.agree() {
                self.0 = Found::Body(None);
            }
        }
        self
    }
}

pin_project! {
    /// The second statement of a cached function: the call with its body.
    #[must_use = "futures do nothing unless polled"]
    pub struct Run<V, J, F> {
        call: Call,
        verdict: PhantomData<V>,
        judge: J,
        #[pin]
        body: F,
    }
}

/// Runs a call with the body it was made for.
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
    J: Fn(&<V::Kind as Kind>::Seen, &mut Terms),
    F: Future<Output = <V::Kind as Kind>::Output>,
{
    Run { call, verdict: PhantomData, judge: Judged(judge), body }
}

/// A type that cannot be stored is an error already; the body still runs.
impl<K: Kind, J, F: Future<Output = K::Output>> Future for Run<No<K>, J, F> {
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
        let mut this = self.project();
        let Some(call) = this.call.cached() else { return this.body.poll(cx) };
        loop {
            if let Next::Return(output) = ready!(advance::<K>(call, cx)) {
                return Poll::Ready(output);
            }
            let output = {
                let _aboard = call.board();
                ready!(this.body.as_mut().poll(cx))
            };
            if let Some(output) = settle::<K>(call, output, this.judge) {
                return Poll::Ready(output);
            }
        }
    }
}

impl Call {
    /// The call, unless its body is to run as if there were no cache.
    #[inline]
    fn cached(&mut self) -> Option<&mut Found> {
        if let Found::Body(None) = self.0 { None } else { Some(&mut self.0) }
    }
}

impl Found {
    /// Where the body is polled: in its flight, if it has one.
    fn board(&self) -> Option<Aboard> {
        match self {
            Self::Body(Some(miss)) => miss.board(),
            _ => None,
        }
    }
}

/// What the caller's future does next.
enum Next<O> {
    PollBody,
    Return(O),
}

/// Whatever comes before the body, or after it and takes time.
fn advance<K: Kind<Stored: Storable>>(call: &mut Found, cx: &mut Context<'_>) -> Poll<Next<K::Output>> {
    match call {
        Found::Hit(entry) => {
            if let Some(output) = copy::<K>(entry) {
                return Poll::Ready(Next::Return(output));
            }
            *call = Found::Body(None);
            Poll::Ready(Next::PollBody)
        }
        Found::Body(None) => Poll::Ready(Next::PollBody),
        Found::Body(Some(miss)) => advance_miss::<K>(miss, cx),
    }
}

/// Takes a miss through its stages.
fn advance_miss<K: Kind<Stored: Storable>>(miss: &mut Miss, cx: &mut Context<'_>) -> Poll<Next<K::Output>> {
    loop {
        miss.stage = match &mut miss.stage {
            Stage::Start => miss.start(K::Codec::decode::<K::Stored>),
            Stage::Looking(looking) => {
                let output = match ready!(looking.as_mut().poll(cx)) {
                    Ready::Entry(entry) => copy::<K>(&entry),
                    Ready::Decoded(value) => unbox::<K>(value),
                    Ready::Fill(fill) => {
                        miss.stage = Stage::Body(fill);
                        return Poll::Ready(Next::PollBody);
                    }
                };
                match output {
                    Some(output) => return Poll::Ready(Next::Return(output)),
                    None => Stage::Bare,
                }
            }
            Stage::Body(_) | Stage::Bare => return Poll::Ready(Next::PollBody),
            Stage::Settling(settling, value) => {
                ready!(settling.as_mut().poll(cx));
                match value.take().and_then(unbox::<K>) {
                    Some(output) => return Poll::Ready(Next::Return(output)),
                    None => unreachable!("the value was put there by this very module"),
                }
            }
        };
    }
}

/// Takes what the body returned. `None`: there is something to wait for.
fn settle<K: Kind<Stored: Storable>>(
    call: &mut Found,
    output: K::Output,
    judge: &impl Judge<K::Seen>,
) -> Option<K::Output> {
    let Found::Body(Some(miss)) = call else { return Some(output) };
    let Stage::Body(fill) = std::mem::replace(&mut miss.stage, Stage::Bare) else { return Some(output) };
    let settling = match K::split(output) {
        Split::Failure(failure) => {
            fill.fail();
            return Some(failure);
        }
        Split::Hidden(output) => {
            fill.hidden();
            return Some(output);
        }
        Split::Nothing(value) => fill.none::<K>(value),
        Split::Value(value) => fill.judged::<K>(value, judge),
    };
    match settling {
        Settling::Done(value) => Some(K::restore(value)),
        Settling::Waits(settling, value) => {
            miss.stage = Stage::Settling(settling, Some(Box::new(value)));
            None
        }
    }
}

fn copy<K: Kind<Stored: Storable>>(entry: &AnyEntry) -> Option<K::Output> {
    entry.value().downcast_ref::<K::Stored>().cloned().map(K::restore)
}

fn unbox<K: Kind<Stored: Storable>>(value: Erased) -> Option<K::Output> {
    value.downcast::<K::Stored>().ok().map(|value| K::restore(*value))
}
