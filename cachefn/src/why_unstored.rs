//! Why a value was not stored, where that is a rule and no fault.

use std::fmt;

/// Why a value was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "axum"), expect(dead_code, reason = "most are of responses"))]
pub(crate) enum WhyUnstored {
    /// The body has failed.
    Error,
    /// There is nothing, and `none` does not say that this is to be remembered.
    Nothing,
    /// `when` says so.
    When,
    /// The method of the request: HEAD, or one that changes something.
    Method,
    /// A part was asked for.
    Range,
    /// The request shows who sends it.
    Credentials,
    Status,
    NoStore,
    Private,
    SetCookie,
    /// `Vary: *`, what is no name of a header, or too many names.
    Vary,
    /// It varies, and no request is known.
    NoRequest,
    EventStream,
    TooLarge,
    Trailers,
    /// Its body broke off, or was not as long as was stated.
    BrokenOff,
    /// Its body had not ended in time.
    Slow,
    /// It does not say clearly how long its body is.
    Length,
}

impl WhyUnstored {
    /// As `Cache-Status` has it, in `detail`.
    pub(crate) fn token(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Nothing => "none",
            Self::When => "when",
            Self::Method => "method",
            Self::Range => "range",
            Self::Credentials => "credentials",
            Self::Status => "status",
            Self::NoStore => "no-store",
            Self::Private => "private",
            Self::SetCookie => "set-cookie",
            Self::Vary => "vary",
            Self::NoRequest => "vary-without-request",
            Self::EventStream => "event-stream",
            Self::TooLarge => "too-large",
            Self::Trailers => "trailers",
            Self::BrokenOff => "broken-off",
            Self::Slow => "slow",
            Self::Length => "content-length",
        }
    }
}

impl fmt::Display for WhyUnstored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.token())
    }
}
