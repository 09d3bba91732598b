//! What invalidates: the companions, namespaces, everything.
//!
//! The part in this process is done, and Redis is on its way to be told, when the function returns;
//! the future only waits for the answer. Dropping it loses nothing.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

pub use cachefn_backends::backend::Invalidated;
use cachefn_backends::place::{Group, Target};

use crate::event;
use crate::global::{self, Cache};
use crate::key::{Covered, KeyWriter};
use crate::remote::Ack;
use crate::site::{Closure, Site, Write};
use crate::{strike, terms};

/// An invalidation under way.
///
/// It has happened in this process, and does not depend on this future: awaiting it is to know that
/// it has happened in Redis too ([`Invalidated::Applied`]), or that it will, as soon as Redis is back
/// ([`Invalidated::Queued`]). It waits no longer than `REDIS_TIMEOUT`.
///
/// # Cancel safety
///
/// Dropping it loses nothing.
#[must_use = "the invalidation happens by itself, but only `.await` tells when other processes see it"]
pub struct Invalidation(Progress);

enum Progress {
    Done(Invalidated),
    Sent(Ack),
    Named(Named),
}

/// What is to be struck, by a writer's plan if it takes it; else when this is dropped.
pub(crate) struct Named {
    pub(crate) targets: Vec<Target>,
    /// What logs call it.
    pub(crate) name: Box<str>,
}

impl Invalidation {
    /// Strikes `targets`, unless a writer [names](crate::strike) what it will strike.
    pub(crate) fn of(cache: &Arc<Cache>, targets: Vec<Target>, what: &str) -> Self {
        if strike::is_planning() {
            return Self(Progress::Named(Named { targets, name: what.into() }));
        }
        event::invalidates(&cache.prefix, what);
        Self::strike(cache, &targets)
    }

    /// Strikes `targets` here, and has Redis told.
    pub(crate) fn strike(cache: &Arc<Cache>, targets: &[Target]) -> Self {
        let struck = Self::strike_in(cache, targets);
        match global::in_place() {
            // Another cache has been put in its place meanwhile, and may have begun to answer before this.
            Some(later) if !Arc::ptr_eq(&later, cache) => Self::strike_in(&later, targets),
            _ => struck,
        }
    }

    fn strike_in(cache: &Cache, targets: &[Target]) -> Self {
        cache.invalidate(targets).map_or_else(Self::off, |sent| Self(Progress::Sent(sent)))
    }

    /// What it names, if nothing is struck yet.
    pub(crate) fn into_named(mut self) -> Option<Named> {
        match std::mem::replace(&mut self.0, Progress::Done(Invalidated::Applied)) {
            Progress::Named(named) => Some(named),
            Progress::Done(_) | Progress::Sent(_) => None,
        }
    }

    /// Nothing is cached, so there is nothing to invalidate.
    pub fn off() -> Self {
        Self(Progress::Done(Invalidated::Applied))
    }
}

impl Future for Invalidation {
    type Output = Invalidated;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Invalidated> {
        loop {
            match &mut self.0 {
                Progress::Done(outcome) => return Poll::Ready(*outcome),
                Progress::Sent(ack) => return Pin::new(ack).poll(cx),
                Progress::Named(named) => *self = named.strike(),
            }
        }
    }
}

impl Named {
    fn strike(&mut self) -> Invalidation {
        let targets = std::mem::take(&mut self.targets);
        let Some(cache) = in_use().filter(|_| !targets.is_empty()) else { return Invalidation::off() };
        event::invalidates(&cache.prefix, &self.name);
        Invalidation::strike(&cache, &targets)
    }
}

/// Nobody has taken it into a plan: it was made while the arguments of a companion were.
impl Drop for Named {
    fn drop(&mut self) {
        drop(self.strike());
    }
}

impl fmt::Debug for Invalidation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invalidation").finish_non_exhaustive()
    }
}

