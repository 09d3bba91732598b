//! Calls that nobody polls while Redis answers them, and goes away.
//!
//! In a process of its own, whose Redis each test ends.
#![allow(missing_docs)]

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use cachefn::{Config, cached};
use cachefn_tests::{RedisServer, until};
use tokio::sync::Mutex;

static ALONE: Mutex<()> = Mutex::const_new(());
static FAILS: AtomicBool = AtomicBool::new(false);

#[cached(expire = "50ms", stale_if_error = "1h", key = id)]
async fn short(id: u64) -> Result<u64, &'static str> {
    if FAILS.load(Ordering::SeqCst) { Err("provoked") } else { Ok(id) }
}

#[cached(expire = "1h", key = id)]
async fn long(id: u64) -> Result<u64, &'static str> {
    if FAILS.load(Ordering::SeqCst) { Err("provoked") } else { Ok(id) }
}

type Call = Pin<Box<dyn Future<Output = Result<u64, &'static str>> + Send>>;

/// What a call comes to that is answered by Redis, and looks at the answer when that is gone.
async fn late(call: impl Fn() -> Call) -> Result<u64, &'static str> {
    FAILS.store(false, Ordering::SeqCst);
    let mut server = RedisServer::start();
    let config = Config::builder().enabled(true).redis_enabled(true).near(false);
    let config =
        config.redis_host("127.0.0.1").redis_port(server.port()).redis_timeout(Duration::from_secs(5));
    cachefn::init_with(config.build().unwrap()).await.unwrap();
    let is_used = || cachefn::status().redis.is_some_and(|redis| redis.connected);
    until("Redis is used", is_used).await;
    assert_eq!(call().await, Ok(7));
    tokio::time::sleep(Duration::from_millis(100)).await;
    FAILS.store(true, Ordering::SeqCst);
    let before = server.looked_at();
    // Where this thread stands still long enough, the answer is here before it is looked for.
    let pending = || {
        let mut call = call();
        call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending().then_some(call)
    };
    let late = (0..100).find_map(|_| pending()).expect("Redis is asked");
    until("it is asked for", || server.looked_at() > before).await;
    // The next question is answered after it.
    let next = call();
    assert!(next.await.is_ok());
    server.kill();
    until("Redis is gone", || !is_used()).await;
    let late = late.await;
    cachefn::shutdown().await;
    late
}

#[tokio::test]
async fn a_value_that_redis_has_shown_is_returned_though_it_is_gone_since() {
    let _alone = ALONE.lock().await;
    assert_eq!(late(|| Box::pin(long(7))).await, Ok(7));
}

#[tokio::test]
async fn an_old_value_that_redis_has_shown_is_at_hand_though_it_is_gone_since() {
    let _alone = ALONE.lock().await;
    assert_eq!(late(|| Box::pin(short(7))).await, Ok(7));
}
