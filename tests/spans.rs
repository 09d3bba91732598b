//! What OpenTelemetry sees of cached calls.

use std::time::Duration;

use cachefn::testing::{Clock, FaultyBackend, isolated};
use cachefn::{Config, cached};
use opentelemetry::Value;
use opentelemetry::trace::{SpanId, SpanKind, Status, TracerProvider as _};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing::subscriber::DefaultGuard;
use tracing::{Instrument as _, info_span};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

#[cached(namespace = "users", key = id)]
async fn get_user(id: u64) -> u64 {
    tokio::task::yield_now().instrument(info_span!("query")).await;
    id
}

#[cached(namespace = "users", key = id, sensitive)]
async fn get_secret(id: u64) -> u64 {
    id
}

#[cached(namespace = "users", key = id, expire = 1, stale = 60)]
async fn get_old(id: u64) -> u64 {
    tokio::task::yield_now().instrument(info_span!("query")).await;
    id
}

/// What this thread exports.
struct Exported {
    exporter: InMemorySpanExporter,
    _provider: SdkTracerProvider,
    _guard: DefaultGuard,
}

impl Exported {
    fn of(level: LevelFilter) -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer).with(level));
        Self { exporter, _provider: provider, _guard: guard }
    }

    /// In the order in which they ended; they are exported once.
    fn take(&self) -> Vec<SpanData> {
        let spans = self.exporter.get_finished_spans().unwrap();
        self.exporter.reset();
        spans
    }
}

fn field(span: &SpanData, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|field| field.key.as_str() == name)?;
    let Value::String(text) = &found.value else { return None };
    Some(text.to_string())
}

fn named<'a>(spans: &'a [SpanData], name: &str) -> &'a SpanData {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name} is not among {spans:#?}"))
}

fn id(span: &SpanData) -> SpanId {
    span.span_context.span_id()
}

fn asked(spans: &[SpanData]) -> Vec<String> {
    spans.iter().filter_map(|span| field(span, "db.operation.name")).collect()
}

fn memory() -> Config {
    Config::builder().enabled(true).build().unwrap()
}

fn process(backend: &FaultyBackend) -> Config {
    Config::builder().enabled(true).backend(backend).build().unwrap()
}

#[tokio::test]
async fn a_miss_is_a_span_around_its_body_and_a_hit_an_event() {
    let exported = Exported::of(LevelFilter::DEBUG);
    isolated(memory(), async {
        assert_eq!(get_user(7).instrument(info_span!("request")).await, 7);
        let spans = exported.take();
        let (request, call) = (named(&spans, "request"), named(&spans, "get_user"));
        assert_eq!((call.parent_span_id, named(&spans, "query").parent_span_id), (id(request), id(call)));
        let fields = ["function", "namespace", "key", "outcome"].map(|name| field(call, name).unwrap());
        assert_eq!(fields, ["get_user", "users", "cachefn:users:get_user:7", "miss"]);
        assert_eq!(call.events.len(), 1, "what is said of it is said in it");

        assert_eq!(get_user(7).instrument(info_span!("request")).await, 7);
        let spans = exported.take();
        let [request] = &spans[..] else { panic!("{spans:#?}") };
        assert!(
            request.events.iter().any(|event| event.name.starts_with("CACHE HIT: get_user")),
            "{request:#?}"
        );
    })
    .await;
}

