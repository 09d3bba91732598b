//! What takes time, as spans of `tracing` with the target `cachefn` at DEBUG: a call that memory has not answered, and
//! within it whatever Redis is asked.
//!
//! A hit in memory is an event of the span it happens in: nothing of it takes time. Fields follow the names by which
//! OpenTelemetry knows them, where it has one.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use cachefn_backends::background;
use cachefn_backends::error::Error;
use pin_project_lite::pin_project;
use tokio::task::JoinHandle;
use tracing::field::{self, Empty};
use tracing::instrument::{Instrumented, WithSubscriber as _};
use tracing::span::EnteredSpan;
use tracing::{Instrument as _, Span, debug_span};

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

    /// What happens in `future` is part of the call.
    pub(crate) fn around<F: Future>(&self, future: F) -> Instrumented<F> {
        future.instrument(self.0.clone())
    }

    /// Has `future` go on by itself on the background thread. Who listens here is told there too; where nobody does the
    /// thread is left alone, for whatever is set as its subscriber ends the forwarding of events to `log`.
    pub(crate) fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        if self.0.is_disabled() {
            background::handle().spawn(future)
        } else {
            background::handle().spawn(future.with_current_subscriber())
        }
    }

    /// Until what is returned is dropped, whatever begins is part of the call.
    pub(crate) fn enter(&self) -> EnteredSpan {
        self.0.clone().entered()
    }

    /// Notes where the value came from.
    pub(crate) fn ends(&self, outcome: Outcome) {
        self.0.record("outcome", outcome.name());
    }

    /// Notes that the value was given.
    pub(crate) fn ends_as_set(&self) {
        self.0.record("outcome", "set");
    }
}

pin_project! {
    /// Something that Redis is asked, in its span.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Asking<F> {
        #[pin]
        asked: F,
        span: Span,
    }
}

/// Asks in a span within the one that is entered now.
pub(crate) fn redis<F>(operation: &'static str, asked: F) -> Asking<F> {
    let span = debug_span!(
        target: "cachefn",
        "redis",
        otel.name = operation, otel.kind = "client", otel.status_code = Empty,
        db.system.name = "redis", db.operation.name = operation, error.type = Empty,
    );
    Asking { asked, span }
}

impl<T, F: Future<Output = Result<T, Error>>> Future for Asking<F> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _entered = this.span.enter();
        let answer = ready!(this.asked.poll(cx));
        if let Err(error) = &answer {
            // Not in the words of the server, which may name something.
            this.span.record("otel.status_code", "ERROR").record("error.type", field::debug(error.kind()));
        }
        Poll::Ready(answer)
    }
}
