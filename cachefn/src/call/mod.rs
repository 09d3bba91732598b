//! One call of a cached function.
//!
//! ```text
//! begin   1 off? run the body          one relaxed load
//!         2 the key, from references   in a buffer on the stack
//!         3 memory                     hit: cloned out and returned; no await, no allocation, no lock
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

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use cachefn_backends::backend::Absence;
use cachefn_backends::memory::Entry;
use pin_project_lite::pin_project;

use self::fill::Settling;
use self::miss::{Miss, Ready, Stage};
use crate::event;
use crate::observe::Outcome;
use crate::stats;

use crate::global::{self, Cache};
use crate::key::KeyWriter;
use crate::layout::{Choice as _, Erased};
use crate::refresh;
use crate::shape::{Kind, Split};
use crate::site::{Closure, Instance, Site, Take, Write};
use crate::terms::{Judge, Judged, Terms, Unjudged};
use crate::verdict::{Checked, No, Storable, Yes};

/// A call whose value memory does not have: a miss, or nothing but a body to run.
#[derive(Debug)]
pub struct Call(Option<Box<Miss>>);

/// What the caller is given.
pub(crate) type Output<V> = <<V as Checked>::Kind as Kind>::Output;

/// Takes a call: its key is built and memory is asked. `Ok` is what it returns.
#[inline]
pub fn begin<V: Reads, F: Fn(&mut KeyWriter)>(
    site: &'static Site,
    _: &V,
    write: F,
) -> Result<Output<V>, Call> {
    if global::is_off() { Err(Call(None)) } else { begin_on::<V>(site, Closure::of::<F>(), &write) }
}

/// The same, while caching is on: compiled once for every return type, and not into the caller's future.
#[inline(never)]
fn begin_on<V: Reads>(site: &'static Site, closure: Closure, write: Write<'_>) -> Result<Output<V>, Call> {
    let mut found = None;
    let miss = look_up(site, closure, write, &mut |value| {
        found = V::copy(value);
        found.is_some()
    });
    match (miss, found) {
        (None, Some(found)) => Ok(found),
        (miss, _) => Err(Call(miss)),
    }
}

/// Shows the value that is found to `take`; else the answer is the miss, if the call can be cached at all.
fn look_up(site: &'static Site, closure: Closure, write: Write<'_>, take: Take<'_>) -> Option<Box<Miss>> {
    let refresh = refresh::is_asked();
    let later;
    let cache = if let Some(first) = global::first() {
        first
    } else {
        later = global::current()?;
        &later
    };
    let (instance, began) = (site.instance(closure), event::clock());
    let timed = stats::sampled();
    let mut short = KeyWriter::short();
    write(&mut short);
    let refresh = refresh || short.bypasses();
    let reads = !refresh && cache.reads_memory();
    if reads && short.is_usable() {
        let call = cache.memory.short(instance.owner, short.as_bytes());
        let mut remaining = None;
        let taken = cache.memory.glance(call, |entry| {
            remaining = began.map(|_| cache.memory.remaining(entry));
            take(entry.value())
        });
        if taken == Some(true) {
            instance.identity.hits.count();
            if let Some(timed) = timed {
                instance.identity.lookups.add(timed.elapsed());
            }
            if began.is_some() {
                instance.says_hit(cache, write, remaining, began);
            }
            return None;
        }
    }
    let asked = Asked { instance, write, refresh, timed, began };
    asked.again(cache, reads.then_some(take))
}

/// A call that a glance has not answered.
struct Asked<'a> {
    instance: Instance,
    write: Write<'a>,
    refresh: bool,
    timed: Option<Instant>,
    began: Option<Instant>,
}

