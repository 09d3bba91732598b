//! A leader whose value is in Redis already and whose future is not polled: what joins its flight now may have begun
//! after an invalidation that nobody in this process knows of.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use cachefn::{Invalidated, cached, invalidate_tag};
use cachefn_tests::{RedisServer, until};

use super::redis;

/// Notes that a future asks to be polled.
#[derive(Default)]
struct Asks(AtomicBool);

impl Wake for Asks {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Polls `leader` until its body has `run`, and waits until the value is in Redis, which needs nobody; the value's name.
async fn until_stored<F: Future + Unpin>(
    leader: &mut F,
    run: &AtomicBool,
    server: &RedisServer,
    part: &str,
) -> String {
    let asks = Arc::new(Asks::default());
    let waker = Waker::from(Arc::clone(&asks));
    loop {
        let polled = Pin::new(&mut *leader).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending(), "it has returned already");
        if run.load(Ordering::SeqCst) {
            break;
        }
        until("it asks to be polled", || asks.0.swap(false, Ordering::SeqCst)).await;
    }
    let mut names = Vec::new();
    until("the value is in Redis", || {
        names = server.keys(&format!(":v:{part}:"));
        !names.is_empty()
    })
    .await;
    names.remove(0)
}

#[tokio::test]
async fn a_call_after_another_processs_invalidation_is_not_given_the_leaders_value() {
    static TRUTH: AtomicU32 = AtomicU32::new(1);
    static RUN: AtomicBool = AtomicBool::new(false);

    #[cached(namespace = "landing-a", key = id)]
    async fn get(id: u32) -> u32 {
        RUN.store(true, Ordering::SeqCst);
        TRUTH.load(Ordering::SeqCst)
    }

    let server = redis().await;
    let mut leader = Box::pin(get(1));
    let name = until_stored(&mut leader, &RUN, &server, "landing-a").await;
    TRUTH.store(2, Ordering::SeqCst);
    // What another process sends for `invalidate_get(1)`.
    server.ask::<u32>(&["UNLINK", &name.replace(":v:", ":l:"), &name]);
    let later = tokio::spawn(get(1));
    tokio::task::yield_now().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(leader.await, 1);
    assert_eq!(later.await.unwrap(), 2);
}

#[tokio::test]
async fn a_call_after_a_values_tag_was_struck_is_not_given_the_leaders_value() {
    static TRUTH: AtomicU32 = AtomicU32::new(1);
    static RUN: AtomicBool = AtomicBool::new(false);

    #[cached(namespace = "landing-b", key = id, tags_with = |_: &u32| ["landing-b:org"])]
    async fn get(id: u32) -> u32 {
        RUN.store(true, Ordering::SeqCst);
        TRUTH.load(Ordering::SeqCst)
    }

    let server = redis().await;
    let mut leader = Box::pin(get(1));
    until_stored(&mut leader, &RUN, &server, "landing-b").await;
    TRUTH.store(2, Ordering::SeqCst);
    assert_eq!(invalidate_tag("landing-b:org").await, Invalidated::Applied);
    let later = tokio::spawn(get(1));
    tokio::task::yield_now().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(leader.await, 1);
    assert_eq!(later.await.unwrap(), 2);
}

/// Redis answers in time, but its answer is looked at late: that is no fault of Redis.
#[tokio::test]
async fn a_caller_that_is_not_polled_for_long_still_stores_its_value() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[cached(namespace = "landing-c", key = 1)]
    async fn get() -> u32 {
        RUNS.fetch_add(1, Ordering::SeqCst) + 1
    }

    let _server = redis().await;
    let mut call = Box::pin(get());
    let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    tokio::time::sleep(Duration::from_millis(5100)).await;
    assert_eq!(call.await, 1);
    assert_eq!(get().await, 1);
}
