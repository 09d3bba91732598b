//! What takes time, as spans of `tracing` with the target `cachefn` at DEBUG: a call that memory has not answered, and
//! within it whatever Redis is asked.
//!
//! A hit in memory is an event of the span it happens in: nothing of it takes time. Fields follow the names by which
//! OpenTelemetry knows them, where it has one.

use tracing::field::Empty;
use tracing::span::EnteredSpan;
use tracing::{Span, debug_span};

use crate::event::Audience;
use crate::global::Cache;
use crate::key::Key;
use crate::observe::Outcome;
use crate::site::Instance;

/// The span of a call; none where nobody listens.
#[derive(Clone)]
pub(crate) struct CallSpan(Span);

impl CallSpan {
    /// That of a call, if somebody listens.
    pub(crate) fn of(instance: &Instance, cache: &Cache, key: &Key, audience: Audience) -> Self {
        if !matches!(audience, Audience::Listening(_)) {
            return Self(Span::none());
        }
        let (function, namespace) = (&instance.identity.function, instance.identity.namespace_label());
        let (prefix, key) = (&cache.prefix, key.as_str());
        Self(debug_span!(
            target: "cachefn",
            "cached",
            otel.name = function, function, namespace, key = format_args!("{prefix}:{key}"), outcome = Empty,
        ))
    }

    /// Until what is returned is dropped, whatever begins is part of the call.
    pub(crate) fn enter(&self) -> EnteredSpan {
        self.0.clone().entered()
    }

    /// Notes where the value came from.
    pub(crate) fn ends(&self, outcome: Outcome) {
        self.0.record("outcome", outcome.name());
    }
}

/// The span of something that Redis is asked, as part of the one that is entered now.
pub(crate) fn redis(operation: &'static str) -> Span {
    debug_span!(target: "cachefn", "redis", otel.kind = "client", db.system.name = "redis", db.operation.name = operation)
}
