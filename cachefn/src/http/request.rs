//! The request that a thread is answering, for as long as its handler is polled.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use http::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, IF_MODIFIED_SINCE, IF_NONE_MATCH, PRAGMA, RANGE};
use http::{HeaderMap, Method};

use super::directives::{Directives, RequestDirective};
use crate::tally::Tally;
use crate::wants::{Limits, OnMiss, Reading, Wanting, Wants};
use crate::watching::Watching;
use crate::why_unstored::WhyUnstored;

thread_local! {
    static REQUEST: Cell<Option<Request>> = const { Cell::new(None) };
    /// Its headers, where a stored response may be of use to it.
    static HEADERS: RefCell<Option<Arc<HeaderMap>>> = const { RefCell::new(None) };
}

/// What a cached response has to know of its request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    /// The whole of a resource is asked for, its head, or anything else.
    verb: Verb,
    /// Whether it shows who sends it.
    pub(super) has_credentials: bool,
    /// Whether the layer asks what was stored.
    pub(super) is_validated: bool,
}

/// What the headers of a request are of interest for. They are looked at once, as most requests have none of them.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a header that is there or not")]
pub(super) struct Noted {
    is_partial: bool,
    has_credentials: bool,
    has_directives: bool,
    /// Whether it says what it has already.
    pub(super) has_conditions: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Get,
    Part,
    Head,
    Other,
}

/// What a stored response may be for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Read, and filled.
    Full,
    Read,
    None,
}

impl Request {
    pub(super) fn new(method: &Method, noted: Noted, is_validated: bool) -> Self {
        let verb = match *method {
            // What answers a part may be a part.
            Method::GET if noted.is_partial => Verb::Part,
            Method::GET => Verb::Get,
            Method::HEAD => Verb::Head,
            _ => Verb::Other,
        };
        Self { verb, has_credentials: noted.has_credentials, is_validated }
    }

    /// That of the handler that is being polled.
    pub(super) fn current() -> Option<Self> {
        REQUEST.get()
    }

    /// The headers of the request whose handler is being polled.
    pub(super) fn headers() -> Option<Arc<HeaderMap>> {
        HEADERS.try_with(|headers| headers.borrow().clone()).ok().flatten()
    }

    pub(super) fn with_headers<R>(look: impl FnOnce(Option<&HeaderMap>) -> R) -> R {
        HEADERS.with(|headers| look(headers.borrow().as_deref()))
    }

    /// Why what answers it is not stored, as far as that is its own doing.
    pub(super) fn why_unstored(self) -> WhyUnstored {
        match self.verb {
            Verb::Part => WhyUnstored::Range,
            _ if self.has_credentials => WhyUnstored::Credentials,
            _ => WhyUnstored::Method,
        }
    }

    /// Whether stored responses may be of use to it.
    pub(super) fn may_use(self) -> bool {
        self.verb != Verb::Other
    }

    /// What a stored response may be for it; `private`: its key names the user.
    pub(super) fn uses(self, private: bool) -> Use {
        match self.verb {
            _ if self.has_credentials && !private => Use::None,
            Verb::Get => Use::Full,
            Verb::Head | Verb::Part => Use::Read,
            Verb::Other => Use::None,
        }
    }
}

impl Noted {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut noted = Self::default();
        for name in headers.keys() {
            match *name {
                RANGE => noted.is_partial = true,
                AUTHORIZATION | COOKIE => noted.has_credentials = true,
                IF_NONE_MATCH | IF_MODIFIED_SINCE => noted.has_conditions = true,
                CACHE_CONTROL | PRAGMA => noted.has_directives = true,
                _ => {}
            }
        }
        noted
    }

    /// What the request wants of its cached calls.
    pub(super) fn wants(self, method: &Method, headers: &HeaderMap, refused: &[RequestDirective]) -> Wants {
        if self.has_directives { Directives::of(headers, refused).wants(method) } else { Wants::NOTHING }
    }
}

impl Directives {
    /// What they want of the cached calls of a request with this method. One that changes something is not to be ended
    /// half-way.
    fn wants(self, method: &Method) -> Wants {
        let Self { max_age, min_fresh, max_stale, .. } = self;
        let reading = match self {
            Self { no_store: true, .. } => Reading::Untouched,
            Self { no_cache: true, .. } => Reading::Skipped,
            _ => Reading::Usual,
        };
        let miss = if self.only_if_cached && method.is_safe() { OnMiss::Park } else { OnMiss::Fill };
        Wants { reading, miss, limits: Limits { max_age, min_fresh, max_stale }, ..Wants::NOTHING }
    }
}

/// Lasts for one poll of a handler, also if it panics.
pub(super) struct Scope<'a> {
    before: Option<Request>,
    headers: Option<Arc<HeaderMap>>,
    _wanting: Wanting,
    _watching: Watching<'a, Tally>,
}

impl<'a> Scope<'a> {
    /// Of two layers around a handler the inner one counts. What the program wants holds beside what a request does.
    pub(super) fn enter(
        request: Request,
        headers: Option<&Arc<HeaderMap>>,
        wants: Wants,
        tally: &'a mut Tally,
    ) -> Self {
        Self {
            before: REQUEST.replace(Some(request)),
            headers: HEADERS.with(|held| held.replace(headers.cloned())),
            _wanting: Wanting::of(|before| Wants {
                bypasses: before.bypasses,
                refreshes: before.refreshes,
                ..wants
            }),
            _watching: Watching::with(tally),
        }
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        REQUEST.set(self.before);
        // A thread that ends answers nothing.
        let _ = HEADERS.try_with(|held| held.replace(self.headers.take()));
    }
}
