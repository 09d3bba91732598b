//! A response as it is stored: its status, its headers, its body.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::request::Request;
use super::vary::Selected;
use crate::variant::{Fit, Hop};
use crate::watching;

/// A response as it is stored: its status, its headers, its body. Clones share it.
///
/// Closures of `#[cached(response, …)]` over the value are given it: `when`, `expire_with`, `tags_with`.
#[derive(Clone)]
pub struct StoredResponse(Arc<Parts>);

struct Parts {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    born: SystemTime,
    /// Which requests it is for, if not for all.
    selected: Option<Selected>,
}

/// How many headers the layer and the server add.
const ADDED: usize = 5;

/// The lowest number that is a status.
const LOWEST: u16 = 100;

/// How it is written down.
#[derive(Serialize, Deserialize)]
struct Written {
    /// Counted from 100, so that every number is a status; where people read it, as it is.
    status: u16,
    headers: Vec<(String, Bytes)>,
    body: Bytes,
    /// In seconds since 1970.
    born: u64,
    selected: Option<Selected>,
}

impl StoredResponse {
    fn new(
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        born: SystemTime,
        selected: Option<Selected>,
    ) -> Self {
        Self(Arc::new(Parts { status, headers, body, born, selected }))
    }

    /// The same with bytes of its own: others may be a part of something much larger, which would be kept with them.
    pub(super) fn copied(
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        born: SystemTime,
        selected: Option<Selected>,
    ) -> Self {
        let own = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.clone(), HeaderValue::from_bytes(value.as_bytes()).ok()?))
        };
        let mut map = HeaderMap::with_capacity(headers.len());
        for (name, value) in headers.iter().filter_map(own) {
            map.append(name, value);
        }
        Self::new(status, map, Bytes::copy_from_slice(body), born, selected)
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The headers that the handler has set.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Its body.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// What it is to a call of the request that is being answered.
    #[inline]
    pub(super) fn fit(&self, hop: Option<Hop>) -> Fit {
        match (&self.0.selected, hop) {
            (None, None) => Fit::Own,
            (None, Some(_)) => Fit::Orphan,
            (Some(selected), _) => Request::with_headers(|request| selected.fit(hop, request)),
        }
    }

    /// The response as it stands in the place of a variant.
    pub(super) fn placed(self, hop: Hop) -> Self {
        let parts = Arc::try_unwrap(self.0).unwrap_or_else(|shared| Parts {
            status: shared.status,
            headers: shared.headers.clone(),
            body: shared.body.clone(),
            born: shared.born,
            selected: shared.selected.clone(),
        });
        let selected = Some(Selected::below(parts.selected, hop.parent));
        Self(Arc::new(Parts { selected, ..parts }))
    }

    /// When the handler made it, to the second.
    pub(super) fn born(&self) -> SystemTime {
        self.0.born
    }

    /// The response as it goes to a client. The body is shared.
    pub(super) fn response(self) -> Response {
        let mut response = Response::new(Body::from(self.0.body.clone()));
        *response.status_mut() = self.0.status;
        // Not cloned: a clone has no room for more, and grows with each.
        let headers = response.headers_mut();
        // Where there is no room for more, there is for these.
        let _ = headers.try_reserve(self.0.headers.len() + ADDED);
        for (name, value) in &self.0.headers {
            headers.append(name, value.clone());
        }
        if Request::current().is_some_and(|request| request.is_validated) || watching::has_client() {
            response.extensions_mut().insert(self);
        }
        response
    }
}

/// Without headers and body: they may be somebody's own.
impl fmt::Debug for StoredResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.body.len();
        f.debug_struct("StoredResponse")
            .field("status", &self.0.status)
            .field("bytes", &bytes)
            .finish_non_exhaustive()
    }
}

impl Serialize for StoredResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Parts { status, headers, body, born, selected } = &*self.0;
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), Bytes::copy_from_slice(value.as_bytes()))
        };
        let from = if serializer.is_human_readable() { 0 } else { LOWEST };
        let written = Written {
            status: status.as_u16() - from,
            headers: headers.iter().map(line).collect(),
            body: body.clone(),
            born: born.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            selected: selected.clone(),
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StoredResponse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let readable = deserializer.is_human_readable();
        let Written { status, headers, body, born, selected } = Written::deserialize(deserializer)?;
        let status = if readable { status } else { LOWEST + status % 900 };
        let status = StatusCode::from_u16(status).unwrap_or_default();
        let line = |(name, value): (String, Bytes)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::from_maybe_shared(value).ok()?))
        };
        let mut map = HeaderMap::with_capacity(headers.len());
        for (name, value) in headers.into_iter().filter_map(line) {
            map.append(name, value);
        }
        let born = UNIX_EPOCH.checked_add(Duration::from_secs(born)).unwrap_or(UNIX_EPOCH);
        Ok(Self::new(status, map, body, born, selected))
    }
}
