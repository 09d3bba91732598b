//! The cache itself, for values that no function produces.
//!
//! Every step is one of an annotated function's: its site is no function, and the type of a value is part of who it is.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use cachefn_backends::place::Group;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::{self, Call, Giving, Output, Reads};
use crate::invalidate::{Invalidation, invalidate_key};
use crate::key::{BarePart, KeyWriter, Part};
use crate::leaf::Whole;
use crate::shape::{Declared, ResultOf};
use crate::site::{Closure, Site};
use crate::terms::{self, Terms};
use crate::verdict::{Storable, Yes};
use crate::wants::{Wanting, Wants};

static PLAIN: Site = Site::new("cachefn", "cache").dynamic_namespace().template().typed();
/// The same where values have tags.
static TAGGED: Site = Site::new("cachefn", "cache").dynamic_namespace().template().typed().tagged_by_value();

/// Whose values those of one type are.
struct Typed<T>(PhantomData<fn() -> T>);

type Plain<T> = Yes<Declared<Whole<T>>>;
type Fallible<T, E> = Yes<ResultOf<Whole<T>, E>>;

/// The cache itself, for values that no function produces: sessions, tokens, what a message has brought.
///
/// The same cache as that of the annotated functions, in the same modes and with the same promises: memory or Redis, a near
/// cache, outages, invalidations. Off, nothing is found and nothing is stored.
///
/// ```
/// use std::time::Duration;
/// # use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct Session {
///     user: u64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
/// let sessions = cachefn::cache().namespace("sessions").expire(Duration::from_secs(1800));
///
/// sessions.set("c0ffee", Session { user: 7 }).await;
/// assert_eq!(sessions.get::<Session>("c0ffee").await, Some(Session { user: 7 }));
///
/// sessions.remove("c0ffee").await;
/// assert_eq!(sessions.get::<Session>("c0ffee").await, None);
///
/// let rate = cachefn::cache().get_or_fill("rate:eur", || async { 1.17 }).await; // runs once
/// assert_eq!(cachefn::cache().get("rate:eur").await, Some(rate));
/// # }
/// ```
pub fn cache() -> Store {
    Store { namespace: Cow::Borrowed("cache"), expire: None, tags: Vec::new() }
}

/// What [`cache`] gives: where values are looked for, and how they are stored. Cheap to make; to be kept where that is
/// more convenient.
///
/// A value's logical key is `prefix:namespace:key`. Different namespaces and keys are different places, whatever
/// characters they hold: what would separate or read as another is percent-escaped, as in the keys of functions. It stands
/// in logs, so a secret does not belong in it.
///
/// A value of another type than the one that is asked for is none: a counted miss. Storing one puts it in the other's place.
/// The type goes by its path; one that is renamed or moved is another.
#[derive(Clone)]
#[must_use]
pub struct Store {
    namespace: Cow<'static, str>,
    expire: Option<Duration>,
    tags: Vec<Group>,
}

impl Store {
    /// The group that keys stand in, hierarchical at `:`, as [`invalidate_namespace`](crate::invalidate_namespace) names
    /// it; without it, `cache`.
    pub fn namespace(mut self, namespace: impl AsRef<str>) -> Self {
        self.namespace = Cow::Owned(namespace.as_ref().replace("::", ":"));
        self
    }

    /// How long values live that are stored by way of this; without it, for `CACHE_DEFAULT_TTL`. What lives less than a
    /// millisecond is not stored.
    pub fn expire(mut self, life: Duration) -> Self {
        self.expire = Some(life);
        self
    }

    /// One more tag for the values that are stored by way of this, as [`invalidate_tag`](crate::invalidate_tag) names it. Who
    /// reads need not know it. A value may have 64.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    /// cachefn::cache().tag("user:7").set("c0ffee", 7).await;
    /// cachefn::invalidate_tag("user:7").await;
    /// assert_eq!(cachefn::cache().get::<i32>("c0ffee").await, None);
    /// # }
    /// ```
    pub fn tag(mut self, tag: impl AsRef<str>) -> Self {
        self.tags.push(terms::group(tag.as_ref()));
        self
    }

