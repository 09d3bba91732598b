//! What is said, through `tracing` with the target `cachefn`: one event per fact, fields beside it.
//!
//! Nothing here costs more than a load where nobody listens. What a call can cause at WARN is [limited](crate::log_limit).

use std::fmt::Display;
use std::time::{Duration, Instant};

use tracing::{Level, debug, error, info, warn};

use crate::log_limit::LeftOut;
use crate::observe::{CallReport, Lacked, Outcome};
use crate::site::Instance;
use crate::watching::{self, Attention};
use crate::why_unstored::WhyUnstored;

/// Who is told of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Nobody,
    /// Those who only count calls: its key need not be written for them.
    Counting,
    /// Those who want to know all of it, also how long it takes since it began.
    Listening(Instant),
}

impl Audience {
    /// That of a call that begins now.
    #[inline]
    pub(crate) fn now() -> Self {
        match watching::attention() {
            Attention::Detail => Self::Listening(Instant::now()),
            _ if tracing::enabled!(target: "cachefn", Level::DEBUG) => Self::Listening(Instant::now()),
            Attention::Counting => Self::Counting,
            Attention::None => Self::Nobody,
        }
    }

    #[inline]
    pub(crate) fn is_any(self) -> bool {
        !matches!(self, Self::Nobody)
    }
}

/// What a call has come to; `remaining` is the life of the entry that answered.
#[inline]
pub(crate) fn outcome(
    outcome: Outcome,
    instance: &Instance,
    prefix: &str,
    key: &str,
    remaining: Option<Duration>,
    audience: Audience,
) {
    match audience {
        Audience::Nobody => {}
        Audience::Counting => counted(outcome, instance, remaining),
        Audience::Listening(began) => told(outcome, instance, prefix, key, remaining, began.elapsed()),
    }
}

/// The same for those who only count.
#[cold]
pub(crate) fn counted(outcome: Outcome, instance: &Instance, remaining: Option<Duration>) {
    watching::count(outcome, remaining);
    if instance.site.is_sensitive() {
        watching::hide();
    }
}

#[cold]
fn told(
    outcome: Outcome,
    instance: &Instance,
    prefix: &str,
    key: &str,
    remaining: Option<Duration>,
    elapsed: Duration,
) {
    let (function, namespace) = (&instance.identity.function, instance.identity.namespace_label());
    let millis = elapsed.as_secs_f64() * 1e3;
    let (name, word) = (outcome.name(), outcome.name().to_uppercase());
    debug!(
        target: "cachefn",
        function, namespace, key = format_args!("{prefix}:{key}"), outcome = name, ?elapsed,
        "CACHE {word}: {function} ({millis:.2}ms)"
    );
    if watching::attention() != Attention::None {
        watching::tell(CallReport {
            function: function.clone(),
            namespace: namespace.to_owned(),
            key: format!("{prefix}:{key}"),
            outcome,
            remaining,
            elapsed,
            stored: false,
            lacked: Lacked::default(),
        });
        if instance.site.is_sensitive() {
            watching::hide();
        }
    }
}

/// A body that has ended after its call had returned an older value.
pub(crate) fn refreshed(instance: &Instance, prefix: &str, key: &str, failed: bool, elapsed: Duration) {
    let (function, namespace) = (&instance.identity.function, instance.identity.namespace_label());
    let millis = elapsed.as_secs_f64() * 1e3;
    debug!(
        target: "cachefn",
        function, namespace, key = format_args!("{prefix}:{key}"), outcome = "refresh", failed, ?elapsed,
        "CACHE REFRESH{}: {function} ({millis:.2}ms)", if failed { " FAILED" } else { "" }
    );
}

/// A value that was put into the cache by hand.
pub(crate) fn given(instance: &Instance, prefix: &str, key: &str) {
    let (function, namespace) = (&instance.identity.function, instance.identity.namespace_label());
    debug!(
        target: "cachefn",
        function, namespace, key = format_args!("{prefix}:{key}"), outcome = "set",
        "CACHE SET: {prefix}:{key}"
    );
}

