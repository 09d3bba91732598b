//! One request on its way through the layer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::BoxError;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::AGE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use pin_project_lite::pin_project;
use tracing::Level;

use super::client::{ClientCache, forbid, may_be_kept};
use super::fresh::validated;
use super::layer::Settings;
use super::line::Line;
use super::request::{Noted, Request, Scope};
use super::status::{Forward, Summary, Verdict};
use super::validators::Conditions;
use crate::event;
use crate::global;
use crate::tally::Tally;
use crate::wants::{self, Reading, Wants};

/// What is kept of a request while its handler runs.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) settings: Arc<Settings>,
    pub(super) method: Method,
    pub(super) request: Request,
    /// Its headers, where a stored response may be of use to it: by them its variant is chosen.
    headers: Option<Arc<HeaderMap>>,
    /// Where the client says what it has.
    pub(super) conditions: Option<Box<Conditions>>,
    wants: Wants,
    tally: Tally,
    /// Where somebody listens.
    logged: Option<Box<Logged>>,
}

/// What is said of a request.
#[derive(Debug)]
struct Logged {
    path: String,
    began: Instant,
}

/// More keys than these are not shown: a client would not take so long a head.
const MOST_KEYS: usize = 16;

type Validating = Pin<Box<dyn Future<Output = Response> + Send>>;

/// How a response ends.
enum Finish {
    Now(Response),
    /// Its body is looked at before.
    Later(Validating),
}

/// On a response that a layer inside has seen to.
#[derive(Clone, Copy, Debug)]
struct SeenTo;

pin_project! {
    /// The response to come of a [`CacheService`](super::CacheService).
    #[must_use = "futures do nothing unless polled"]
    pub struct Serving<F> {
        #[pin]
        step: Step<F>,
    }
}