#[tokio::test]
async fn who_follows_another_s_body_has_a_span_of_its_own() {
    let exported = Exported::of(LevelFilter::DEBUG);
    isolated(memory(), async {
        tokio::join!(get_user(1), get_user(1));
        let spans = exported.take();
        let outcomes: Vec<_> = spans.iter().filter_map(|span| field(span, "outcome")).collect();
        assert_eq!(outcomes, ["miss", "collapsed"]);
        assert_eq!(spans.iter().filter(|span| span.name == "query").count(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_redis_is_asked_is_a_client_s_span_within_the_call() {
    let (exported, backend) = (Exported::of(LevelFilter::DEBUG), FaultyBackend::new());
    isolated(process(&backend), get_user(1)).await;
    let spans = exported.take();
    assert_eq!(asked(&spans), ["lookup", "acquire", "fill"]);
    let call = named(&spans, "get_user");
    for span in spans.iter().filter(|span| field(span, "db.operation.name").is_some()) {
        assert_eq!((span.parent_span_id, &span.span_kind), (id(call), &SpanKind::Client));
        assert_eq!(field(span, "db.system.name").as_deref(), Some("redis"));
    }

    isolated(process(&backend), get_user(1)).await;
    let spans = exported.take();
    assert_eq!(asked(&spans), ["lookup"]);
    assert_eq!(field(named(&spans, "get_user"), "outcome").as_deref(), Some("hit"));
}

#[tokio::test]
async fn a_question_that_fails_says_how() {
    let (exported, backend) = (Exported::of(LevelFilter::DEBUG), FaultyBackend::new());
    isolated(process(&backend), async {
        backend.fail();
        assert_eq!(get_user(1).await, 1);
    })
    .await;
    let spans = exported.take();
    let lookup = named(&spans, "lookup");
    assert_eq!(
        (field(lookup, "error.type").as_deref(), &lookup.status),
        (Some("Connection"), &Status::error(""))
    );
    assert_eq!(field(named(&spans, "get_user"), "outcome").as_deref(), Some("miss"));
}

#[tokio::test]
async fn values_that_no_function_makes_have_spans_too() {
    let (exported, backend) = (Exported::of(LevelFilter::DEBUG), FaultyBackend::new());
    let values = || cachefn::cache().namespace("spans");
    isolated(process(&backend), async { values().set("it", 1).await }).await;
    let spans = exported.take();
    assert_eq!(asked(&spans), ["acquire", "fill"]);
    let set = spans.iter().find(|span| field(span, "outcome").as_deref() == Some("set")).unwrap();
    assert!(
        spans
            .iter()
            .filter(|span| span.span_kind == SpanKind::Client)
            .all(|span| span.parent_span_id == id(set))
    );

    let found = isolated(process(&backend), async { values().get::<i32>("it").await }).await;
    assert_eq!(found, Some(1));
    let spans = exported.take();
    assert_eq!(asked(&spans), ["lookup"]);
    let get = spans.iter().find(|span| field(span, "outcome").as_deref() == Some("hit")).unwrap();
    assert_eq!(named(&spans, "lookup").parent_span_id, id(get));
}

#[tokio::test]
async fn a_body_that_goes_on_alone_is_still_in_the_span_of_its_call() {
    let (exported, clock) = (Exported::of(LevelFilter::DEBUG), Clock::new());
    let config = Config::builder().enabled(true).clock(&clock).build().unwrap();
    isolated(config, async {
        get_old(1).await;
        exported.take();
        clock.advance(Duration::from_secs(2));
        assert_eq!(get_old(1).instrument(info_span!("request")).await, 1);
        let mut spans = exported.take();
        cachefn_tests::until("the body has ended", || {
            spans.extend(exported.take());
            spans.iter().any(|span| span.name == "get_old")
        })
        .await;
        let call = named(&spans, "get_old");
        assert_eq!(field(call, "outcome").as_deref(), Some("stale"));
        assert_eq!(named(&spans, "query").parent_span_id, id(call));
        assert_eq!(call.parent_span_id, id(named(&spans, "request")));
    })
    .await;
}

#[tokio::test]
async fn what_is_sensitive_is_in_no_span() {
    let exported = Exported::of(LevelFilter::DEBUG);
    isolated(memory(), get_secret(424_242)).await;
    let spans = exported.take();
    assert!(field(named(&spans, "get_secret"), "key").is_some());
    assert!(!format!("{spans:?}").contains("424242"), "{spans:#?}");
}

#[tokio::test]
async fn above_debug_there_are_none() {
    let exported = Exported::of(LevelFilter::INFO);
    isolated(memory(), get_user(1)).await;
    let spans = exported.take();
    assert_eq!(spans.iter().map(|span| &*span.name).collect::<Vec<_>>(), ["query"]);
}
