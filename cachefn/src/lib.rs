//! Caching for async functions: in memory or in Redis, never stale after an invalidation.
//!
//! ```
//! use cachefn::{Config, cached};
//! # use std::sync::atomic::{AtomicU32, Ordering};
//!
//! #[cached(expire = 300, namespace = "users", key = id)]
//! async fn user_name(id: u64, db: &Db) -> Result<String, DbError> {
//!     db.name_of(id).await
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // `cachefn::init()` reads the same from the environment: CACHE_ENABLED=true
//! cachefn::init_with(Config::builder().enabled(true).build()?).await?;
//! let db = Db::default();
//!
//! assert_eq!(user_name(7, &db).await?, "Ada, read 1"); // a miss: the body runs, and `Ok` is stored
//! assert_eq!(user_name(7, &db).await?, "Ada, read 1"); // a hit
//!
//! invalidate_user_name(7).await; // generated beside `user_name`
//! assert_eq!(user_name(7, &db).await?, "Ada, read 2");
//! assert_eq!(refresh_user_name(7, &db).await?, "Ada, read 3"); // likewise
//!
//! cachefn::invalidate_namespace("users").await;
//! assert_eq!(user_name(7, &db).await?, "Ada, read 4");
//! # Ok(())
//! # }
//! # #[derive(Default)]
//! # struct Db(AtomicU32);
//! # type DbError = std::io::Error;
//! # impl Db {
//! #     async fn name_of(&self, _: u64) -> Result<String, DbError> {
//! #         Ok(format!("Ada, read {}", self.0.fetch_add(1, Ordering::Relaxed) + 1))
//! #     }
//! # }
//! ```
//!
//! The page of [`cached`](macro@cached) is the manual of the attribute: its arguments, what may be annotated, what is generated.
//!
//! # Modes
//!
//! The environment decides, read once by [`init`] (or by the first call); no code changes. [`Config`] sets the same in
//! code, for [`init_with`].
//!
//! | | off | memory | Redis |
//! |---|---|---|---|
//! | asked for by | nothing: it is the default | `CACHE_ENABLED=true` | and `REDIS_ENABLED=true` |
//! | entries live | nowhere | in this process | in Redis, for all processes; what is used here also here |
//! | a call | runs its body | asks memory | asks memory, then Redis; while that is away, memory |
//! | a hit costs | – | a clone of the value | a clone of the value; the first one here an `MGET`, and decoding |
//! | a miss costs besides its body | – | a clone of the value | two scripts, and encoding |
//! | an invalidation reaches | – | this process | all processes, before its `.await` returns; what they keep in memory, with the next word of Redis |
//!
//! In one process, concurrent calls that miss the same key run the body once. What a call does, step by step:
//!
//! ```text
//! off? ─────────────────────────────────────────────> run the body
//!  └─> build the key ─> look it up ─ hit ───────────> return the value
//!                        └─ miss ─> another runs it ─> wait for its value
//!                                    └─ nobody ──────> run the body, store what it returns ─> return it
//!                                                      (refused if it was invalidated meanwhile)
//! ```
//!
//! # Keys
//!
//! A key is `prefix:namespace:function:arguments`, such as `cachefn:users:user_name:7`. A method's function is
//! `Repo::get`. With a template, `key = "{id}:single"`, it is `prefix:namespace:template`. Different arguments have
//! different keys, whatever characters they hold: separators are percent-escaped, an empty text reads `%e`, `None`
//! reads `%n`. In a key over 200 bytes a digest takes the place of the arguments.
//!
//! # Invalidation
//!
//! | call | invalidates |
//! |---|---|
//! | `invalidate_f(…)` | one entry of `f` |
//! | `invalidate_all_f()` | all entries of `f` |
//! | [`invalidate_namespace`] | a namespace and everything below it |
//! | [`invalidate_tag`] | everything that has a tag |
//! | [`clear`] | everything under the prefix |
//! | [`cache`]`().remove(…)` | one value that was put there by hand |
//!
//! [`#[invalidates]`](macro@invalidates) on a writer does it by itself, after the writer has succeeded.
//!
//! Each costs the same with one entry or a million. It has happened in this process when the function returns; awaiting
//! the [`Invalidation`] tells whether Redis has [`Applied`](Invalidated::Applied) it. From then on no call that starts,
//! in any process, returns a value whose load began before: not even one whose body was running meanwhile, for that is
//! not stored. What other processes keep in memory follows within a push of Redis: microseconds as a rule, and two seconds
//! where a network loses it without a word. `CACHE_NEAR=false` waits for no push.
//!
//! # Values of your own
//!
//! [`cache`] is the cache itself, for values that no function produces: `get`, `set`, `get_or_fill`, `remove`.
//!
//! # What is stored
//!
//! Of a `Result` the `Ok`, of an `Option` the `Some`, of an `Arc` what it holds, of anything else all of it. Its type is `Clone`, `Serialize`,
//! `DeserializeOwned`, `Send`, `Sync` and `'static`; nothing is asked of an error type. In memory a value stays what it
//! is. In Redis it is Postcard, or JSON by itself for a type that Postcard cannot carry, or what its function
//! [names](codec), with a fingerprint of the type:
//! what was stored for a type that has changed since is a miss. A value over 1 MiB stays out of Redis.
//!
//! # When Redis goes away
//!
//! Calls go on, from memory, with entries that live for `CACHE_FALLBACK_TTL` at most. A call that notices the outage
//! waits `REDIS_TIMEOUT` at most, later ones do not wait. Invalidations hold in this process at once and are
//! [`Queued`](Invalidated::Queued) for Redis. It comes back by itself: attempts go on, and what is queued is applied
//! before anything in Redis is used again. [`status`] shows how things stand, and a warning is logged. A failover can
//! lose what the old server had not passed on, and a process that ends loses its queue; time to live bounds both.
//!
//! # Costs
//!
//! Off, a call is one relaxed load and a branch more than the plain function; without the feature `enabled` it *is* the
//! plain function. A hit in memory looks the call up by its arguments, without allocating where they take up to 128 bytes,
//! and clones the value; nothing is awaited, no lock is taken, and nothing is written that threads share. The page on
//! [performance] has it in numbers. The memory is bounded by `CACHE_MAX_BYTES`: keys, values, 640 bytes for each entry,
//! which is what one was measured to cost, 90 for each group that only one entry hangs on, and a table of a twentieth of
//! the bound at most. A value counts for the memory that it takes, estimated from its `Serialize`: fields with
//! `#[serde(skip)]` cannot be seen and are not counted. Lives are exact to a step of the machine's timer, 4 ms as a rule. The queue of invalidations is bounded by 10 000 or 1 MiB, beyond which it
//! becomes one invalidation of everything. There is one connection per process.
//!
//! # Watching it
//!
//! Events have the `tracing` target `cachefn`: calls and invalidations at DEBUG, changes of state at INFO and WARN.
//! A call that memory cannot answer is also a span at DEBUG: `cached`, with the fields `function`, `namespace`, `key` and
//! `outcome`, around whatever the body does. It ends with the body, also where the call has returned an older value before.
//! What it asks Redis are spans within it: `redis`, with `db.operation.name` and, where that failed, `error.type`. An
//! exporter for OpenTelemetry sees them where its filter lets `cachefn=debug` through, under the names of the function and
//! of the operation. Inside a body `Span::current()` is then the call's. Where nobody listens a span costs a load and a
//! branch.
//! [`stats`] counts per function and tells how long hits and bodies take, [`status`] the mode, the state of Redis and the
//! size of the memory, [`Status::advice`] what is wrong or wasteful about it, and [`observe`] what became of every cached call inside a future. With the feature `axum`, the router
//! of [`http::admin`] shows all of it in a browser, and invalidates what one points at.
//!
//! # Features
//!
//! | feature | by default | without it |
//! |---|---|---|
//! | `axum` | no | there is no [`http`] and no `response`; axum's `Json<T>` is a type like any other, which cannot be stored |
//! | `cluster` | no | `REDIS_CLUSTER=true` is an error of [`init`] |
//! | `enabled` | yes | functions are as if they were not annotated; invalidations do nothing |
//! | `redis` | yes | no Redis client is compiled; `REDIS_ENABLED=true` is an error of [`init`] |
//! | `rustls` | no | no TLS is compiled; a `REDIS_URL` of `rediss://` is an error of [`init`] |
//! | `compression` | no | values are stored as long as they are, and those that others have compressed are misses |
//! | `metrics` | no | there is no [`metrics`], which hands on what is counted to Prometheus and others |
//! | `sentinel` | no | a `REDIS_URL` of `redis+sentinel://` is an error of [`init`] |
//! | `test-util` | no | there is no [`testing`]; it is for tests, see there |
mod advice;
mod call;
pub mod codec;
mod config;
mod coop;
mod error;
mod event;
mod evidence;
mod flight;
mod footprint;
mod freshness;
mod given;
mod global;
#[cfg(feature = "axum")]
pub mod http;
mod identity;
#[cfg(feature = "axum")]
mod instances;
mod invalidate;
mod key;
mod latency;
mod layout;
mod leaf;
mod log_limit;
#[cfg(feature = "metrics")]
pub mod metrics;
mod observe;
mod refresh;
mod remote;
mod schema;
mod shape;
mod site;
mod span;
mod stats;
mod status;
mod store;
mod strike;
mod sync;
#[cfg(feature = "axum")]
mod tally;
mod terms;
#[cfg(feature = "test-util")]
pub mod testing;
mod turns;
mod unfit;
mod variant;
mod verdict;
mod wants;
mod watching;
mod why_unstored;

