//! Who may use the router.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::reply::Refusal;

/// A shorter token can be guessed.
const SHORTEST: usize = 16;

/// A page of another site cannot have a browser send it without asking first.
const OWN_HEADER: &str = "x-cachefn-admin";

/// Why a token cannot be used. It does not hold the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenError(Fault);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    Short(usize),
    Character(usize),
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Fault::Short(0) => write!(f, "the admin token is empty: set one, or write `.unprotected()`"),
            Fault::Short(length) => write!(
                f,
                "the admin token has {length} characters: use {SHORTEST} or more, such as those of `openssl rand -hex 32`"
            ),
            Fault::Character(at) => write!(
                f,
                "character {at} of the admin token cannot be sent in a header: use visible ASCII, without blanks and line breaks"
            ),
        }
    }
}

impl std::error::Error for TokenError {}

/// Who may use the router. Cheap to clone, and without `Debug`.
#[derive(Clone)]
pub(super) struct Guard(Option<Arc<Sealed>>);

/// A token that can be recognized, and not read.
struct Sealed {
    secret: [u8; 32],
    digest: Vec<u8>,
}

impl Guard {
    pub(super) fn token(token: &str) -> Result<Self, TokenError> {
        if let Some(at) = token.chars().position(|c| !c.is_ascii_graphic()) {
            return Err(TokenError(Fault::Character(at + 1)));
        }
        if token.len() < SHORTEST {
            return Err(TokenError(Fault::Short(token.len())));
        }
        Ok(Self(Some(Arc::new(Sealed::new(token)))))
    }

    pub(super) fn unprotected() -> Self {
        Self(None)
    }

    fn admit(&self, method: &Method, headers: &HeaderMap) -> Result<(), Denied> {
        match &self.0 {
            Some(sealed) => match headers.get(AUTHORIZATION).and_then(bearer) {
                Some(given) if sealed.is(given) => Ok(()),
                Some(_) => Err(Denied::Wrong),
                None => Err(Denied::Missing),
            },
            None if method.is_safe() || is_own(headers) => Ok(()),
            None => Err(Denied::CrossSite),
        }
    }
}

impl Sealed {
    fn new(token: &str) -> Self {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).expect("the operating system provides random numbers");
        let digest = mac(&secret, token.as_bytes()).finalize().into_bytes().to_vec();
        Self { secret, digest }
    }

    /// Takes as long for any `given` of one length: what is compared are digests under a key that nobody knows, and that
    /// in constant time.
    fn is(&self, given: &[u8]) -> bool {
        mac(&self.secret, given).verify_slice(&self.digest).is_ok()
    }
}

fn mac(secret: &[u8; 32], text: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(secret).expect("a key of any length will do");
    mac.update(text);
    mac
}

/// What follows `Bearer`, in any case (RFC 9110, 11.1).
fn bearer(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, token) = value.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// Whether no page of another site can have sent it.
fn is_own(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    headers.contains_key(OWN_HEADER) || matches!(site, Some(b"same-origin" | b"none"))
}

#[derive(Debug, PartialEq, Eq)]
enum Denied {
    Missing,
    Wrong,
    CrossSite,
}

/// Lets a request through, or answers it.
pub(super) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard.admit(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(denied) => denied.response(),
    }
}

impl Denied {
    fn response(&self) -> Response {
        let (status, why) = match self {
            Self::Missing => (StatusCode::UNAUTHORIZED, "send `Authorization: Bearer <token>`"),
            Self::Wrong => (StatusCode::UNAUTHORIZED, "this is not the token"),
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                "send the header `X-Cachefn-Admin: 1`, so that no other site can have sent this",
            ),
        };
        let mut response = Refusal::new(status, why).into_response();
        let challenge = match self {
            Self::Missing => "Bearer realm=\"cachefn\"",
            Self::Wrong => "Bearer realm=\"cachefn\", error=\"invalid_token\"",
            Self::CrossSite => return response,
        };
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn sent(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(axum::http::HeaderName::from_static(name), HeaderValue::from_static(value))])
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        let sealed = Sealed::new(TOKEN);
        assert!(sealed.is(TOKEN.as_bytes()));
        for end in 0..TOKEN.len() {
            assert!(!sealed.is(&TOKEN.as_bytes()[..end]), "its first {end} characters");
            let mut other = TOKEN.as_bytes().to_vec();
            other[end] ^= 1;
            assert!(!sealed.is(&other), "another character {end}");
        }
        assert!(!sealed.is(b"0123456789abcdef0") && !sealed.is(b"0123456789ABCDEF"));
        assert_ne!(
            sealed.digest,
            Sealed::new(TOKEN).digest,
            "nothing to be learnt from one process about another"
        );
    }

    #[test]
    fn a_token_that_protects_nothing_is_refused_with_what_to_write() {
        let refused =
            |token: &str| Guard::token(token).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused("").contains("`.unprotected()`"));
        assert!(refused("short").contains("5 characters") && refused("short").contains("openssl rand"));
        assert!(refused("0123456789abcdef\n").contains("character 17"));
        assert!(refused("häßlich aber lang genug").contains("character 2"));
        assert_eq!(refused(TOKEN), "");
    }

    #[test]
    fn the_token_is_a_bearers() {
        let guard = Guard::token(TOKEN).unwrap();
        let admit = |headers: HeaderMap| guard.admit(&Method::GET, &headers);
        assert_eq!(admit(sent("authorization", "Bearer 0123456789abcdef")), Ok(()));
        assert_eq!(admit(sent("authorization", "bearer  0123456789abcdef")), Ok(()));
        assert_eq!(admit(sent("authorization", "Bearer 0123456789abcdee")), Err(Denied::Wrong));
        assert_eq!(admit(sent("authorization", "Basic 0123456789abcdef")), Err(Denied::Missing));
        assert_eq!(admit(sent("authorization", "0123456789abcdef")), Err(Denied::Missing));
        assert_eq!(admit(sent("x-cachefn-admin", "1")), Err(Denied::Missing));
    }

    #[test]
    fn without_a_token_other_sites_change_nothing() {
        let guard = Guard::unprotected();
        let admit = |headers: HeaderMap| guard.admit(&Method::DELETE, &headers);
        assert_eq!(guard.admit(&Method::GET, &HeaderMap::new()), Ok(()));
        assert_eq!(admit(HeaderMap::new()), Err(Denied::CrossSite));
        for (site, expected) in [
            ("cross-site", Err(Denied::CrossSite)),
            ("same-site", Err(Denied::CrossSite)),
            ("same-origin", Ok(())),
            ("none", Ok(())),
        ] {
            assert_eq!(admit(sent("sec-fetch-site", site)), expected, "{site}");
        }
        assert_eq!(admit(sent("x-cachefn-admin", "1")), Ok(()));
    }
}
