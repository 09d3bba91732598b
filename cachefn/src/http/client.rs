//! What clients, and caches between, may keep of a response.

use std::fmt::Write as _;
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::directives::has;

/// What leaves where nobody says otherwise.
const NOTHING: HeaderValue = HeaderValue::from_static("no-cache, no-store, must-revalidate, max-age=0");

/// What clients may keep of the responses of a [`CacheLayer`](super::CacheLayer).
///
/// It holds for responses of 200 to GET and HEAD that set no `Cache-Control` and no cookie of their own. All others leave
/// with `Cache-Control: no-cache, no-store, must-revalidate, max-age=0`, or with what they have set.
///
/// What may be kept has an `ETag` of its content, a `Last-Modified` where it comes from `#[cached(response)]` and is older
/// than its second, and a `Vary`; `If-None-Match` and `If-Modified-Since` are answered with 304. An invalidation does not reach clients: they keep
/// what they have for its `max-age`.
///
/// ```
/// use std::time::Duration;
///
/// use cachefn::http::{CacheLayer, ClientCache};
///
/// let minute = Duration::from_secs(60);
/// let layer = CacheLayer::new().client_cache(ClientCache::public(minute).stale_while_revalidate(minute));
/// ```
#[derive(Clone, Debug)]
pub struct ClientCache {
    visibility: Visibility,
    max_age: Duration,
    /// Of caches that are shared.
    shared: Option<Duration>,
    must_revalidate: bool,
    /// Whether it may be kept for longer than what answered lives on.
    exceeds: bool,
    stale: Option<Duration>,
    immutable: bool,
    vary: Vec<HeaderName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Visibility {
    Public,
    Private,
    /// It may be kept and has to be asked for each time.
    Revalidated,
}

impl ClientCache {
    /// Everybody may keep it for so long, in whole seconds: `public, max-age=…`, with `Vary: Accept-Encoding`.
    ///
    /// The response to a request with `Authorization` or `Cookie` is `private` all the same, and varies by both. Where
    /// neither matters, the handler sets its own `Cache-Control`.
    pub fn public(max_age: Duration) -> Self {
        Self::new(Visibility::Public, max_age, vec![ACCEPT_ENCODING])
    }

    /// The user's own client may keep it for so long, in whole seconds: `private, max-age=…`, with `Vary: Accept-Encoding,
    /// Authorization, Cookie`, so that whoever uses the client next is not shown it.
    pub fn private(max_age: Duration) -> Self {
        Self::new(Visibility::Private, max_age, vec![ACCEPT_ENCODING, AUTHORIZATION, COOKIE])
    }

    /// The user's own client may keep it, and asks each time whether it is still true: `private, no-cache`. A 304 costs the
    /// handler's work, or a hit, and spares the body.
    pub fn revalidated() -> Self {
        let vary = vec![ACCEPT_ENCODING, AUTHORIZATION, COOKIE];
        Self::new(Visibility::Revalidated, Duration::ZERO, vary)
    }

    /// As the argument `client` has it, which was judged when it was compiled.
    pub(super) fn written(text: &str) -> Self {
        let directives = text.split(',').map(|directive| {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            (
                name.trim().to_ascii_lowercase(),
                value.trim().parse().map_or(Duration::ZERO, Duration::from_secs),
            )
        });
        let is_public = directives.clone().any(|(name, _)| name == "public");
        let client = if is_public { Self::public(Duration::ZERO) } else { Self::private(Duration::ZERO) };
        directives.fold(client, |client, (name, seconds)| match name.as_str() {
            "no-cache" => Self { visibility: Visibility::Revalidated, ..client },
            "max-age" => Self { max_age: seconds, ..client },
            "s-maxage" => client.s_maxage(seconds),
            "must-revalidate" => client.must_revalidate(),
            "stale-while-revalidate" => client.stale_while_revalidate(seconds),
            "immutable" => client.immutable(),
            _ => client,
        })
    }

