//! Fills whose caller is gone, or whose lease is.

use std::sync::Arc;
use std::time::Duration;

use cachefn::cached;
use cachefn_tests::{Proxy, RedisServer};
use tokio::sync::Semaphore;

use super::{Process, Source, eventually};

/// Where a body waits after it has read.
struct Gate {
    entered: Semaphore,
    open: Semaphore,
    ended: Semaphore,
}

/// Dropped as the last of a body.
struct Ending<'a>(&'a Gate);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.ended.add_permits(1);
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self { entered: Semaphore::new(0), open: Semaphore::new(0), ended: Semaphore::new(0) }
    }
}

impl Gate {
    async fn pass(&self) {
        self.entered.add_permits(1);
        self.open.acquire().await.expect("it is not closed").forget();
    }

    async fn is_entered(&self) {
        self.entered.acquire().await.expect("it is not closed").forget();
    }

    fn open(&self) {
        self.open.add_permits(1);
    }
}

#[cached(namespace = "dropped", key = id)]
async fn get(id: u32, source: Arc<Source>, gate: Option<Arc<Gate>>) -> u32 {
    let value = source.read();
    if let Some(gate) = &gate {
        let _ending = Ending(gate);
        gate.pass().await;
    }
    value
}

async fn read(process: &Process, source: &Arc<Source>) -> u32 {
    let source = Arc::clone(source);
    process.run(async move { get(7, source, None).await }).await
}

#[tokio::test]
async fn a_refresh_that_is_dropped_after_its_body_leaves_nothing_older() {
    for near in [true, false] {
        let server = RedisServer::start();
        let proxy = Proxy::to(server.port());
        let process = Process::impatient(proxy.port(), near);
        let source = Source::of(1);
        for _ in 0..2 {
            assert_eq!(read(&process, &source).await, 1);
        }
        source.write(2);
        let gate = Arc::new(Gate::default());
        let (own, gated) = (Arc::clone(&source), Arc::clone(&gate));
        let (drops, dropped) = tokio::sync::oneshot::channel::<()>();
        let refreshing = process.run(async move {
            tokio::select! {
                biased;
                // Settled by nobody as long as Redis does not answer.
                value = refresh_get(7, own, Some(gated)) => Some(value),
                _ = dropped => None,
            }
        });
        let control = async {
            gate.is_entered().await;
            // What is sent from here on is never answered.
            proxy.hold_questions();
            gate.open();
            // It returns in the very poll in which this is noted, and is dropped in a later one.
            gate.ended.acquire().await.expect("it is not closed").forget();
            drops.send(()).expect("it waits");
        };
        assert_eq!(tokio::join!(refreshing, control).0, None, "it is dropped before Redis answers");
        // For longer than a fill waits for Redis.
        cachefn_tests::pause(Duration::from_millis(2_500)).await;
        assert_eq!(read(&process, &source).await, 2);
        proxy.release();
        process.is_settled().await;
        for _ in 0..10 {
            assert_eq!(read(&process, &source).await, 2, "near={near}");
        }
    }
}

#[tokio::test]
async fn a_refresh_whose_lease_is_lost_leaves_nothing_older() {
    for near in [true, false] {
        let server = RedisServer::start();
        let (process, other) = (Process::start(server.port(), near), Process::start(server.port(), near));
        let source = Source::of(1);
        for process in [&process, &other, &process] {
            assert_eq!(read(process, &source).await, 1);
        }
        source.write(2);
        let gate = Arc::new(Gate::default());
        let (own, gated) = (Arc::clone(&source), Arc::clone(&gate));
        let refreshing = process.run(async move { refresh_get(7, own, Some(gated)).await });
        let control = async {
            gate.is_entered().await;
            // As when it expires, or is evicted.
            let lease = server.keys(":l:").remove(0);
            server.ask::<i64>(&["DEL", &lease]);
            gate.open();
        };
        assert_eq!(tokio::join!(refreshing, control).0, 2);
        for _ in 0..3 {
            assert_eq!(read(&process, &source).await, 2, "near={near}");
        }
        cachefn_tests::pause(Duration::from_millis(300)).await;
        assert_eq!(read(&other, &source).await, 2, "near={near}");
    }
}

#[tokio::test]
async fn of_two_refreshes_the_one_begun_later_stays_though_the_other_ends_last() {
    for near in [true, false] {
        let server = RedisServer::start();
        let process = Process::start(server.port(), near);
        let source = Source::of(1);
        assert_eq!(read(&process, &source).await, 1);
        let (early, late) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let refresh = |gate: &Arc<Gate>| {
            let (source, gate) = (Arc::clone(&source), Some(Arc::clone(gate)));
            process.run(async move { refresh_get(7, source, gate).await })
        };
        let control = async {
            early.is_entered().await;
            source.write(2);
            let control = async {
                late.is_entered().await;
                late.open();
            };
            assert_eq!(tokio::join!(refresh(&late), control).0, 2);
            early.open();
        };
        assert_eq!(tokio::join!(refresh(&early), control).0, 1);
        let reads = source.reads();
        for _ in 0..3 {
            assert_eq!(read(&process, &source).await, 2, "near={near}");
        }
        assert_eq!(source.reads(), reads, "what the later one has stored was not thrown away");
        eventually("no lease is left", || server.keys(":l:").is_empty()).await;
    }
}
