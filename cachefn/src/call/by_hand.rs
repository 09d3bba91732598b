//! Values as people see and write them: as JSON, and stored without a body.
//!
//! What is stored takes the way of a value that is [given](super::give): it beats loads that began before, an invalidation
//! that comes between refuses it, and Redis is told before memory. But it is told what became of it, and goes to Redis or
//! nowhere.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cachefn_backends::backend::{Absence, Filled};
use cachefn_backends::error::{Error, ErrorKind};
use tokio::sync::oneshot;

use super::fill::{Fill, Settling};
use super::give::Since;
use super::miss::{Beginning, Miss, Ready};
use crate::codec::{self, EncodeError, Format, Forms};
use crate::event::Audience;
use crate::global::Cache;
use crate::instances::Known;
use crate::key::Key;
use crate::layout::{Choice as _, Erased, Owner};
use crate::observe::Lacked;
use crate::shape::{Kind, Split};
use crate::verdict::Storable;
use crate::wants::Wants;

/// Longer JSON is neither shown nor taken.
pub(crate) const MAX_JSON: usize = 4 << 20;

/// What people do with the stored part of a return type.
pub(crate) struct ByHand {
    /// Writes it as JSON.
    pub(crate) show: fn(&dyn Any) -> Result<String, EncodeError>,
    /// Reads it from JSON, or says why that is none.
    pub(crate) read: fn(&str) -> Result<Written, String>,
    /// Whether Redis could hold it.
    fits: fn(&dyn Any, Owner) -> Result<(), EncodeError>,
    /// Ends a fill with it; nothing if it is of another type.
    store: fn(Box<Fill>, Written) -> Option<Told>,
}

/// A value that was written by hand.
pub(crate) struct Written {
    value: Erased,
    /// Whether it is a `None`, which is stored only where the function says for how long.
    pub(crate) is_none: bool,
}

type Told = Pin<Box<dyn Future<Output = ()> + Send>>;

impl ByHand {
    pub(super) const fn of<K: Kind<Stored: Storable>>() -> Self {
        Self { show: show::<K::Stored>, read: read::<K>, fits: fits::<K>, store: store::<K> }
    }
}

/// Why a value that was written by hand is not stored.
#[derive(Debug)]
pub(crate) enum NotStored {
    /// Redis is in use and cannot be reached, or does not take it.
    Redis(Error),
    /// Redis could not hold it.
    Unfit(EncodeError),
    /// An invalidation or a later fill came between.
    Refused,
}

/// Stores a value under `key`, for `ttl` or as long as the function says.
///
/// # Cancel safety
///
/// Dropped before Redis is told, nothing is stored; after it, memory follows by itself.
pub(crate) async fn put(
    cache: &Arc<Cache>,
    known: &Known,
    key: Key,
    written: Written,
    ttl: Option<Duration>,
) -> Result<(), NotStored> {
    if cache.redis.is_some() {
        let away = || NotStored::Redis(Error::new(ErrorKind::Away));
        cache.link().ok_or_else(away)?;
        let unfit = || NotStored::Unfit(EncodeError::Unfit("what cannot be told from another function's"));
        let owner = known.instance.owner_of(known.instance.stored_as().ok_or_else(unfit)?);
        let owner = Owner { untried: true, ..owner };
        (known.vtable.by_hand.fits)(&*written.value, owner).map_err(NotStored::Unfit)?;
    }
    let mut fill = fill(cache, known, key).await.ok_or(NotStored::Refused)?;
    if cache.redis.is_some() && fill.lease.is_none() {
        // It has gone meanwhile, does not answer or is full: memory alone would be no place for what all processes are to
        // see.
        let kind = if fill.watch.is_some() { ErrorKind::Full } else { ErrorKind::Away };
        return Err(NotStored::Redis(Error::new(kind)));
    }
    if let Some(ttl) = ttl {
        fill.terms.expire(ttl);
    }
    let (sender, told) = oneshot::channel();
    fill.told = Some(sender);
    (known.vtable.by_hand.store)(fill, written).ok_or(NotStored::Refused)?.await;
    match told.await {
        Ok(Ok(Filled::Stored)) => Ok(()),
        Ok(Err(error)) => Err(NotStored::Redis(error)),
        Ok(Ok(Filled::Refused | Filled::Superseded)) | Err(_) => Err(NotStored::Refused),
    }
}

/// The right to store; nothing if something was invalidated since the value was given.
async fn fill(cache: &Arc<Cache>, known: &Known, key: Key) -> Option<Box<Fill>> {
    let place = known.instance.place(&key);
    let mut miss = Miss::new(Beginning {
        cache: Arc::clone(cache),
        instance: known.instance,
        key,
        place,
        absence: Absence::Absent,
        spare: None,
        refreshes: false,
        lacked: Lacked::Nothing,
        asked: Instant::now(),
        audience: Audience::Nobody,
        bypasses: true,
        wants: Wants::NOTHING,
        hop: None,
    });
    let since = Since::now(&miss);
    let (mut search, link) = miss.search(known.vtable);
    search.gives();
    match search.fill(None, link).await {
        Ready::Fill(mut fill) => {
            let lasts = since.lasts();
            fill.since = Some(since);
            lasts.then_some(fill)
        }
        Ready::Found(_) | Ready::Due(_) | Ready::Nothing => None,
    }
}

fn show<V: Storable>(value: &dyn Any) -> Result<String, EncodeError> {
    let value: &V = value.downcast_ref().ok_or(EncodeError::Unfit("a value of another type"))?;
    let json = codec::encode_for(&Forms::default(), Format::Json, value, MAX_JSON)?;
    String::from_utf8(json).map_err(|_| EncodeError::Unfit("text that is no UTF-8"))
}

/// It is taken for what a body would return of it, so that what would not be stored of a body is not stored here.
fn read<K: Kind<Stored: Storable>>(json: &str) -> Result<Written, String> {
    if !K::BY_HAND {
        return Err("a response is what its handler answers, and is not written by hand".to_owned());
    }
    let parsed = codec::contain(|| serde_json::from_str::<K::Stored>(json))
        .ok_or("the type's `Deserialize` has panicked")?
        .map_err(|error| error.to_string())?;
    match K::split(K::restore(parsed)) {
        Split::Value(value) => Ok(Written { value: Box::new(value), is_none: false }),
        Split::Nothing(value) => Ok(Written { value: Box::new(value), is_none: true }),
        Split::Failure(_) | Split::Passing(_) | Split::Unrelated(_) | Split::Hidden(_) => {
            Err("nothing of this function is stored".to_owned())
        }
    }
}

fn fits<K: Kind<Stored: Storable>>(value: &dyn Any, owner: Owner) -> Result<(), EncodeError> {
    let value: &K::Stored = value.downcast_ref().ok_or(EncodeError::Unfit("a value of another type"))?;
    K::Codec::encode(value, owner).map(drop)
}

fn store<K: Kind<Stored: Storable>>(fill: Box<Fill>, written: Written) -> Option<Told> {
    let value = *written.value.downcast::<K::Stored>().ok()?;
    let settling = if written.is_none { fill.none::<K>(value) } else { fill.value::<K>(value) };
    Some(match settling {
        Settling::Done(_) => Box::pin(std::future::ready(())),
        Settling::Waits(settling, _) => settling,
    })
}