    fn new(visibility: Visibility, max_age: Duration, vary: Vec<HeaderName>) -> Self {
        let (shared, must_revalidate, exceeds) = (None, false, false);
        Self { visibility, max_age, shared, must_revalidate, exceeds, stale: None, immutable: false, vary }
    }

    /// Past `max-age` it may be shown for so long, in whole seconds, while it is fetched anew (RFC 5861).
    #[must_use]
    pub fn stale_while_revalidate(mut self, stale: Duration) -> Self {
        self.stale = Some(stale);
        self
    }

    /// Within `max-age` nobody needs to ask again, not even on a reload (RFC 8246).
    #[must_use]
    pub fn immutable(mut self) -> Self {
        self.immutable = true;
        self
    }

    /// Caches that are shared, as those of a CDN, may keep it for so long instead, in whole seconds: `s-maxage=…`. Only of
    /// what is `public`.
    #[must_use]
    pub fn s_maxage(mut self, max_age: Duration) -> Self {
        self.shared = Some(max_age);
        self
    }

    /// Past `max-age` it is shown to nobody before the server was asked: `must-revalidate`.
    #[must_use]
    pub fn must_revalidate(mut self) -> Self {
        self.must_revalidate = true;
        self
    }

    /// Lets clients keep it for as long as is said, though what it is made of expires before.
    ///
    /// Otherwise `max-age` and `s-maxage` end when what answered does: with `expire = 60` and `max-age=300`, a miss is sent
    /// with `max-age=60`, and a hit with an `Age` beside it.
    #[must_use]
    pub fn exceed_expiry(mut self) -> Self {
        self.exceeds = true;
        self
    }

    /// One more header of requests that the response depends on.
    #[must_use]
    pub fn vary(mut self, header: HeaderName) -> Self {
        self.vary.push(header);
        self
    }

    /// Says what may be kept, if what answered ends when it is `end` old.
    pub(super) fn say(&self, headers: &mut HeaderMap, personal: bool, end: Option<u64>) {
        headers.insert(CACHE_CONTROL, self.value(personal, end));
        let known = |name: &HeaderName| has(headers, VARY, name.as_str()) || has(headers, VARY, "*");
        let persons = [AUTHORIZATION, COOKIE];
        let persons = persons.iter().filter(|name| personal && !self.vary.contains(name));
        let vary = self.vary.iter().chain(persons);
        let missing: Vec<_> = vary.filter(|name| !known(name)).map(HeaderName::as_str).collect();
        if !missing.is_empty()
            && let Ok(value) = HeaderValue::try_from(missing.join(", "))
        {
            headers.append(VARY, value);
        }
    }

    fn value(&self, personal: bool, end: Option<u64>) -> HeaderValue {
        let end = end.filter(|_| !self.exceeds).unwrap_or(u64::MAX);
        let until = |age: Duration| age.as_secs().min(end);
        let mut text = String::from(match self.visibility {
            Visibility::Public if !personal => "public",
            _ => "private",
        });
        // Writing into a `String` cannot fail.
        let _ = match self.visibility {
            Visibility::Revalidated => write!(text, ", no-cache"),
            _ => write!(text, ", max-age={}", until(self.max_age)),
        };
        if let Some(shared) = self.shared.filter(|_| text.starts_with("public")) {
            let _ = write!(text, ", s-maxage={}", until(shared));
        }
        if self.must_revalidate {
            text.push_str(", must-revalidate");
        }
        if let Some(stale) = self.stale {
            let _ = write!(text, ", stale-while-revalidate={}", stale.as_secs());
        }
        if self.immutable {
            text.push_str(", immutable");
        }
        HeaderValue::try_from(text).expect("these words and digits can be in a header")
    }
}

/// Whether a preset holds for a response of 200 with these headers.
pub(super) fn may_be_kept(headers: &HeaderMap) -> bool {
    !headers.contains_key(SET_COOKIE) && !headers.contains_key(CACHE_CONTROL)
}

/// Says that nothing may be kept, unless the handler says otherwise.
pub(super) fn forbid(headers: &mut HeaderMap) {
    headers.entry(CACHE_CONTROL).or_insert(NOTHING);
}
