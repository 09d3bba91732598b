//! `#[cached(response, …)]`: what of a response is stored, and for which requests.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use pin_project_lite::pin_project;

use super::body::{NotTaken, Stated, collect};
use super::directives::has;
use super::request::{Request, Use};
use super::stored::StoredResponse;
use super::vary::{Selected, Unselected};
use crate::call::{Call, Output, Reads, begin, bypassed};
use crate::global;
use crate::key::KeyWriter;
use crate::layout::{Auto, Choice};
use crate::leaf::Leaf;
use crate::shape::{Coded, Fallible, Kind, Optional, Split};
use crate::site::{Closure, Instance, Site};
use crate::variant::{Fit, Hop};
use crate::verdict::{self, Checked};
use crate::wants::{self, OnMiss, Wanting, Wants};
use crate::watching;
use crate::why_unstored::WhyUnstored;

/// A longer body is not stored: it would stay out of Redis.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// Takes the call of a handler: like [`begin`], if its request is one that stored responses are for.
pub fn begin_response<V: Reads, F: Fn(&mut KeyWriter)>(
    site: &'static Site,
    verdict: &V,
    write: F,
) -> Result<Output<V>, Call> {
    if global::is_off() {
        return Err(Call::none());
    }
    // What the program itself asks for needs no request.
    let refreshes = wants::current().refreshes;
    if let Some(client) = site.client.filter(|_| !refreshes) {
        watching::set_client(client);
    }
    let uses = if refreshes { Some(Use::Full) } else { None };
    let uses = uses.or_else(|| Request::current().map(|request| request.uses(site.is_private())));
    match uses {
        Some(Use::Full) => begin(site, verdict, write),
        Some(Use::Read) => {
            let _reading = Wanting::of(|wants| match wants.miss {
                OnMiss::Fill => Wants { miss: OnMiss::Run, ..wants },
                _ => wants,
            });
            begin(site, verdict, write)
        }
        Some(Use::None) => {
            let why = Request::current().map(Request::why_unstored);
            bypassed(site, Closure::of::<F>(), &write, why);
            Err(Call::none())
        }
        None => {
            if let Some(cache) = global::current() {
                site.instance(Closure::of::<F>()).says_no_request(&cache);
            }
            Err(Call::none())
        }
    }
}

/// On a response whose body broke off while it was taken in.
#[derive(Clone, Copy, Debug)]
struct BrokenOff;

impl<V> fmt::Debug for Storing<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storing").field("whose", &self.whose).finish_non_exhaustive()
    }
}

/// Which responses a call stores, for the verdict on its return type.
pub struct Storing<V> {
    pub(crate) whose: Whose,
    /// Of which function, where the call may come to a fill.
    pub(crate) instance: Option<Instance>,
    /// The headers of the request that is answered, where it is one.
    pub(crate) request: Option<Arc<HeaderMap>>,
    pub(crate) verdict: PhantomData<fn() -> V>,
}

/// Whose responses are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// None at all.
    Nobodys,
    /// Those that are for anybody.
    Anybodys,
    /// Those of the user whom the key names.
    Ones,
}

pin_project! {
    /// A handler's body, and what comes after it.
    ///
    /// No `async` block: in one, what the body returns would have to be a response for any lifetime, and a `&'static str`
    /// is none (rust-lang/rust#110338).
    #[must_use = "futures do nothing unless polled"]
    pub struct Respond<V, F> {
        // Dropped before the call, as any body.
        #[pin]
        body: F,
        storing: Storing<V>,
        storable: Option<Pin<Box<dyn Future<Output = Response> + Send>>>,
    }
}

/// Makes a response of what a handler returns, and takes in its body if it may be stored.
///
/// That it returns a response is asked of the future alone: asked here too, it would be a second error.
pub fn respond<V, F>(storing: Storing<V>, body: F) -> Respond<V, F> {
    Respond { body, storing, storable: None }
}

impl<V, F> Future for Respond<V, F>
where
    V: Checked<Kind: Responds<F::Output>>,
    F: Future,
{
    type Output = <V::Kind as Responds<F::Output>>::Returned;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let storable = match this.storable {
            Some(storable) => storable,
            None => match V::Kind::response(ready!(this.body.poll(cx))) {
                Err(returned) => return Poll::Ready(returned),
                Ok(mut response) => {
                    // That of another function, which the handler may have changed since.
                    response.extensions_mut().remove::<StoredResponse>();
                    match selected(&response, this.storing) {
                        Ok(selected) => {
                            let taken = taken(response, selected, this.storing.instance);
                            this.storable.insert(Box::pin(taken))
                        }
                        Err(why) => {
                            note(this.storing.instance, why);
                            return Poll::Ready(V::Kind::returned(response));
                        }
                    }
                }
            },
        };
        storable.as_mut().poll(cx).map(V::Kind::returned)
    }
}

