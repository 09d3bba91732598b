//! Values that Redis does not take, or cannot be told of: memory serves them, and what stood there before is not seen
//! again.
#![allow(missing_docs)]

mod dropped;
mod kept;
mod replaced;
mod responses;
mod shared;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cachefn::Config;
use cachefn::testing::{isolated, spawn};
use cachefn_tests::{RedisServer, until};
use tokio::sync::{mpsc, oneshot};

/// A cache of its own, as another process would have it. What it is given to do runs at the same time.
pub(crate) struct Process(mpsc::UnboundedSender<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Process {
    pub(crate) fn start(port: u16, near: bool) -> Self {
        // Long enough for a busy machine.
        Self::with(config(port).near(near).redis_timeout(Duration::from_secs(5)).build().unwrap())
    }

    /// The same, where Redis is to be noticed to be away.
    pub(crate) fn impatient(port: u16, near: bool) -> Self {
        Self::with(config(port).near(near).build().unwrap())
    }

    pub(crate) fn with(config: Config) -> Self {
        let (sender, mut work) = mpsc::unbounded_channel();
        tokio::spawn(isolated(config, async move {
            // On a busy machine the first attempt to connect may fail.
            while !cachefn::status().redis.is_some_and(|redis| redis.connected) {
                cachefn_tests::pause(Duration::from_millis(5)).await;
            }
            while let Some(work) = work.recv().await {
                spawn(work);
            }
        }));
        Self(sender)
    }

    /// Begins at once.
    pub(crate) fn run<T, F>(&self, work: F) -> impl Future<Output = T> + Send + use<T, F>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (sender, done) = oneshot::channel();
        let work = async move {
            let _ = sender.send(work.await);
        };
        self.0.send(Box::pin(work)).expect("it runs as long as the test");
        async { done.await.expect("it does not panic") }
    }

    /// Waits until Redis is used and has been told everything.
    pub(crate) async fn is_settled(&self) {
        let settled = || async {
            let redis = cachefn::status().redis.expect("Redis is configured");
            redis.connected && redis.journal == 0
        };
        for _ in 0..2_000 {
            if self.run(settled()).await {
                return;
            }
            cachefn_tests::pause(Duration::from_millis(10)).await;
        }
        panic!("Redis is not used again");
    }
}

pub(crate) fn config(port: u16) -> cachefn::ConfigBuilder {
    Config::builder()
        .enabled(true)
        .redis_enabled(true)
        .redis_host("127.0.0.1")
        .redis_port(port)
        .redis_timeout(Duration::from_millis(500))
        // No test here but one is about the end of it.
        .fallback_ttl(Duration::from_secs(300))
}

/// Text of `value` that is too large for Redis.
pub(crate) fn large(value: u32) -> String {
    format!("{value}{}", " ".repeat(1_500_000))
}

/// The value of such text.
pub(crate) fn value(text: &str) -> u32 {
    text.split(' ').next().and_then(|number| number.parse().ok()).expect("it is a number")
}

/// A database of one row that counts how often it is read.
#[derive(Default)]
pub(crate) struct Source {
    value: AtomicU32,
    reads: AtomicU32,
}

impl Source {
    pub(crate) fn of(value: u32) -> Arc<Self> {
        Arc::new(Self { value: value.into(), reads: AtomicU32::new(0) })
    }

    pub(crate) fn read(&self) -> u32 {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.value.load(Ordering::SeqCst)
    }

    pub(crate) fn write(&self, value: u32) {
        self.value.store(value, Ordering::SeqCst);
    }

    pub(crate) fn reads(&self) -> u32 {
        self.reads.load(Ordering::SeqCst)
    }
}

/// What keeps Redis from storing anything.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// It stands still.
    Stopped,
    /// It has no room and evicts nothing.
    Full,
    /// Scripts are not permitted any more.
    Denied,
}

impl Trouble {
    pub(crate) fn begin(self, server: &RedisServer) {
        match self {
            Self::Stopped => server.stop(),
            Self::Full => server.ask(&["CONFIG", "SET", "maxmemory", "1"]),
            Self::Denied => server.ask(&["ACL", "SETUSER", "default", "-evalsha"]),
        }
    }

    pub(crate) fn end(self, server: &RedisServer) {
        match self {
            Self::Stopped => server.cont(),
            Self::Full => server.ask(&["CONFIG", "SET", "maxmemory", "0"]),
            Self::Denied => server.ask(&["ACL", "SETUSER", "default", "+evalsha"]),
        }
    }
}

/// Waits until a call gives `wanted`; before it may give `old`.
pub(crate) async fn becomes<F: Future<Output = u32>>(call: impl Fn() -> F, old: u32, wanted: u32) {
    for _ in 0..2_000 {
        match call().await {
            value if value == wanted => return,
            value => assert_eq!(value, old),
        }
        cachefn_tests::pause(Duration::from_millis(10)).await;
    }
    panic!("waited in vain for {wanted}");
}

pub(crate) async fn eventually(what: &str, condition: impl FnMut() -> bool) {
    until(what, condition).await;
}