pub(crate) fn invalidates(prefix: &str, what: &str) {
    debug!(target: "cachefn", target = format_args!("{prefix}:{what}"), "CACHE INVALIDATE: {prefix}:{what}");
}

/// A value that is not stored because a rule says so.
pub(crate) fn unstored(instance: &Instance, why: WhyUnstored) {
    let (function, namespace) = (&instance.identity.function, instance.identity.namespace_label());
    debug!(target: "cachefn", function, namespace, %why, "CACHE NOT STORED: {function} ({why})");
}

/// A call that cannot be cached.
pub(crate) fn no_key(function: &str, why: &dyn Display, left_out: LeftOut) {
    warn!(
        target: "cachefn", function, error = %why, left_out = left_out.field(),
        "an argument cannot be written into a key; the call is not cached"
    );
}

/// A key that cannot be hidden from Redis.
pub(crate) fn no_secret(function: &str, left_out: LeftOut) {
    warn!(
        target: "cachefn", function, left_out = left_out.field(),
        "nothing of this function is cached while Redis is in use: its keys are sensitive, set CACHE_SECRET"
    );
}

/// A value that every lookup would have to ask too many generations for.
pub(crate) fn too_many_tags(function: &str, left_out: LeftOut) {
    let most = cachefn_backends::envelope::MAX_TAGS;
    warn!(
        target: "cachefn", function, left_out = left_out.field(),
        "a value is not stored: `tags_with` names more than {most} tags"
    );
}

/// A handler whose request is not known.
#[cfg(feature = "axum")]
pub(crate) fn no_request(function: &str, left_out: LeftOut) {
    warn!(
        target: "cachefn", function, left_out = left_out.field(),
        "no response of this handler is cached: no `CacheLayer` around it tells for which request it is"
    );
}

/// A request whose cached calls have ended; a `path` of none is not to be shown.
#[cfg(feature = "axum")]
pub(crate) fn request(word: &str, method: &str, path: Option<&str>, status: u16, elapsed: Duration) {
    let (path, millis) = (path.unwrap_or("(hidden)"), elapsed.as_secs_f64() * 1e3);
    debug!(
        target: "cachefn",
        method, path, status, outcome = word, ?elapsed,
        "CACHE {word}: {method} {path} ({millis:.2}ms)"
    );
}

/// A return type whose shape the signature does not show.
pub(crate) fn hidden_result(function: &str, left_out: LeftOut) {
    warn!(
        target: "cachefn", function, left_out = left_out.field(),
        "nothing of this function is cached: its type parameter is a Result or Option, so show that in the signature"
    );
}

/// A value that stays out of Redis.
pub(crate) fn not_stored(function: &str, why: &dyn Display, left_out: LeftOut) {
    warn!(
        target: "cachefn", function, error = %why, left_out = left_out.field(),
        "a value cannot be stored in Redis"
    );
}

/// A value of the function's own that its type does not read.
pub(crate) fn unreadable(function: &str, left_out: LeftOut) {
    warn!(
        target: "cachefn", function, left_out = left_out.field(),
        "what is stored in Redis cannot be read: the type's `Serialize` and `Deserialize` disagree, or its fields have \
         changed since; such values are misses"
    );
}

pub(crate) fn shared_key(function: &str, key: &str, left_out: LeftOut) {
    warn!(
        target: "cachefn", function, key, left_out = left_out.field(),
        "another function stores under the same key, so each makes the other miss: give one of them another key or namespace"
    );
}

pub(crate) fn stored_as_json(type_name: &str, why: &str) {
    info!(target: "cachefn", r#type = type_name, why, "stored as JSON: Postcard cannot carry the type");
}

pub(crate) fn initialized(mode: &str) {
    info!(target: "cachefn", mode, "cache initialized");
}

pub(crate) fn odd_configuration(warning: &str) {
    warn!(target: "cachefn", "{warning}");
}

pub(crate) fn bad_environment(problem: &dyn Display) {
    error!(target: "cachefn", error = %problem, "nothing is cached");
}