pub use advice::{Advice, AdviceKind};
#[doc = include_str!("../docs/cached.md")]
pub use cachefn_macros::cached;
#[doc = include_str!("../docs/invalidates.md")]
pub use cachefn_macros::invalidates;
#[cfg(feature = "test-util")]
#[doc = include_str!("../docs/test.md")]
pub use cachefn_macros::test;
pub use config::{Config, ConfigBuilder, RedisConfig};
pub use error::{Error, Fault};
pub use global::{init, init_with, shutdown};
pub use invalidate::{Invalidated, Invalidation, clear, invalidate_namespace, invalidate_tag};
pub use latency::Latency;
pub use observe::{CallReport, Observed, Outcome, Report, observe};
pub use stats::{FunctionStats, Stats, stats};
pub use status::{Mode, RedisStatus, Status, status};
pub use store::{Store, Storing, cache};
pub use wants::{Bypassing, bypass};

#[cfg(doc)]
#[doc = include_str!("../docs/performance.md")]
pub mod performance {}

/// How to do things well: one page for each.
#[cfg(any(doc, doctest))]
pub mod guide {
    #[doc = include_str!("../docs/guide/keys.md")]
    pub mod keys {}
    #[doc = include_str!("../docs/guide/invalidation.md")]
    pub mod invalidation {}
    #[doc = include_str!("../docs/guide/redis.md")]
    pub mod redis_in_production {}
    #[doc = include_str!("../docs/guide/failure.md")]
    pub mod failure_and_consistency {}
    #[cfg(feature = "test-util")]
    #[doc = include_str!("../docs/guide/testing.md")]
    pub mod testing {}
    #[doc = include_str!("../docs/guide/migration.md")]
    pub mod migration {}
    #[doc = include_str!("../docs/guide/troubleshooting.md")]
    pub mod troubleshooting {}
}

