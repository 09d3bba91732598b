//! One request on its way through the layer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::BoxError;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use pin_project_lite::pin_project;
use tracing::Level;

use super::client::{forbid, may_be_kept};
use super::directives::Directives;
use super::fresh::validated;
use super::layer::Settings;
use super::request::{Request, Scope};
use super::status::{Forward, Summary, Verdict, with_keys};
use super::validators::Conditions;
use crate::event;
use crate::observe::Report;
use crate::wants::{self, Reading, Wants};

/// What is kept of a request while its handler runs.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) settings: Arc<Settings>,
    pub(super) method: Method,
    pub(super) conditions: Conditions,
    /// Whether the request shows who sends it.
    pub(super) personal: bool,
    /// Where somebody listens.
    path: Option<String>,
    request: Request,
    wants: Wants,
    report: Report,
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
        Handling { #[pin] future: F, arrived: Box<Arrived> },
        /// The body is looked at.
        Validating { response: Validating },
        Done,
    }
}

impl Arrived {
    pub(super) fn new<B>(request: &http::Request<B>, settings: Arc<Settings>) -> Box<Self> {
        let headers = request.headers();
        let path =
            tracing::enabled!(target: "cachefn", Level::DEBUG).then(|| request.uri().path().to_owned());
        let conditions =
            if settings.client.is_some() { Conditions::of(headers) } else { Conditions::default() };
        Box::new(Self {
            method: request.method().clone(),
            conditions,
            personal: headers.contains_key(AUTHORIZATION) || headers.contains_key(COOKIE),
            path,
            request: Request::of(request.method(), headers),
            wants: Directives::of(headers, &settings.refused).wants(request.method()),
            report: Report::default(),
            began: Instant::now(),
            settings,
        })
    }

    /// Says in the headers what the cache did.
    fn say(&self, headers: &mut HeaderMap) -> Option<Verdict> {
        let bypass = if self.wants.reading == Reading::Skipped { Forward::Request } else { Forward::Bypass };
        let (calls, settings) = (&self.report.calls, &*self.settings);
        let summary = Summary::of(calls, bypass)?;
        if let Some(name) = &settings.outcome {
            headers.insert(name.clone(), HeaderValue::from_static(summary.verdict.word()));
        }
        if let (Some(name), Some(remaining)) = (&settings.remaining, summary.remaining) {
            headers.insert(name.clone(), remaining.into());
        }
        let keys = || calls.iter().map(|call| call.key.as_str()).take(MOST_KEYS);
        if let Some(name) = &settings.key {
            for key in keys().filter_map(|key| HeaderValue::from_str(key).ok()) {
                headers.append(name.clone(), key);
            }
        }
        if let Some(name) = &settings.status {
            let keys = keys().filter(|_| settings.key.is_some());
            // A list, to which every cache on the way adds.
            if let Ok(status) = HeaderValue::try_from(with_keys(&summary, keys)) {
                headers.append(name.clone(), status);
            }
        }
        Some(summary.verdict)
    }

    fn log(&self, verdict: Verdict, status: StatusCode) {
        let Some(path) = &self.path else { return };
        let hidden = self.report.hides;
        let path = (!hidden).then_some(path.as_str());
        event::request(verdict.word(), self.method.as_str(), path, status.as_u16(), self.began.elapsed());
    }

    /// `only-if-cached`, and there was nothing: the handler is gone.
    fn gateway_timeout(&self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
        let headers = response.headers_mut();
        forbid(headers);
        if let Some(name) = &self.settings.outcome {
            headers.insert(name.clone(), HeaderValue::from_static(Verdict::Miss.word()));
        }
        if let Some(name) = &self.settings.status {
            headers.insert(name.clone(), HeaderValue::from_static("cachefn; detail=only-if-cached"));
        }
        response.extensions_mut().insert(SeenTo);
        self.log(Verdict::Miss, StatusCode::GATEWAY_TIMEOUT);
        response
    }

    /// Whether clients may keep the response.
    fn may_be_kept(&self, response: &Response) -> bool {
        let asks = matches!(self.method, Method::GET | Method::HEAD) && response.status() == StatusCode::OK;
        asks && self.settings.client.is_some() && may_be_kept(response.headers())
    }

    /// What is sent; where clients may keep it, once its body was looked at.
    fn finish(self: Box<Self>, mut response: Response) -> Finish {
        response.extensions_mut().insert(SeenTo);
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

impl<F> Serving<F> {
    pub(super) fn new(future: F, arrived: Box<Arrived>) -> Self {
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
    let _scope = Scope::enter(arrived.request, arrived.wants, &mut arrived.report);
    wants::has_parked();
    let polled = future.poll(cx);
    (polled, wants::has_parked())
}