/// Invalidates the entry that the key's closure names.
pub fn invalidate<F: FnOnce(&mut KeyWriter)>(site: &'static Site, write: F) -> Invalidation {
    let write = Cell::new(Some(write));
    invalidate_key(site, Closure::of::<F>(), &|key| {
        if let Some(write) = write.take() {
            write(key);
        }
    })
}

pub(crate) fn invalidate_key(site: &'static Site, closure: Closure, write: Write<'_>) -> Invalidation {
    let Some(cache) = in_use() else { return Invalidation::off() };
    let instance = site.instance(closure);
    match instance.key(&cache, write) {
        Ok(key) => Invalidation::of(&cache, vec![instance.target(&key)], key.as_str()),
        Err(why) => {
            // A call with these arguments is not cached either.
            instance.says_unusable(&cache, &why);
            Invalidation::off()
        }
    }
}

/// Invalidates all entries of the function.
pub fn invalidate_all<F>(site: &'static Site, _: F) -> Invalidation {
    invalidate_function(site, Closure::of::<F>())
}

fn invalidate_function(site: &'static Site, closure: Closure) -> Invalidation {
    let Some(cache) = in_use() else { return Invalidation::off() };
    let instance = site.instance(closure);
    Invalidation::of(&cache, vec![instance.all()], &instance.identity.path)
}

/// Invalidates everything in `namespace` and below it: `users` covers `users:7` and `users:7:keys`, and
/// neither `users2` nor `user`. `::` reads as `:`, so that a module path names the functions in it.
///
/// Every `:` of a key ends a level that can be named, also in a template and behind the function's name: `users:7` covers
/// the key `users:7:single` of `key = "{id}:single"`, and `users:get_user` what that function has stored. The text of a
/// whole key, without the prefix, covers its entry. What the admin pages list under a name is what this invalidates.
///
/// Of a namespace or template with arguments, `namespace = "products:{id}"`, it is what `format!("products:{id}")` gives,
/// whatever characters `id` holds, except that a `:` in the value itself is written `%3A`. In a template that holds for what
/// is text or reads as it displays; any other type is named as its keys show it.
///
/// It costs the same with one entry or a million.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// cachefn::invalidate_namespace("users").await;
/// # }
/// ```
pub fn invalidate_namespace(namespace: &str) -> Invalidation {
    let Some(cache) = in_use() else { return Invalidation::off() };
    Invalidation::of(&cache, Covered::by(namespace).targets(), namespace)
}

/// Invalidates every entry that has the tag, whichever function stored it.
///
/// Of a tag with arguments, `tags = ["org:{org}"]`, it is what `format!("org:{org}")` gives.
///
/// It costs the same with one entry or a million.
///
/// ```
/// use cachefn::cached;
/// # #[derive(Clone, serde::Serialize, serde::Deserialize)]
/// # struct User { org: u32 }
///
/// #[cached(key = id, tags_with = |user: &User| [format!("org:{}", user.org)])]
/// async fn get_user(id: u64) -> User {
///     User { org: 7 }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// cachefn::invalidate_tag("org:7").await; // every user of that organisation
/// # }
/// ```
pub fn invalidate_tag(tag: &str) -> Invalidation {
    let Some(cache) = in_use() else { return Invalidation::off() };
    Invalidation::of(&cache, vec![Target::Group(terms::group(tag))], tag)
}

/// Invalidates everything under `CACHE_PREFIX`, and nothing of other prefixes. It costs the same with
/// one entry or a million.
pub fn clear() -> Invalidation {
    let Some(cache) = in_use() else { return Invalidation::off() };
    let cleared = Invalidation::of(&cache, vec![Target::Group(Group::root())], "*");
    cache.memory.clear();
    cache.memory.reclaim();
    cleared
}

pub(crate) fn in_use() -> Option<Arc<Cache>> {
    if global::is_off() { None } else { global::current() }
}