    /// The value of `key`, if there is one of that type.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn get<T>(&self, key: impl AsRef<str>) -> Option<T>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let begun = {
            // It is the program that asks; what a request wants of responses is not for it.
            let _own = Wanting::of(|_| Wants::NOTHING);
            self.begin::<Plain<T>, T>(key.as_ref())
        };
        match begun {
            Ok(found) => Some(found),
            Err(call) => call.find::<Declared<Whole<T>>>().await,
        }
    }

    /// Puts `value` in the place of whatever stands there.
    ///
    /// It counts as read when this function is called: an invalidation that comes later strikes it, and of two that are
    /// given the later one stays. It beats everything that was begun earlier, such as the bodies of
    /// [`get_or_fill`](Self::get_or_fill) that run at the moment. A value that was read before an invalidation and is given
    /// after it is the caller's own stale value; `get_or_fill` knows better.
    ///
    /// In memory it is done when the function returns. In Redis it is when the future ends: what another process invalidates
    /// until then may count as earlier. While Redis is away, or where it does not take the value, it is kept in this process,
    /// for `CACHE_FALLBACK_TTL` at most, and what Redis has of the key is invalidated.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn set<T>(&self, key: impl AsRef<str>, value: T) -> Storing
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let key = key.as_ref();
        // The program's own word, whatever a request wants.
        let _wanting = Wanting::of(|wants| Wants { refreshes: true, ..wants });
        let call = call::begin_typed::<Plain<T>>(self.site(), closure::<T>(), &|out| {
            out.bypass(true);
            self.write(key, out);
        });
        // Nothing was read, so nothing was found.
        let call = call.err().map(|call| call.with(|terms| self.agree(terms)));
        Storing(call.map(|call| call.give::<Declared<Whole<T>>>(value)))
    }

    /// The value of `key`; where there is none, that of `fill`, which is stored.
    ///
    /// Of concurrent calls in this process one runs its body, as with annotated functions, and an invalidation that comes
    /// while it runs is never undone by it. All of `T` is stored, also a `None`; where the body may fail there is
    /// [`try_get_or_fill`](Self::try_get_or_fill).
    ///
    /// # Cancel safety
    ///
    /// As that of `fill`'s future, which is dropped with this one; another caller then runs its own.
    pub async fn get_or_fill<T, F>(&self, key: impl AsRef<str>, fill: impl FnOnce() -> F) -> T
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        F: Future<Output = T>,
    {
        match self.begin::<Plain<T>, T>(key.as_ref()) {
            Ok(found) => found,
            Err(call) => call::run(self.agreed(call), Plain::<T>::NEW, async move { fill().await }).await,
        }
    }

    /// The same where the body may fail: only an `Ok` is stored, an error is its caller's own.
    ///
    /// # Errors
    ///
    /// That of `fill`.
    ///
    /// # Cancel safety
    ///
    /// As that of `fill`'s future.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    /// let numbers = cachefn::cache().namespace("numbers");
    /// let parsed = numbers.try_get_or_fill("7", || async { "7".parse::<u64>() }).await;
    /// assert_eq!(parsed, Ok(7));
    /// let failed = numbers.try_get_or_fill("x", || async { "x".parse::<u64>() }).await;
    /// assert!(failed.is_err());
    /// # }
    /// ```
    pub async fn try_get_or_fill<T, E, F>(
        &self,
        key: impl AsRef<str>,
        fill: impl FnOnce() -> F,
    ) -> Result<T, E>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        match self.begin::<Fallible<T, E>, T>(key.as_ref()) {
            Ok(found) => found,
            Err(call) => {
                call::run(self.agreed(call), Fallible::<T, E>::NEW, async move { fill().await }).await
            }
        }
    }

    /// Invalidates the value of `key`, of whatever type it is.
    pub fn remove(&self, key: impl AsRef<str>) -> Invalidation {
        let key = key.as_ref();
        invalidate_key(&PLAIN, closure::<()>(), &|out| self.write(key, out))
    }

    fn begin<V: Reads, T: Storable>(&self, key: &str) -> Result<Output<V>, Call> {
        call::begin_typed::<V>(self.site(), closure::<T>(), &|out| self.write(key, out))
    }

    fn site(&self) -> &'static Site {
        if self.tags.is_empty() { &PLAIN } else { &TAGGED }
    }

    fn agreed(&self, call: Call) -> Call {
        call.with(|terms| self.agree(terms))
    }

    fn agree(&self, terms: &mut Terms) {
        if let Some(life) = self.expire {
            terms.expire(life);
        }
        self.tags.iter().cloned().for_each(|tag| terms.tag_value(tag));
    }

    fn write(&self, key: &str, out: &mut KeyWriter) {
        for (number, level) in self.namespace.split(':').enumerate() {
            if number > 0 {
                out.text(":");
            }
            BarePart::cachefn_named(&&&Part(level), out, b':');
        }
        out.namespace_end();
        BarePart::cachefn_write(&&&Part(key), out, b':');
    }
}

fn closure<T: Storable>() -> Closure {
    Closure::of::<Typed<T>>()
}

/// Without the tags, which may be as secret as arguments.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, expire, tags } = self;
        let tags = tags.len();
        let mut out = f.debug_struct("Store");
        out.field("namespace", namespace).field("expire", expire).field("tags", &tags).finish()
    }
}

/// A value on its way into the cache, by itself: awaiting it is to know that it has arrived, or that Redis is away. It
/// waits no longer than `REDIS_TIMEOUT`.
///
/// # Cancel safety
///
/// Dropping it loses nothing.
#[must_use = "the value is stored by itself, but only `.await` tells when other processes see it"]
pub struct Storing(Option<Giving>);

impl Future for Storing {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            None => Poll::Ready(()),
            Some(giving) => Pin::new(giving).poll(cx),
        }
    }
}

impl fmt::Debug for Storing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storing").finish_non_exhaustive()
    }
}