impl Asked<'_> {
    /// Looks with the key. Memory may have it, though no call has been answered by it of late.
    #[cold]
    #[inline(never)]
    fn again(self, cache: &Arc<Cache>, take: Option<Take<'_>>) -> Option<Box<Miss>> {
        let Self { instance, write, refresh, timed, began } = self;
        let written = match instance.key_and_short(cache, write) {
            Ok(written) => written,
            Err(why) => {
                instance.says_unusable(&why);
                return None;
            }
        };
        let key = written.to_key();
        let (place, asked) = (instance.place(&key), Instant::now());
        let mut absence = Absence::Absent;
        if let Some(take) = take {
            let call = written.short_form().map(|words| cache.memory.short(instance.owner, words));
            let look = |entry: &Entry| take(entry.value()).then(|| cache.memory.remaining(entry));
            match cache.memory.read(&place.key, call, instance.owner, look) {
                Ok(Some(remaining)) => {
                    instance.identity.hits.count();
                    if let Some(timed) = timed {
                        instance.identity.lookups.add(timed.elapsed());
                    }
                    let key = key.as_str();
                    event::outcome(Outcome::Hit, &instance, &cache.prefix, key, Some(remaining), began);
                    return None;
                }
                Ok(None) => {}
                Err(why) => absence = why,
            }
            if matches!(absence, Absence::Foreign) {
                instance.says_shared_key(key.as_str());
            }
        }
        let (cache, terms, stage, link) = (Arc::clone(cache), Terms::default(), Stage::Start, cache.link());
        let miss = Miss { cache, instance, key, place, terms, link, absence, asked, began, refresh, stage };
        Some(Box::new(miss))
    }
}

impl Call {
    /// Asks the arguments what else they decide, unless memory has the value already.
    #[must_use]
    #[inline]
    pub fn with(mut self, ask: impl FnOnce(&mut Terms)) -> Self {
        if let Some(miss) = &mut self.0 {
            ask(&mut miss.terms);
            if !miss.agree() {
                self.0 = None;
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
        let Some(miss) = &mut this.call.0 else { return this.body.poll(cx) };
        loop {
            if let Next::Return(output) = ready!(advance::<K>(miss, cx)) {
                return Poll::Ready(output);
            }
            let output = {
                let _aboard = miss.board();
                ready!(this.body.as_mut().poll(cx))
            };
            if let Some(output) = settle::<K>(miss, output, this.judge) {
                return Poll::Ready(output);
            }
        }
    }
}

/// What the caller's future does next.
enum Next<O> {
    PollBody,
    Return(O),
}

/// Whatever comes before the body, or after it and takes time.
fn advance<K: Kind<Stored: Storable>>(miss: &mut Miss, cx: &mut Context<'_>) -> Poll<Next<K::Output>> {
    loop {
        miss.stage = match &mut miss.stage {
            Stage::Start => miss.start(K::Codec::decode::<K::Stored>),
            Stage::Looking(looking) => {
                let output = match ready!(looking.as_mut().poll(cx)) {
                    Ready::Entry(entry) => copy::<K>(entry.value()),
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
    miss: &mut Miss,
    output: K::Output,
    judge: &impl Judge<K::Seen>,
) -> Option<K::Output> {
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

/// A verdict under which values are read.
pub trait Reads: Checked {
    /// What is returned for a stored value, if it is of the right type.
    fn copy(value: &dyn Any) -> Option<Output<Self>>;
}

impl<K: Kind<Stored: Storable>> Reads for Yes<K> {
    #[inline]
    fn copy(value: &dyn Any) -> Option<K::Output> {
        copy::<K>(value)
    }
}

/// Nothing of it is ever stored.
impl<K: Kind> Reads for No<K> {
    fn copy(_: &dyn Any) -> Option<K::Output> {
        None
    }
}

#[inline]
fn copy<K: Kind<Stored: Storable>>(value: &dyn Any) -> Option<K::Output> {
    value.downcast_ref::<K::Stored>().cloned().map(K::restore)
}

fn unbox<K: Kind<Stored: Storable>>(value: Erased) -> Option<K::Output> {
    value.downcast::<K::Stored>().ok().map(|value| K::restore(*value))
}
