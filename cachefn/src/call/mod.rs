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
use crate::global;
use crate::key::KeyWriter;
use crate::layout::{Erased, Layout};
use crate::refresh;
use crate::shape::{Checked, Kind, No, Split, Storable, Yes};
use crate::site::Site;

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
    if global::is_off() { Call(Found::Body(None)) } else { look_up(site, write) }
}

fn look_up<F: FnOnce(&mut KeyWriter)>(site: &'static Site, write: F) -> Call {
    let refresh = refresh::is_asked();
    let current = global::current();
    let Some(cache) = current.as_ref() else { return Call(Found::Body(None)) };
    let (instance, began) = (site.instance::<F>(), event::clock());
    let key = match instance.key(write) {
        Ok(key) => key,
        Err(error) => {
            site.counters.unfit.count();
            event::no_key(&instance.identity.function, &error);
            return Call(Found::Body(None));
        }
    };
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
    let miss =
        Miss { cache: Arc::clone(cache), instance, key, place, link, began, refresh, stage: Stage::Start };
    Call(Found::Body(Some(Box::new(miss))))
}

pin_project! {
    /// The second statement of a cached function: the call with its body.
    #[must_use = "futures do nothing unless polled"]
    pub struct Run<V, F> {
        call: Call,
        verdict: PhantomData<V>,
        #[pin]
        body: F,
    }
}

/// Runs a call with the body it was made for.
pub fn run<V: Checked, F: Future<Output = <V::Kind as Kind>::Output>>(
    call: Call,
    _: V,
    body: F,
) -> Run<V, F> {
    Run { call, verdict: PhantomData, body }
}

/// What cannot be stored was refused by the compiler; this only keeps it from complaining twice.
impl<K: Kind, F: Future<Output = K::Output>> Future for Run<No<K>, F> {
    type Output = K::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<K::Output> {
        self.project().body.poll(cx)
    }
}

impl<K: Kind<Stored: Storable>, F: Future<Output = K::Output>> Future for Run<Yes<K>, F> {
    type Output = K::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<K::Output> {
        let this = self.project();
        match &mut this.call.0 {
            Found::Body(None) => this.body.poll(cx),
            Found::Hit(entry) => {
                if let Some(output) = copy::<K>(entry) {
                    return Poll::Ready(output);
                }
                *this.call = Call(Found::Body(None));
                this.body.poll(cx)
            }
            Found::Body(Some(miss)) => drive::<K, F>(miss, this.body, cx),
        }
    }
}

/// Polls a miss through its stages.
fn drive<K: Kind<Stored: Storable>, F: Future<Output = K::Output>>(
    miss: &mut Miss,
    mut body: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<K::Output> {
    loop {
        miss.stage = match &mut miss.stage {
            Stage::Start => miss.start(Layout::decode::<K::Stored>),
            Stage::Looking(looking) => match ready!(looking.as_mut().poll(cx)) {
                Ready::Entry(entry) => match copy::<K>(&entry) {
                    Some(output) => return Poll::Ready(output),
                    None => Stage::Bare,
                },
                Ready::Decoded(value) => match unbox::<K>(value) {
                    Some(output) => return Poll::Ready(output),
                    None => Stage::Bare,
                },
                Ready::Fill(fill) => Stage::Body(fill),
            },
            Stage::Body(fill) => {
                let output = ready!(fill.aboard(|| body.as_mut().poll(cx)));
                let Stage::Body(fill) = std::mem::replace(&mut miss.stage, Stage::Bare) else { continue };
                let settling = match K::split(output) {
                    Split::Failure(failure) => {
                        fill.fail();
                        return Poll::Ready(failure);
                    }
                    Split::Nothing(value) => fill.nothing(value),
                    Split::Value(value) => fill.value(value),
                };
                match settling {
                    Settling::Done(value) => return Poll::Ready(K::restore(value)),
                    Settling::Waits(settling, value) => Stage::Settling(settling, Some(Box::new(value))),
                }
            }
            Stage::Settling(settling, value) => {
                ready!(settling.as_mut().poll(cx));
                match value.take().and_then(unbox::<K>) {
                    Some(output) => return Poll::Ready(output),
                    None => unreachable!("the value was put there by this very function"),
                }
            }
            Stage::Bare => return body.poll(cx),
        };
    }
}

fn copy<K: Kind<Stored: Storable>>(entry: &AnyEntry) -> Option<K::Output> {
    entry.value().downcast_ref::<K::Stored>().cloned().map(K::restore)
}

fn unbox<K: Kind<Stored: Storable>>(value: Erased) -> Option<K::Output> {
    value.downcast::<K::Stored>().ok().map(|value| K::restore(*value))
}
