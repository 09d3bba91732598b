//! One call of a cached function.
//!
//! ```text
//! begin   1 off? run the body          one relaxed load
//!         2 the key, from references   in a buffer on the stack
//!         3 memory                     hit: cloned out and returned; no await, no allocation, no lock
//! Run     4 Redis, if it is in use     one MGET, with other callers; a hit: decoded and returned
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

mod background;
#[cfg(feature = "axum")]
mod by_hand;
mod fill;
mod first;
mod found;
mod give;
mod miss;
mod run;
mod search;
mod stored;

use std::any::Any;
#[cfg(feature = "axum")]
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cachefn_backends::backend::Absence;
use cachefn_backends::life::Age;
use cachefn_backends::memory::{AnyEntry, Turn};

pub(crate) use self::background::MOST as MOST_IN_BACKGROUND;
pub use self::background::{RunBackground, run_background, run_judged_background};
#[cfg(feature = "axum")]
pub(crate) use self::by_hand::{MAX_JSON, NotStored, put};
use self::found::Spare;
pub(crate) use self::give::Giving;
use self::miss::{Beginning, Miss};
pub use self::run::{Run, run, run_judged};
#[cfg(feature = "axum")]
pub(crate) use self::stored::Vtable;
use crate::coop;
use crate::event::Audience;
use crate::global::{self, Cache};
#[cfg(feature = "axum")]
use crate::http::{
    self,
    response::{Storing, Whose},
};
use crate::key::KeyWriter;
use crate::layout::Erased;
use crate::observe::Lacked;
use crate::shape::Kind;
use crate::site::{Closure, FitOf, Instance, Site, Take, Write};
use crate::stats;
use crate::terms::Terms;
use crate::unfit::{No, Reason};
use crate::variant::{Fit, Hop, Vetted};
use crate::verdict::{Checked, Storable, Yes};
#[cfg(feature = "axum")]
use crate::wants::OnMiss;
use crate::wants::{self, Standing, Wants};
use crate::watching;
#[cfg(feature = "axum")]
use crate::why_unstored::WhyUnstored;

/// A call whose value memory does not have: a miss, or nothing but a body to run.
#[derive(Debug)]
pub struct Call(Option<Box<Miss>>);

impl Drop for Call {
    // Inlined, so that a call that is off drops nothing with one comparison: 13 instructions less than through
    // `drop_in_place`.
    #[inline(always)]
    fn drop(&mut self) {
        #[cold]
        #[inline(never)]
        fn end(miss: Box<Miss>) {
            drop(miss);
        }
        if let Some(miss) = self.0.take() {
            end(miss);
        }
    }
}

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

/// The same of a call that no function makes.
pub(crate) fn begin_typed<V: Reads>(
    site: &'static Site,
    closure: Closure,
    write: Write<'_>,
) -> Result<Output<V>, Call> {
    if global::is_off() { Err(Call(None)) } else { begin_on::<V>(site, closure, write) }
}

/// The same, while caching is on: compiled once for every return type, and not into the caller's future.
#[inline(never)]
fn begin_on<V: Reads>(site: &'static Site, closure: Closure, write: Write<'_>) -> Result<Output<V>, Call> {
    let (mut found, mut kept) = (None, None);
    let miss = look_up(site, closure, write, V::fit, &mut |value, vetted| {
        if coop::spend() {
            found = V::copy(value, vetted);
            return found.is_some();
        }
        kept = V::keep(value, vetted);
        kept.is_some()
    });
    match (miss, found) {
        (None, Some(found)) => Ok(found),
        (None, None) => Err(Call(kept.and_then(|kept| yielding(site, closure, kept)))),
        (miss, _) => Err(Call(miss)),
    }
}

/// A hit that is returned by a later poll: the task has used up its budget.
#[cold]
#[inline(never)]
fn yielding(site: &'static Site, closure: Closure, kept: Erased) -> Option<Box<Miss>> {
    Some(Box::new(Miss::yielding(global::current()?, site.instance(closure), kept)))
}