/// For which requests it may be stored, once its body was looked at, or why it is not.
fn selected<V>(response: &Response, storing: &Storing<V>) -> Result<Option<Selected>, WhyUnstored> {
    if storing.whose == Whose::Nobodys {
        return Err(Request::current().map_or(WhyUnstored::NoRequest, Request::why_unstored));
    }
    may_be_stored(response, storing.whose)?;
    Selected::of(response.headers(), storing.request.as_deref()).map_err(|unselected| match unselected {
        Unselected::Anything => WhyUnstored::Vary,
        Unselected::NoRequest => WhyUnstored::NoRequest,
    })
}

/// Counts, logs and shows why a response is not stored, where it might have been.
fn note(instance: Option<Instance>, why: WhyUnstored) {
    if let Some(instance) = instance {
        instance.says_unstored(why);
    }
}

/// The same response, with what is to be stored as an extension of it.
async fn taken(response: Response, selected: Option<Selected>, instance: Option<Instance>) -> Response {
    let (mut parts, body) = response.into_parts();
    let stated = Stated::by(&parts.headers);
    match collect(body, MOST_BYTES, stated).await {
        Ok(body) => {
            let now = SystemTime::now();
            let stored = StoredResponse::copied(parts.status, &parts.headers, &body, now, selected);
            parts.extensions.insert(stored);
            Response::from_parts(parts, Body::from(body))
        }
        Err(NotTaken { body, is_broken, why }) => {
            note(instance, why);
            if is_broken {
                parts.extensions.insert(BrokenOff);
            }
            Response::from_parts(parts, body)
        }
    }
}

/// Whether its status and headers allow it, or which of them does not.
fn may_be_stored(response: &Response, whose: Whose) -> Result<(), WhyUnstored> {
    let (status, headers) = (response.status(), response.headers());
    // Its end is never waited for.
    let is_events = || {
        let kind = headers.get(CONTENT_TYPE);
        kind.is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"text/event-stream"))
    };
    if !is_of_the_resource(status) {
        Err(WhyUnstored::Status)
    } else if has(headers, CACHE_CONTROL, "no-store") {
        Err(WhyUnstored::NoStore)
    } else if whose == Whose::Anybodys && has(headers, CACHE_CONTROL, "private") {
        Err(WhyUnstored::Private)
    } else if headers.contains_key(SET_COOKIE) {
        Err(WhyUnstored::SetCookie)
    } else if is_events() {
        Err(WhyUnstored::EventStream)
    } else {
        Ok(())
    }
}

/// Whether a response with this status says what the resource is, or that it is gone. Others answer the request alone,
/// such as 304, 401, 409 and 429, a part of the resource (206), or fail.
fn is_of_the_resource(status: StatusCode) -> bool {
    is_gone(status) || status.is_success() && status != StatusCode::PARTIAL_CONTENT
}

/// What `None` is to a value.
fn is_gone(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
}

/// A kind of return type that becomes a response.
#[diagnostic::on_unimplemented(
    message = "`{R}` is no response",
    label = "must implement `IntoResponse`",
    note = "return what implements `axum::response::IntoResponse`, such as `Json`, text, or a status with either"
)]
pub trait Responds<R>: Kind {
    /// What the function returns for it.
    type Returned;

    /// The response, unless it is none.
    fn response(returned: R) -> Result<Response, Self::Returned>;

    /// What the function returns for a response.
    fn returned(response: Response) -> Self::Returned;
}

/// `Response`.
#[derive(Debug)]
pub struct OfResponse;

/// `Result<Response, E>`.
#[derive(Debug)]
pub struct OfResult<E>(PhantomData<fn() -> E>);

/// Any other type: an error already.
#[derive(Debug)]
pub struct OfNone<R>(PhantomData<fn() -> R>);

/// What cannot be stored.
#[derive(Debug)]
pub struct Unfit;

#[diagnostic::do_not_recommend]
impl<T: IntoResponse> Responds<T> for OfResponse {
    type Returned = Response;

    fn response(returned: T) -> Result<Response, Response> {
        Ok(returned.into_response())
    }

    fn returned(response: Response) -> Response {
        response
    }
}

#[diagnostic::do_not_recommend]
impl<T: IntoResponse, E> Responds<Result<T, E>> for OfResult<E> {
    type Returned = Result<Response, E>;

    fn response(returned: Result<T, E>) -> Result<Response, Self::Returned> {
        match returned {
            Ok(returned) => Ok(returned.into_response()),
            Err(error) => Err(Err(error)),
        }
    }

    fn returned(response: Response) -> Self::Returned {
        Ok(response)
    }
}

#[diagnostic::do_not_recommend]
impl<R> Responds<R> for OfNone<R> {
    type Returned = R;

    fn response(returned: R) -> Result<Response, R> {
        Err(returned)
    }

    fn returned(_: Response) -> R {
        unreachable!("it is never made a response")
    }
}

#[diagnostic::do_not_recommend]
impl<R, K: Responds<R>, C: Choice> Responds<R> for Coded<K, C> {
    type Returned = K::Returned;

    fn response(returned: R) -> Result<Response, K::Returned> {
        K::response(returned)
    }

    fn returned(response: Response) -> K::Returned {
        K::returned(response)
    }
}

