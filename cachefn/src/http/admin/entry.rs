//! One entry, by its key: shown, and invalidated.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use cachefn_backends::backend::{Absence, Backend as _, Lookup};
use cachefn_backends::envelope::Envelope;
use cachefn_backends::life::Age;
use cachefn_backends::memory::AnyEntry;
use cachefn_backends::place::Target;
use serde::Serialize;
use serde_json::value::RawValue;

use super::find::{self, Candidate};
use super::groups::Struck;
use super::reply::{self, Refusal};
use crate::global::Cache;
use crate::invalidate::Invalidation;
use crate::remote::Link;

/// What is said of a key that only others know.
const NOBODYS: &str = "no function that was called in this process has this key";

/// The last segment of the path, decoded.
pub(super) struct PathKey(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for PathKey {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let odd = |error: RawPathParamsRejection| Refusal::odd(error.to_string());
        let segments = RawPathParams::from_request_parts(parts, state).await.map_err(odd)?;
        // Where the router is nested the segments before are somebody else's.
        let key = segments.iter().last().map(|(_, key)| key.to_owned());
        key.map(Self).ok_or_else(|| Refusal::absent("there is no key in the path"))
    }
}

/// An entry as it is shown.
#[derive(Serialize)]
struct Shown {
    key: String,
    /// Whose it is, if that is known.
    function: Option<&'static str>,
    value: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_error: Option<String>,
    /// In seconds; nothing where it is not known.
    ttl: Option<f64>,
    /// Whether it has expired, and is kept for the while that the function says.
    stale: bool,
}

/// `GET /{key}`
pub(super) async fn show(PathKey(key): PathKey) -> Result<Response, Refusal> {
    let cache = reply::cache()?;
    let text = find::unprefixed(&cache, &key)?;
    let candidates = find::candidates(text);
    if cache.reads_memory()
        && let Some(shown) = in_memory(&cache, &key, text, &candidates)
    {
        return Ok(Json(shown).into_response());
    }
    if let Some(link) = cache.link() {
        if let Some(shown) = in_redis(&cache, &link, &key, text, &candidates).await? {
            return Ok(Json(shown).into_response());
        }
    } else if cache.redis.is_some() {
        return Err(Refusal::unavailable("Redis is away, and memory does not have the key"));
    }
    Err(Refusal::absent("there is no such entry"))
}

fn in_memory(cache: &Cache, key: &str, text: &str, candidates: &[Candidate]) -> Option<Shown> {
    for candidate in candidates {
        let Some((entry, age)) = cache.memory.peek(&candidate.place.key) else { continue };
        if entry.owner() == candidate.known.instance.owner {
            return Some(Shown::entry(cache, key, Some(candidate), &entry, age));
        }
    }
    let (entry, age) = cache.memory.peek(text)?;
    Some(Shown::entry(cache, key, None, &entry, age))
}

async fn in_redis(
    cache: &Cache,
    link: &Link,
    key: &str,
    text: &str,
    candidates: &[Candidate],
) -> Result<Option<Shown>, Refusal> {
    // Of a generic function an instance may be others' that this process does not know.
    let mut known = candidates.iter().any(|candidate| candidate.is_named() && !candidate.is_generic());
    for candidate in candidates {
        let Some(site) = candidate.known.instance.stored_as() else { continue };
        let found = link.afresh().lookup(&candidate.place).await.map_err(|error| Refusal::redis(&error))?;
        match found {
            Lookup::Hit(envelope) if envelope.ident.site == site => {
                return Ok(Some(Shown::envelope(cache, key, candidate, &envelope)));
            }
            Lookup::Miss(Absence::Invalidated(Some(ident)))
                if ident.site == site && candidate.known.tagged =>
            {
                return Ok(Some(Shown::tagged(key, candidate)));
            }
            Lookup::Miss(Absence::Invalidated(Some(ident))) => known |= ident.site == site,
            Lookup::Hit(_) | Lookup::Miss(_) => {}
        }
    }
    if known {
        return Ok(None);
    }
    let stands = link.afresh().stands(&find::targets(text)).await.map_err(|error| Refusal::redis(&error))?;
    Ok(stands.then(|| Shown::of_nobody(key)))
}