/// Shows the value that is found to `take`; else the answer is the miss, if the call can be cached at all.
fn look_up(
    site: &'static Site,
    closure: Closure,
    write: Write<'_>,
    fit: FitOf,
    take: Take<'_>,
) -> Option<Box<Miss>> {
    if wants::is_any() {
        return look_up_as_wanted(site, closure, write, fit, take);
    }
    let later;
    let cache = if let Some(first) = global::first() {
        first
    } else {
        later = global::current()?;
        &later
    };
    let (instance, audience) = (site.instance(closure), Audience::now());
    let timed = stats::sampled();
    let mut short = KeyWriter::short();
    write(&mut short);
    let bypasses = short.bypasses();
    let reads = !bypasses && cache.reads_memory();
    if reads && short.is_usable() {
        let call = cache.memory.short(instance.owner, short.as_bytes());
        let (mut remaining, mut aged) = (None, Duration::ZERO);
        let taken = cache.memory.glance(call, |entry, age| {
            if audience.is_any() {
                let standing = Standing::of(entry, cache.memory.clock());
                (remaining, aged) = (Some(standing.remaining), standing.age);
            }
            take(entry.value(), Vetted::No).then_some(age)
        });
        if let Some(Some(age)) = taken {
            instance.counts_hit(age, timed);
            if audience.is_any() {
                watching::aged(aged);
                instance.says_hit(cache, write, age, remaining, audience);
            }
            return None;
        }
    }
    let asked = Asked { instance, write, bypasses, timed, audience, wants: Wants::NOTHING, fit };
    asked.again(cache, reads.then_some(take))
}

/// The same where something is wanted of the call: there is no glance.
#[cold]
#[inline(never)]
fn look_up_as_wanted(
    site: &'static Site,
    closure: Closure,
    write: Write<'_>,
    fit: FitOf,
    take: Take<'_>,
) -> Option<Box<Miss>> {
    let wants = wants::take();
    let cache = &global::current()?;
    let (instance, audience) = (site.instance(closure), Audience::now());
    let timed = stats::sampled();
    if wants.is_untouched() {
        instance.says_bypassed(cache, write, audience);
        return None;
    }
    let bypasses = wants.skips_reading() || {
        let mut short = KeyWriter::short();
        write(&mut short);
        short.bypasses()
    };
    let asked = Asked { instance, write, bypasses, timed, audience, wants, fit };
    asked.again(cache, (!bypasses && cache.reads_memory()).then_some(take))
}

/// A call that a glance has not answered.
struct Asked<'a> {
    instance: Instance,
    write: Write<'a>,
    bypasses: bool,
    timed: Option<Instant>,
    audience: Audience,
    wants: Wants,
    fit: FitOf,
}

impl Asked<'_> {
    /// Looks with the key. Memory may have it, though no call has been answered by it of late.
    #[cold]
    #[inline(never)]
    fn again(self, cache: &Arc<Cache>, take: Option<Take<'_>>) -> Option<Box<Miss>> {
        let Self { instance, write, bypasses, timed, audience, wants, fit } = self;
        if audience.is_any() && instance.site.is_sensitive() {
            watching::hide();
        }
        let written = match instance.key_and_short(cache, write) {
            Ok(written) => written,
            Err(why) => {
                instance.says_unusable(cache, &why);
                return None;
            }
        };
        let key = written.to_key();
        let (mut stored_key, asked) = (instance.stored_key(&key), Instant::now());
        let mut hop = None;
        let (mut absence, mut spare, mut refreshes) = (Absence::Absent, None, false);
        let mut lacked = Lacked::Nothing;
        if let Some(take) = take {
            let mut call = written.short_form().map(|words| cache.memory.short(instance.owner, words));
            loop {
                let mut next = None;
                let look = |entry: &AnyEntry, turn: Turn| {
                    match fit(entry.value(), hop) {
                        Fit::Own => {}
                        Fit::Other(other) if turn.age != Age::Spent => {
                            next = Some(other);
                            return None;
                        }
                        Fit::Other(_) | Fit::Orphan => return None,
                    }
                    let standing = Standing::of(entry, cache.memory.clock());
                    if !wants.limits.suit(standing) {
                        lacked = Lacked::Unsuitable;
                        return None;
                    }
                    if turn.refreshes || turn.age == Age::Spent {
                        (spare, refreshes) =
                            (Some(Spare::entry(Arc::clone(entry), cache.memory.clock())), turn.refreshes);
                        return None;
                    }
                    take(entry.value(), Vetted::Yes).then_some((turn.age, standing))
                };
                match cache.memory.read(&stored_key, call.take(), instance.owner, look) {
                    Ok(Some((age, standing))) => {
                        instance.counts_hit(age, timed);
                        if audience.is_any() {
                            watching::aged(standing.age);
                        }
                        instance.says(cache, age, key.as_str(), standing.remaining, audience);
                        return None;
                    }
                    Ok(None) => {}
                    Err(why) => absence = why,
                }
                let Some(other) = next else { break };
                (stored_key, hop) = (other.key(&stored_key).into(), Some(other));
            }
            if matches!(absence, Absence::Foreign) {
                instance.says_shared_key(cache, key.as_str());
            }
        }
        // After the look into memory: hits need no groups.
        let place = instance.place_of(&key, stored_key);
        let cache = Arc::clone(cache);
        let beginning = Beginning {
            cache,
            instance,
            key,
            place,
            absence,
            spare,
            refreshes,
            lacked,
            asked,
            audience,
            bypasses,
            wants,
            hop,
        };
        Some(Box::new(Miss::new(beginning)))
    }
}