/// A 404 or 410 is to a response what `None` is to a value, and a 5xx what `Err` is.
fn split(mut response: Response) -> Split<StoredResponse, Response> {
    let is_whole = response.extensions_mut().remove::<BrokenOff>().is_none();
    match response.extensions_mut().remove::<StoredResponse>() {
        Some(stored) if is_gone(stored.status()) => Split::Nothing(stored),
        Some(stored) => Split::Value(stored),
        None if response.status().is_server_error() => Split::Failure(response),
        None if is_whole && is_of_the_resource(response.status()) => Split::Passing(response),
        None => Split::Unrelated(response),
    }
}

impl Kind for OfResponse {
    type Output = Response;
    type Stored = StoredResponse;
    type Value = Response;
    type Seen = StoredResponse;
    type With<L: Leaf<Value = Response>> = Self;
    type Codec = Auto;

    const BY_HAND: bool = false;

    fn split(output: Response) -> Split<StoredResponse, Response> {
        split(output)
    }

    fn restore(stored: StoredResponse) -> Response {
        stored.response()
    }

    fn see(stored: &StoredResponse) -> Option<&StoredResponse> {
        Some(stored)
    }

    #[inline]
    fn fit(stored: &StoredResponse, hop: Option<Hop>) -> Fit {
        stored.fit(hop)
    }

    fn placed(stored: StoredResponse, hop: Hop) -> StoredResponse {
        stored.placed(hop)
    }
}

impl<E> Kind for OfResult<E> {
    type Output = Result<Response, E>;
    type Stored = StoredResponse;
    type Value = Response;
    type Seen = StoredResponse;
    type With<L: Leaf<Value = Response>> = Self;
    type Codec = Auto;

    const BY_HAND: bool = false;

    fn split(output: Self::Output) -> Split<StoredResponse, Self::Output> {
        match output {
            Ok(response) => match split(response) {
                Split::Value(stored) => Split::Value(stored),
                Split::Nothing(stored) => Split::Nothing(stored),
                Split::Failure(response) => Split::Failure(Ok(response)),
                Split::Unrelated(response) => Split::Unrelated(Ok(response)),
                Split::Passing(response) | Split::Hidden(response) => Split::Passing(Ok(response)),
            },
            failure @ Err(_) => Split::Failure(failure),
        }
    }

    fn restore(stored: StoredResponse) -> Self::Output {
        Ok(stored.response())
    }

    fn see(stored: &StoredResponse) -> Option<&StoredResponse> {
        Some(stored)
    }

    #[inline]
    fn fit(stored: &StoredResponse, hop: Option<Hop>) -> Fit {
        stored.fit(hop)
    }

    fn placed(stored: StoredResponse, hop: Hop) -> StoredResponse {
        stored.placed(hop)
    }
}

impl<R> Kind for OfNone<R> {
    type Output = R;
    type Stored = Unfit;
    type Value = R;
    type Seen = R;
    type With<L: Leaf<Value = R>> = Self;
    type Codec = Auto;

    fn split(output: R) -> Split<Unfit, R> {
        Split::Passing(output)
    }

    fn restore(_: Unfit) -> R {
        unreachable!("none was ever stored")
    }

    fn see(_: &Unfit) -> Option<&R> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl Optional for OfResponse {}
#[diagnostic::do_not_recommend]
impl<E> Optional for OfResult<E> {}
#[diagnostic::do_not_recommend]
impl Fallible for OfResponse {}
#[diagnostic::do_not_recommend]
impl<E> Fallible for OfResult<E> {}

/// A return type, before it is known whether it is a response.
#[derive(Debug)]
pub struct Returns<R>(PhantomData<fn() -> R>);

impl<R> Returns<R> {
    /// The type alone; there is no value.
    pub const NEW: Self = Self(PhantomData);
}

macro_rules! returns {
    ($trait:ident<$($param:ident)?>, $receiver:ty => $kind:ty) => {
        #[doc = concat!("The lookup that finds `", stringify!($kind), "`.")]
        pub trait $trait {
            /// What the type is.
            type Kind;

            /// What the type is.
            fn cachefn_response(&self) -> PhantomData<Self::Kind>;
        }

        impl<$($param)?> $trait for $receiver {
            type Kind = $kind;

            fn cachefn_response(&self) -> PhantomData<$kind> {
                PhantomData
            }
        }
    };
}

returns!(ReturnsResult<E>, &&Returns<Result<Response, E>> => OfResult<E>);
returns!(ReturnsResponse<>, &Returns<Response> => OfResponse);
returns!(ReturnsNone<R>, Returns<R> => OfNone<R>);

/// Implemented for nothing that can be in a signature; it carries the error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not show that it is a response",
    label = "write `Response`, `impl IntoResponse`, or a `Result` of either",
    note = "without `response` the value itself is stored, also that of a `Json`"
)]
pub trait ResponseType {}

#[diagnostic::do_not_recommend]
impl ResponseType for verdict::Fit {}

/// Hands the verdict on, or is the one error that says what to return.
pub fn check_response<V: Checked<Judged: ResponseType>>(verdict: V) -> V {
    verdict
}