/// Whether anything stands under the key. Where that cannot be told it may.
async fn may_stand(cache: &Cache, text: &str, candidates: &[Candidate], targets: &[Target]) -> bool {
    let mut names = candidates.iter().map(|candidate| &*candidate.place.key).chain([text]);
    if names.any(|name| cache.memory.peek(name).is_some()) {
        return true;
    }
    match cache.link() {
        Some(link) => link.afresh().stands(targets).await.unwrap_or(true),
        None => cache.redis.is_some(),
    }
}

impl Shown {
    fn entry(cache: &Cache, key: &str, candidate: Option<&Candidate>, entry: &AnyEntry, age: Age) -> Self {
        let shown = match candidate {
            Some(candidate) => {
                (candidate.known.vtable.by_hand.show)(entry.value()).map_err(|error| error.to_string())
            }
            None => Err(NOBODYS.to_owned()),
        };
        let (value, value_error) = find::json(shown);
        let ttl = Some(find::seconds(cache.memory.remaining(entry)));
        let function = candidate.map(Candidate::path);
        Self { key: key.to_owned(), function, value, value_error, ttl, stale: age != Age::Fresh }
    }

    fn envelope(cache: &Cache, key: &str, candidate: &Candidate, envelope: &Envelope) -> Self {
        let (known, now) = (&candidate.known, cache.memory.clock().unix_millis());
        let owner = known.instance.owner_of(envelope.ident.site);
        let shown = match (known.vtable.decode)(envelope, owner) {
            Ok(value) => (known.vtable.by_hand.show)(&*value).map_err(|error| error.to_string()),
            Err(_) if envelope.marker().is_some() => {
                Err("Redis does not take this value: processes keep it in memory".to_owned())
            }
            Err(_) => Err("it is of another type or version than the function here".to_owned()),
        };
        let (value, value_error) = find::json(shown);
        let left = envelope.span.fresh_until.saturating_sub(now);
        Self {
            key: key.to_owned(),
            function: Some(candidate.path()),
            value,
            value_error,
            ttl: Some(find::seconds(Duration::from_millis(left))),
            stale: envelope.span.age(now) != Some(Age::Fresh),
        }
    }

    fn tagged(key: &str, candidate: &Candidate) -> Self {
        let why =
            "its tags follow from arguments, so whether it is current is not known before it is called for";
        Self { function: Some(candidate.path()), ..Self::untold(key, why) }
    }

    fn of_nobody(key: &str) -> Self {
        Self::untold(key, format!("{NOBODYS}, so neither the value nor whether it is current can be told"))
    }

    fn untold(key: &str, why: impl ToString) -> Self {
        let (value, value_error) = find::json(Err(why));
        Self { key: key.to_owned(), function: None, value, value_error, ttl: None, stale: false }
    }
}

/// `DELETE /{key}`
pub(super) async fn invalidate(PathKey(key): PathKey) -> Result<Response, Refusal> {
    let cache = reply::cache()?;
    let text = find::unprefixed(&cache, &key)?;
    let (candidates, targets) = (find::candidates(text), find::targets(text));
    if let Some(open) = candidates.iter().find(|candidate| candidate.is_exact() && candidate.is_open()) {
        // It would stand in the log.
        return Err(Refusal::conflict(format!(
            "the keys of {} end in a digest of the arguments",
            open.path()
        )));
    }
    let named = candidates.iter().any(Candidate::is_named);
    if !named && !may_stand(&cache, text, &candidates, &targets).await {
        // A body that runs at the moment may be that of a template.
        drop(Invalidation::of(&cache, targets, text));
        return Err(Refusal::absent(format!("{NOBODYS}, and nothing stands under it")));
    }
    let invalidation = Invalidation::of(&cache, targets, text);
    Ok(Struck { key: Some(key), ..Struck::default() }.by(invalidation).await)
}

/// `/{key}/{*rest}`
pub(super) async fn misplaced() -> Refusal {
    Refusal::absent("a key is one segment of the path: write `/` in it as `%2F`")
}