/// What generated code names. Not for people: it changes with any version.
#[doc(hidden)]
pub mod __private {
    pub use crate::call::{
        Call, Run, RunBackground, begin, run, run_background, run_judged, run_judged_background,
    };
    #[cfg(feature = "axum")]
    pub use crate::http::response::{
        Respond, Responds, ResponseType, Returns, Storing, begin_response, check_response, respond,
    };
    pub use crate::invalidate::{invalidate, invalidate_all};
    pub use crate::key::{KeyPart, KeyWriter, NamePart, Part};
    pub use crate::leaf::Leafed;
    pub use crate::refresh::{Refresh, refresh};
    pub use crate::shape::{Fallible, Kind, Optional, Shape};
    pub use crate::site::Site;
    pub use crate::strike::{
        End, Leaves, Plan, Waits, Writing, named, namespace, namespace_of, plan, tag, tag_of, writing,
    };
    pub use crate::terms::{Judge, Judged, Terms, ToDuration, Unjudged};
    #[cfg(feature = "axum")]
    pub use crate::unfit::Answering;
    pub use crate::unfit::{
        ClonedValue, Confined, Lent, No, Nothing, OwnedValue, PlainValue, ReadValue, Reason, Uncloned,
        Unread, Unwritten, ValueWithoutAxum, WrittenValue, check, check_within, check_without_axum,
    };
    pub use crate::verdict::{Checked, CodecOf, CodecType, Fit, NoCodec, Storable, Verdict, Yes, coded};

    #[cfg(feature = "axum")]
    pub use axum::response::Response;

    /// The traits by which an argument is written into a key. Without names, to hide none of the user's.
    pub mod parts {
        pub use crate::key::{BarePart as _, NamedPart as _, NotAPart as _, NotNamed as _, TextPart as _};
    }

    /// The same, where an argument that cannot be written is an error already.
    pub mod any_parts {
        pub use crate::key::{AnyNamed as _, AnyPart as _, BarePart as _, NamedPart as _, TextPart as _};
    }

    /// The traits by which a return type is asked what of it is stored.
    pub mod returned {
        #[cfg(feature = "axum")]
        pub use crate::http::response::{ReturnsNone as _, ReturnsResponse as _, ReturnsResult as _};
        #[cfg(feature = "axum")]
        pub use crate::leaf::LeafJson as _;
        pub use crate::leaf::{LeafArc as _, LeafReference as _, LeafWhole as _};
        pub use crate::shape::{ShapeOption as _, ShapePlain as _, ShapeResult as _, ShapeResultOption as _};
        pub use crate::strike::{Leaving as _, Waiting as _};
        #[cfg(feature = "axum")]
        pub use crate::unfit::VerdictAnswering as _;
        pub use crate::unfit::{
            VerdictConfined as _, VerdictLent as _, VerdictUncloned as _, VerdictUnread as _,
            VerdictUnwritten as _,
        };
        pub use crate::verdict::{
            CodecNo as _, CodecYes as _, MayBeNone as _, MayFail as _, VerdictYes as _,
        };
    }

    /// An invalidation where nothing is cached.
    pub fn off() -> crate::Invalidation {
        crate::Invalidation::off()
    }
}

/// The programs in the README, run as tests.
#[cfg(all(doctest, feature = "axum", feature = "test-util"))]
#[doc = include_str!("../../README.md")]
pub struct ReadmeDoctests;
