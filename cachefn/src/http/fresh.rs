//! What clients may keep: it is given its validators, and whoever has it already is told so.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    TRANSFER_ENCODING,
};
use http::response::Parts;
use http::{HeaderMap, HeaderName, Method, StatusCode};

use super::body::{Stated, collect};
use super::serving::Arrived;
use super::stored::StoredResponse;
use super::validators::{Tag, date};

/// What says how to read a body, and has nothing to say without one.
const OF_THE_BODY: [HeaderName; 5] =
    [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_RANGE, CONTENT_TYPE, TRANSFER_ENCODING];

/// The response with what clients need to keep it, or 304 where they have.
pub(super) async fn validated(arrived: Arrived, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let own = arrived.client();
    if let Some(client) = own.as_ref().or(arrived.settings.client.as_ref()) {
        client.say(&mut parts.headers, arrived.request.has_credentials, arrived.end());
    }
    // Of a HEAD the head says how long the body of a GET would be.
    let stated = if arrived.method == Method::HEAD { Stated::Nothing } else { Stated::by(&parts.headers) };
    let (whole, body) = match collect(body, arrived.settings.body_limit, stated).await {
        Ok(whole) if whole.is_empty() && arrived.method == Method::HEAD => {
            (whole_of_head(&parts).map(|stored| stored.body().clone()), Body::empty())
        }
        Ok(whole) => (Some(whole.clone()), Body::from(whole)),
        Err(not_taken) => (None, not_taken.body),
    };
    let Some(whole) = whole else { return Response::from_parts(parts, body) };
    validate(&mut parts, &whole);
    if arrived.conditions.is_some_and(|conditions| conditions.hold(&parts.headers)) {
        return not_modified(parts, &whole);
    }
    Response::from_parts(parts, body)
}

/// What a GET would have been answered with, where that is known and the body is gone already.
fn whole_of_head(parts: &Parts) -> Option<&StoredResponse> {
    let stored = parts.extensions.get::<StoredResponse>()?;
    let length = parts.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse::<usize>().ok()?;
    (length == stored.body().len()).then_some(stored)
}

/// The handler's own validators stay.
fn validate(parts: &mut Parts, whole: &Bytes) {
    if !parts.headers.contains_key(ETAG) {
        let tag = Tag::of(&parts.headers, whole);
        parts.headers.insert(ETAG, tag.into_value());
    }
    let born = born(parts, whole).filter(|born| is_over(*born)).and_then(date);
    if let Some(born) = born.filter(|_| !parts.headers.contains_key(LAST_MODIFIED)) {
        parts.headers.insert(LAST_MODIFIED, born);
    }
}

/// Whether its second is: until then another response may be made that is not told from it by the date.
fn is_over(born: SystemTime) -> bool {
    let second = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    second(SystemTime::now()) > second(born)
}

/// When a stored response was made, if this is still its body.
fn born(parts: &Parts, whole: &Bytes) -> Option<SystemTime> {
    let stored = parts.extensions.get::<StoredResponse>()?;
    let same = |name: &HeaderName, other: &HeaderMap| parts.headers.get(name) == other.get(name);
    (stored.body() == whole && same(&CONTENT_ENCODING, stored.headers())).then(|| stored.born())
}

/// It says how long what it stands for is, or those on the way would say that it is empty.
fn not_modified(mut parts: Parts, whole: &Bytes) -> Response {
    parts.status = StatusCode::NOT_MODIFIED;
    for name in OF_THE_BODY {
        parts.headers.remove(name);
    }
    parts.headers.insert(CONTENT_LENGTH, whole.len().into());
    Response::from_parts(parts, Body::empty())
}