pin_project! {
    #[project = Projected]
    #[project_replace = Replaced]
    enum Step<F> {
        Handling { #[pin] future: F, arrived: Arrived },
        /// The body is looked at.
        Validating { response: Validating },
        Done,
    }
}

impl Arrived {
    pub(super) fn new<B>(arriving: &http::Request<B>, settings: Arc<Settings>) -> Self {
        let (method, headers) = (arriving.method(), arriving.headers());
        let noted = Noted::of(headers);
        let is_kept = settings.client.is_some();
        let request = Request::new(method, noted, is_kept);
        Self {
            method: method.clone(),
            headers: (request.may_use() && !global::is_off()).then(|| Arc::new(headers.clone())),
            request,
            conditions: noted.has_conditions.then(|| Box::new(Conditions::of(headers))),
            wants: noted.wants(method, headers, &settings.refused),
            tally: Tally::new(if settings.key.is_some() { MOST_KEYS } else { 0 }),
            logged: tracing::enabled!(target: "cachefn", Level::DEBUG)
                .then(|| Box::new(Logged { path: arriving.uri().path().to_owned(), began: Instant::now() })),
            settings,
        }
    }

    /// What the handler lets clients keep.
    pub(super) fn client(&self) -> Option<ClientCache> {
        self.tally.client().map(ClientCache::written)
    }

    /// How old what answered is when it ends, in seconds; nothing where that is not known. Clients count from its birth, for
    /// they take off `max-age` what `Age` says.
    pub(super) fn end(&self) -> Option<u64> {
        let age = if self.is_answered() { self.tally.age().unwrap_or_default() } else { Duration::ZERO };
        self.tally.left().map(|left| age.as_secs().saturating_add(left.as_secs()))
    }

    /// Whether all came out of the cache.
    fn is_answered(&self) -> bool {
        Summary::of(&self.tally, Forward::Bypass).is_some_and(Summary::is_answered)
    }

    /// Says in the headers what the cache did.
    fn say(&self, headers: &mut HeaderMap) -> Option<Verdict> {
        let bypass = if self.wants.reading == Reading::Skipped { Forward::Request } else { Forward::Bypass };
        let (tally, settings) = (&self.tally, &*self.settings);
        let summary = Summary::of(tally, bypass)?;
        if let Some(name) = &settings.outcome {
            headers.insert(name, HeaderValue::from_static(summary.verdict.word()));
        }
        if let (Some(name), Some(remaining)) = (&settings.remaining, summary.remaining)
            && let Some(remaining) = Line::default().number(remaining).value()
        {
            headers.insert(name, remaining);
        }
        if summary.is_answered() {
            add_age(headers, tally.age());
        }
        if let Some(name) = &settings.key {
            for key in tally.keys().iter().filter_map(|key| HeaderValue::from_str(key).ok()) {
                headers.append(name, key);
            }
        }
        if let Some(name) = &settings.status {
            // A list, to which every cache on the way adds.
            if let Some(status) = summary.line(tally.keys()).value() {
                headers.append(name, status);
            }
        }
        Some(summary.verdict)
    }

    fn log(&self, verdict: Verdict, status: StatusCode) {
        let Some(Logged { path, began }) = self.logged.as_deref() else { return };
        let path = (!self.tally.hides()).then_some(path.as_str());
        event::request(verdict.word(), self.method.as_str(), path, status.as_u16(), began.elapsed());
    }

    /// `only-if-cached`, and there was nothing: the handler is gone.
    fn gateway_timeout(&self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
        let headers = response.headers_mut();
        forbid(headers);
        if let Some(name) = &self.settings.outcome {
            headers.insert(name, HeaderValue::from_static(Verdict::Miss.word()));
        }
        if let Some(name) = &self.settings.status {
            headers.insert(name, HeaderValue::from_static("cachefn; detail=only-if-cached"));
        }
        mark(&mut response);
        self.log(Verdict::Miss, StatusCode::GATEWAY_TIMEOUT);
        response
    }

    /// Whether clients may keep the response.
    fn may_be_kept(&self, response: &Response) -> bool {
        let asks = matches!(self.method, Method::GET | Method::HEAD) && response.status() == StatusCode::OK;
        (self.settings.client.is_some() || self.tally.client().is_some())
            && asks
            && may_be_kept(response.headers())
    }

    /// What is sent; where clients may keep it, once its body was looked at.
    fn finish(self, mut response: Response) -> Finish {
        mark(&mut response);
        if let Some(verdict) = self.say(response.headers_mut()) {
            self.log(verdict, response.status());
        }
        if self.may_be_kept(&response) {
            return Finish::Later(Box::pin(validated(self, response)));
        }
        forbid(response.headers_mut());
        Finish::Now(response)
    }
}

/// Adds to the age of what was stored the time that it has been here (RFC 9111, 5.1). What has been elsewhere before may
/// have an age already.
fn add_age(headers: &mut HeaderMap, here: Option<Duration>) {
    let Some(here) = here else { return };
    let before = headers.get(AGE).and_then(|age| age.to_str().ok()?.parse().ok()).unwrap_or(0_u64);
    if let Some(age) = Line::default().number(before.saturating_add(here.as_secs())).value() {
        headers.insert(AGE, age);
    }
}

/// Tells a layer around this one, which is polling it.
fn mark(response: &mut Response) {
    if Request::current().is_some() {
        response.extensions_mut().insert(SeenTo);
    }
}

impl<F> Serving<F> {
    pub(super) fn new(future: F, arrived: Arrived) -> Self {
        Self { step: Step::Handling { future, arrived } }
    }
}

impl<F, R, E> Future for Serving<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
    R: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut step = self.project().step;
        loop {
            let response = match step.as_mut().project() {
                Projected::Validating { response } => {
                    let response = ready!(response.as_mut().poll(cx));
                    step.set(Step::Done);
                    return Poll::Ready(Ok(response));
                }
                Projected::Done => return Poll::Pending,
                Projected::Handling { future, arrived } => {
                    let (polled, parked) = handle(future, arrived, cx);
                    if parked { None } else { Some(ready!(polled)) }
                }
            };
            // The handler is dropped here.
            let Replaced::Handling { arrived, .. } = step.as_mut().project_replace(Step::Done) else {
                return Poll::Pending;
            };
            let response = match response {
                None => return Poll::Ready(Ok(arrived.gateway_timeout())),
                Some(Ok(response)) => response.map(Body::new),
                Some(Err(error)) => return Poll::Ready(Err(error)),
            };
            if response.extensions().get::<SeenTo>().is_some() {
                return Poll::Ready(Ok(response));
            }
            match arrived.finish(response) {
                Finish::Now(response) => return Poll::Ready(Ok(response)),
                Finish::Later(response) => step.set(Step::Validating { response }),
            }
        }
    }
}

/// Polls the handler; true if one of its calls waits to be dropped.
fn handle<F: Future>(
    future: Pin<&mut F>,
    arrived: &mut Arrived,
    cx: &mut Context<'_>,
) -> (Poll<F::Output>, bool) {
    let _scope = Scope::enter(arrived.request, arrived.headers.as_ref(), arrived.wants, &mut arrived.tally);
    wants::has_parked();
    let polled = future.poll(cx);
    (polled, wants::has_parked())
}
