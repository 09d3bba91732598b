//! The layer and its settings.

use std::sync::Arc;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, Request};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::client::ClientCache;
use super::directives::RequestDirective;
use super::serving::{Arrived, Serving};

/// Says in the headers of responses what the cache did, and has requests say what they want of it.
///
/// It goes around a router or a route of axum, or around any other `tower` service of HTTP. The page of the
/// [module](super) says what it does. Of two layers around a handler the inner one counts.
///
/// # Cancel safety
///
/// As that of the service inside: when a client goes away the handler is dropped, and with it its part in a fill.
///
/// # Costs
///
/// A copy of the headers of each request that may be answered out of the cache, two or three allocations, and what it takes
/// `tower` to have a layer at all. Cached calls inside are counted, however many they are. Only where somebody listens to its
/// log lines, or the keys are shown, is the clock looked at, and memory allocated for each call.
#[derive(Clone, Debug)]
pub struct CacheLayer {
    settings: Arc<Settings>,
}

/// What a layer is told.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) refused: Vec<RequestDirective>,
    pub(super) client: Option<ClientCache>,
    pub(super) body_limit: usize,
    pub(super) outcome: Option<HeaderName>,
    pub(super) remaining: Option<HeaderName>,
    pub(super) status: Option<HeaderName>,
    pub(super) key: Option<HeaderName>,
}

/// A header by which [`CacheLayer`] says what the cache did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheHeader {
    /// `X-Cache`: `HIT`, `STALE`, `MISS` or `BYPASS`.
    Outcome,
    /// `X-Cache-TTL-Remaining`: how long what answered lives on, in whole seconds.
    Remaining,
    /// `Cache-Status`, as RFC 9211 has it.
    Status,
    /// `X-Cache-Key`: one line for each key, and the parameter `key` of `Cache-Status`. Off unless it is asked for: whoever
    /// may see it learns what a key is made of.
    Key,
}

const EVERY: [RequestDirective; 6] = [
    RequestDirective::NoCache,
    RequestDirective::NoStore,
    RequestDirective::MaxAge,
    RequestDirective::MinFresh,
    RequestDirective::MaxStale,
    RequestDirective::OnlyIfCached,
];

impl Default for CacheLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl CacheLayer {
    /// Heeds every directive, sets every header but the key, and lets clients keep nothing.
    pub fn new() -> Self {
        let settings = Settings {
            refused: Vec::new(),
            client: None,
            body_limit: super::response::MOST_BYTES,
            outcome: Some(HeaderName::from_static("x-cache")),
            remaining: Some(HeaderName::from_static("x-cache-ttl-remaining")),
            status: Some(HeaderName::from_static("cache-status")),
            key: None,
        };
        Self { settings: Arc::new(settings) }
    }

    /// Heeds no directive of requests: clients must not decide what the server has to do anew.
    #[must_use]
    pub fn ignore_request_directives(self) -> Self {
        self.with(|settings| settings.refused = EVERY.to_vec())
    }

    /// Heeds this directive of requests no longer.
    #[must_use]
    pub fn ignore(self, directive: RequestDirective) -> Self {
        self.with(|settings| settings.refused.push(directive))
    }

    /// Lets clients keep responses.
    #[must_use]
    pub fn client_cache(self, client: ClientCache) -> Self {
        self.with(|settings| settings.client = Some(client))
    }

    /// Longer bodies, in bytes, have no `ETag`: they pass as they are. 1 MiB if nothing is said. So does a body that does
    /// not say how long it is and has not ended after a second.
    #[must_use]
    pub fn body_limit(self, bytes: usize) -> Self {
        self.with(|settings| settings.body_limit = bytes)
    }

    /// Gives a header another name; that of the key is switched on by it.
    #[must_use]
    pub fn rename(self, header: CacheHeader, name: HeaderName) -> Self {
        self.with(|settings| *settings.header(header) = Some(name))
    }

    /// Switches a header off.
    #[must_use]
    pub fn without(self, header: CacheHeader) -> Self {
        self.with(|settings| *settings.header(header) = None)
    }

    /// Shows the keys, by `X-Cache-Key`.
    #[must_use]
    pub fn with_key(self) -> Self {
        self.rename(CacheHeader::Key, HeaderName::from_static("x-cache-key"))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl Settings {
    fn header(&mut self, header: CacheHeader) -> &mut Option<HeaderName> {
        match header {
            CacheHeader::Outcome => &mut self.outcome,
            CacheHeader::Remaining => &mut self.remaining,
            CacheHeader::Status => &mut self.status,
            CacheHeader::Key => &mut self.key,
        }
    }
}

impl<S> Layer<S> for CacheLayer {
    type Service = CacheService<S>;

    fn layer(&self, inner: S) -> CacheService<S> {
        CacheService { inner, settings: Arc::clone(&self.settings) }
    }
}

/// A service with a [`CacheLayer`] around it.
#[derive(Clone, Debug)]
pub struct CacheService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S, B, R> Service<Request<B>> for CacheService<S>
where
    S: Service<Request<B>, Response = http::Response<R>>,
    R: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Serving<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let arrived = Arrived::new(&request, Arc::clone(&self.settings));
        Serving::new(self.inner.call(request), arrived)
    }
}
