//! A value that is stored by hand.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use cachefn_backends::backend::{Absence, Backend as _, Lookup};
use cachefn_backends::error::ErrorKind;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::entry::PathKey;
use super::find::{self, Candidate};
use super::reply::{self, Refusal};
use crate::call::{self, NotStored};
use crate::codec::EncodeError;
use crate::global::Cache;
use crate::terms::CENTURY;

/// What is to be stored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
    ttl: Option<f64>,
}

/// What was stored.
#[derive(Serialize)]
struct Stored {
    key: String,
    function: &'static str,
}

/// `POST /{key}`
pub(super) async fn store(
    PathKey(key): PathKey,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let cache = reply::cache()?;
    let body = body.map_err(|error| Refusal::new(error.status(), error.body_text()))?;
    let given: Given<'_> = serde_json::from_slice(&body).map_err(|error| {
        Refusal::odd(format!("write {{\"value\": …, \"ttl\": seconds}}, the latter if need be: {error}"))
    })?;
    let ttl = given.ttl.map(life).transpose()?;
    let text = find::unprefixed(&cache, &key)?;
    let candidate = the_one(&cache, text).await?;
    candidate.is_told_by_key().map_err(|why| {
        Refusal::conflict(format!(
            "{} cannot be filled by hand: {why}; have its `refresh_…` called",
            candidate.path()
        ))
    })?;
    let written = (candidate.known.vtable.by_hand.read)(given.value.get())
        .map_err(|why| Refusal::odd(format!("the value is not what {} returns: {why}", candidate.path())))?;
    if written.is_none && candidate.known.instance.site.life_of_none().is_none() {
        return Err(Refusal::odd(format!("{} stores no `None`: invalidate the key", candidate.path())));
    }
    let path = candidate.path();
    call::put(&cache, &candidate.known, candidate.key, written, ttl).await.map_err(refused)?;
    Ok(Json(Stored { key, function: path }).into_response())
}

fn life(seconds: f64) -> Result<Duration, Refusal> {
    let life = Duration::try_from_secs_f64(seconds).ok().map(|life| life.min(CENTURY));
    life.filter(|life| *life >= Duration::from_millis(1))
        .ok_or_else(|| Refusal::odd("`ttl` is a number of seconds, 0.001 or more"))
}

/// The function whose key it is: the owner of the entry that stands there, or the only one whose keys begin so.
async fn the_one(cache: &Cache, text: &str) -> Result<Candidate, Refusal> {
    let mut candidates = find::candidates(text);
    for at in 0..candidates.len() {
        if stands(cache, &candidates[at]).await? {
            return Ok(candidates.swap_remove(at));
        }
    }
    // Of a template nobody can tell whether it could ever read like this.
    candidates.retain(Candidate::is_exact);
    let Some(first) = candidates.first() else {
        return Err(Refusal::absent(
            "no function that was called in this process has such a key, unless it is one of a template or of a \
             namespace with arguments; those are known where an entry stands",
        ));
    };
    match candidates.iter().find(|other| first.rivals(other)) {
        Some(rival) if rival.path() == first.path() => Err(Refusal::conflict(format!(
            "{} is called with several types, and the key does not tell which",
            first.path()
        ))),
        Some(rival) => {
            Err(Refusal::conflict(format!("both {} and {} could have this key", first.path(), rival.path())))
        }
        None => Ok(candidates.swap_remove(0)),
    }
}

/// Whether an entry of that function stands there.
async fn stands(cache: &Cache, candidate: &Candidate) -> Result<bool, Refusal> {
    let instance = &candidate.known.instance;
    if let Some((entry, _)) = cache.memory.peek(&candidate.place.key) {
        return Ok(entry.owner() == instance.owner);
    }
    let Some((link, site)) = cache.link().zip(instance.stored_as()) else { return Ok(false) };
    let found = link.lookup(&candidate.place).await.map_err(|error| Refusal::redis(&error))?;
    Ok(match found {
        Lookup::Hit(envelope) => envelope.ident.site == site,
        Lookup::Miss(Absence::Invalidated(Some(ident))) => ident.site == site && candidate.known.tagged,
        Lookup::Miss(_) => false,
    })
}

fn refused(why: NotStored) -> Refusal {
    match why {
        NotStored::Redis(error) => match error.kind() {
            ErrorKind::Full => Refusal::unavailable("Redis takes no values at the moment"),
            _ => Refusal::unavailable(format!("Redis was not told: {error}")),
        },
        NotStored::Unfit(EncodeError::TooLarge) => {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the value is larger than what is stored in Redis")
        }
        NotStored::Unfit(error) => Refusal::conflict(format!("the value cannot be stored in Redis: {error}")),
        NotStored::Refused => Refusal::conflict("an invalidation or a later fill came between"),
    }
}