/// Says that a call was none of the cache's business.
#[cfg(feature = "axum")]
#[cold]
pub(crate) fn bypassed(site: &'static Site, closure: Closure, write: Write<'_>, why: Option<WhyUnstored>) {
    if let Some(cache) = global::current() {
        let instance = site.instance(closure);
        instance.says_bypassed(&cache, write, Audience::now());
        if let Some(why) = why {
            instance.says_unstored(why);
        }
    }
}

#[cfg(feature = "axum")]
impl Call {
    /// Nothing but a body to run.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Whose responses it stores.
    #[must_use]
    pub fn storing<V>(&self, _: &V) -> Storing<V> {
        let whose = match &self.0 {
            Some(miss) if miss.wants.miss == OnMiss::Fill => miss.whose(),
            _ => Whose::Nobodys,
        };
        // Who refreshes says what is stored by the arguments: its own request, if there is one, is another.
        let refreshes = self.0.as_ref().is_some_and(|miss| miss.wants.refreshes);
        let request = if refreshes { None } else { http::request_headers() };
        let instance = self.0.as_ref().map(|miss| miss.instance);
        Storing { whose, instance, request, verdict: PhantomData }
    }
}

impl Call {
    /// Asks the arguments what else they decide, unless memory has the value already.
    #[must_use]
    #[inline]
    pub fn with(mut self, ask: impl FnOnce(&mut Terms)) -> Self {
        if let Some(miss) = self.0.as_mut().filter(|miss| !miss.yields()) {
            ask(&mut miss.terms);
            if !miss.agree() {
                self.0 = None;
            }
        }
        self
    }
}

/// A verdict under which values are read.
pub trait Reads: Checked {
    /// What is returned for a stored value, if it is of the right type.
    fn copy(value: &dyn Any, vetted: Vetted) -> Option<Output<Self>>;

    /// The stored value itself, for who returns it later.
    fn keep(value: &dyn Any, vetted: Vetted) -> Option<Erased>;

    /// What a stored value is to a call.
    fn fit(value: &dyn Any, hop: Option<Hop>) -> Fit;
}

impl<K: Kind<Stored: Storable>> Reads for Yes<K> {
    #[inline]
    fn copy(value: &dyn Any, vetted: Vetted) -> Option<K::Output> {
        own::<K>(value, vetted).cloned().map(K::restore)
    }

    #[cold]
    fn keep(value: &dyn Any, vetted: Vetted) -> Option<Erased> {
        own::<K>(value, vetted).cloned().map(|value| -> Erased { Box::new(value) })
    }

    #[inline]
    fn fit(value: &dyn Any, hop: Option<Hop>) -> Fit {
        stored::fit::<K>(value, hop)
    }
}

/// The stored value, if it is of the right type and the call's own.
#[inline]
fn own<K: Kind<Stored: Storable>>(value: &dyn Any, vetted: Vetted) -> Option<&K::Stored> {
    value.downcast_ref().filter(|stored| vetted == Vetted::Yes || K::fit(stored, None) == Fit::Own)
}

/// Nothing of it is ever stored.
impl<K: Kind, R: Reason> Reads for No<K, R> {
    fn copy(_: &dyn Any, _: Vetted) -> Option<K::Output> {
        None
    }

    fn keep(_: &dyn Any, _: Vetted) -> Option<Erased> {
        None
    }

    fn fit(_: &dyn Any, _: Option<Hop>) -> Fit {
        Fit::Orphan
    }
}
