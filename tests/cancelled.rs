//! Calls that are dropped, wherever they stand: nothing of them is left behind.
//!
//! In a process of its own, for what is asked is how many flights and fills there are in all of it.
#![allow(missing_docs)]

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};

use cachefn::{Config, cached};
use tokio::sync::{Mutex, MutexGuard, Semaphore};

const CALLS: u64 = 10_000;

static BODIES: AtomicU64 = AtomicU64::new(0);
static GATE: Semaphore = Semaphore::const_new(0);

#[cached(key = id)]
async fn get(id: u64) -> Option<u64> {
    BODIES.fetch_add(1, Ordering::SeqCst);
    // More than one await: a body can be dropped at each.
    tokio::task::yield_now().await;
    GATE.acquire().await.expect("the gate is not closed").forget();
    Some(id)
}

/// One test at a time has the cache.
async fn cache() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());

    let alone = ALONE.lock().await;
    cachefn::shutdown().await;
    let config = Config::builder().enabled(true).build().expect("nothing else is set");
    cachefn::init_with(config).await.expect("it is off");
    alone
}

/// How many flights and fills there are.
fn under_way() -> (usize, usize) {
    let status = cachefn::status();
    (status.flights, status.fills)
}

type Call = Pin<Box<dyn Future<Output = Option<u64>> + Send>>;

fn call(id: u64) -> Call {
    Box::pin(get(id))
}

/// Polls a call that cannot be ready yet.
fn poll(call: &mut Call) {
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

/// Calls that were polled once: the first leads and its body has begun, the others follow.
fn polled(id: u64, count: usize) -> Vec<Call> {
    let mut calls: Vec<Call> = (0..count).map(|_| call(id)).collect();
    calls.iter_mut().for_each(poll);
    calls
}

/// One way to drop calls; the answer is how many bodies it begins.
type Way = fn(u64) -> u64;

const PER_WAY: u64 = 3;

const WAYS: [Way; 7] = [
    // None was ever polled.
    |id| {
        drop([call(id), call(id), call(id)]);
        0
    },
    // Leaders in their bodies, at either await, one after the other.
    |id| {
        let mut first = call(id);
        poll(&mut first);
        drop(first);
        let mut second = call(id);
        poll(&mut second);
        poll(&mut second);
        assert_eq!(under_way(), (1, 1));
        drop(second);
        drop(call(id));
        2
    },
    // The followers first.
    |id| {
        let mut calls = polled(id, 3);
        assert_eq!(under_way(), (1, 1));
        while let Some(last) = calls.pop() {
            drop(last);
        }
        1
    },
    // The leader first; its follower has the seat and is not polled again.
    |id| {
        drop(polled(id, 3));
        1
    },
    // The leader first; its followers take over, each with a body that has begun.
    |id| {
        let mut calls = polled(id, 3);
        for _ in 0..2 {
            drop(calls.remove(0));
            assert_eq!(under_way().0, 1);
            poll(&mut calls[0]);
        }
        3
    },
    // Across an invalidation: another flight of the same key.
    |id| {
        let mut old = polled(id, 2);
        drop(invalidate_get(id));
        let new = polled(id, 1);
        drop(old.remove(0));
        drop(new);
        drop(old);
        2
    },
    // Refreshes, which are of no flight.
    |id| {
        let mut calls: Vec<Call> = (0..3).map(|_| Box::pin(refresh_get(id)) as Call).collect();
        calls[..2].iter_mut().for_each(poll);
        2
    },
];

#[tokio::test]
async fn ten_thousand_calls_dropped_at_every_point_leave_nothing_behind() {
    let _alone = cache().await;
    // Out of tokio's budget: it would make calls wait that need not.
    tokio::task::unconstrained(async { drop_everywhere() }).await;
    is_usable().await;
}

fn drop_everywhere() {
    for round in 0..CALLS.div_ceil(PER_WAY) {
        let way = usize::try_from(round).expect("it is small") % WAYS.len();
        let before = BODIES.load(Ordering::SeqCst);
        // Every key sees every way.
        let begun = WAYS[way](round / 7 % 10);
        assert_eq!(BODIES.load(Ordering::SeqCst) - before, begun, "bodies, way {way}");
        assert_eq!(under_way(), (0, 0), "flights and fills, way {way}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_dropped_on_two_threads_leave_nothing_behind() {
    const AT_ONCE: u64 = 100;

    let _alone = cache().await;
    for round in 0..CALLS / AT_ONCE {
        let calls: Vec<_> = (0..AT_ONCE).map(|number| tokio::spawn(get(number % 3))).collect();
        // Some before they are polled, some while they are, some when they wait.
        for _ in 0..round % 5 {
            tokio::task::yield_now().await;
        }
        for call in &calls {
            call.abort();
        }
        for call in calls {
            assert!(call.await.expect_err("nobody opens the gate").is_cancelled());
        }
        assert_eq!(under_way(), (0, 0), "flights and fills, round {round}");
    }
    is_usable().await;
}

/// Whoever comes next leads, runs one body, and is given its value.
async fn is_usable() {
    let before = BODIES.load(Ordering::SeqCst);
    GATE.add_permits(1);
    assert_eq!(get(7).await, Some(7));
    assert_eq!(get(7).await, Some(7));
    assert_eq!(BODIES.load(Ordering::SeqCst) - before, 1);
}
