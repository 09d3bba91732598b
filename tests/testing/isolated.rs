//! A cache for each test.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use cachefn::testing::{Clock, isolated, spawn};
use cachefn::{Config, Invalidated, Mode, Outcome, cached, invalidates, observe};
use tokio::sync::Semaphore;

use super::Runs;

#[cached(namespace = "isolated", key = id, expire = 60, stale = 600)]
async fn get(id: u64, runs: Arc<Runs>) -> u32 {
    runs.next()
}

#[cached(namespace = "isolated:outer", key = id, expire = 60, stale = 600)]
async fn outer(id: u64, runs: Arc<Runs>) -> u32 {
    get(id, runs).await
}

#[invalidates(get(id))]
async fn write(id: u64) {
    std::future::ready(id).await;
}

fn memory() -> Config {
    Config::builder().enabled(true).build().unwrap()
}

#[cachefn::test]
async fn a_test_has_a_cache_of_its_own() {
    let runs = Arc::new(Runs::default());
    let get = || get(7, Arc::clone(&runs));
    assert_eq!((get().await, get().await), (1, 1));
    invalidate_get(7).await;
    assert_eq!(get().await, 2);
    invalidate_all_get().await;
    assert_eq!(get().await, 3);
    write(7).await;
    assert_eq!(get().await, 4);
    assert_eq!(refresh_get(7, Arc::clone(&runs)).await, 5);
    cachefn::invalidate_namespace("isolated").await;
    assert_eq!(get().await, 6);
    cachefn::cache().set("it", 1).await;
    cachefn::clear().await;
    assert_eq!((get().await, cachefn::cache().get::<i32>("it").await), (7, None));
    assert_eq!(observe(get()).await.1.count(Outcome::Hit), 1);
    assert_eq!(cachefn::status().mode, Mode::Memory);
    assert_eq!(cachefn::status().entries, 1);
}

/// Twice, so that each would find what the other has left.
macro_rules! alone {
    ($($name:ident)*) => {$(
        #[cachefn::test]
        async fn $name() {
            let runs = Arc::new(Runs::default());
            for _ in 0..100 {
                assert_eq!(get(1, Arc::clone(&runs)).await, 1);
                tokio::task::yield_now().await;
            }
            let stats = cachefn::stats();
            let get = stats.function("isolated::get").expect("it was called");
            assert_eq!((get.misses, get.hits, get.fills, stats.functions.len()), (1, 99, 1, 1));
            assert_eq!(get.body.count(), 1);
        }
    )*};
}

alone! { one_test_finds_nothing_of_another the_other_finds_nothing_of_the_one }

#[cachefn::test(config = Config::default())]
async fn a_test_may_be_about_caching_that_is_off() {
    let runs = Arc::new(Runs::default());
    assert_eq!((get(1, Arc::clone(&runs)).await, get(1, runs).await), (1, 2));
    assert_eq!(cachefn::status().mode, Mode::Disabled);
    assert_eq!(invalidate_get(1).await, Invalidated::Applied);
}

#[cachefn::test]
async fn a_program_that_sets_itself_up_changes_nothing() -> Result<(), cachefn::Error> {
    for _ in 0..2 {
        cachefn::init().await?;
        cachefn::init_with(Config::default()).await?;
        cachefn::shutdown().await;
    }
    assert_eq!(cachefn::status().mode, Mode::Memory);
    Ok(())
}

#[cachefn::test]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_spawned_has_the_cache_that_it_is_brought_along() {
    let runs = Arc::new(Runs::default());
    assert_eq!(get(1, Arc::clone(&runs)).await, 1);
    let call = || get(1, Arc::clone(&runs));
    assert_eq!(spawn(call()).await.unwrap(), 1);
    let nested = call();
    assert_eq!(spawn(async { spawn(nested).await.unwrap() }).await.unwrap(), 1);
    assert_eq!(tokio::spawn(call()).await.unwrap(), 2, "that of the process, which caches nothing");
}

#[tokio::test]
async fn caches_inside_of_each_other_are_not_each_others() {
    let runs = Arc::new(Runs::default());
    let call = || get(1, Arc::clone(&runs));
    isolated(memory(), async {
        assert_eq!(call().await, 1);
        assert_eq!(isolated(memory(), async { (call().await, call().await) }).await, (2, 2));
        assert_eq!(call().await, 1);
        let (left, right) = tokio::join!(isolated(memory(), call()), isolated(memory(), call()));
        assert_eq!((left.min(right), left.max(right)), (3, 4));
        assert!(panics(isolated(memory(), async { panic!("a test that fails") })).await);
        assert_eq!(call().await, 1, "what panics leaves no note behind");
    })
    .await;
    assert_eq!((call().await, call().await), (5, 6));
}

/// Whether the future panics.
async fn panics(future: impl Future<Output = ()>) -> bool {
    let mut future = Box::pin(future);
    std::future::poll_fn(|cx| {
        let poll = AssertUnwindSafe(|| future.as_mut().poll(cx));
        match std::panic::catch_unwind(poll) {
            Ok(polled) => polled.map(|()| false),
            Err(_) => Poll::Ready(true),
        }
    })
    .await
}

#[tokio::test]
async fn a_refresh_in_the_background_is_about_the_same_cache() {
    let clock = Clock::new();
    let config = Config::builder().enabled(true).clock(&clock).build().unwrap();
    let runs = Arc::new(Runs::default());
    isolated(config, async {
        assert_eq!(outer(1, Arc::clone(&runs)).await, 1);
        clock.advance(Duration::from_secs(61));
        invalidate_get(1).await;
        let (value, report) = observe(outer(1, Arc::clone(&runs))).await;
        assert_eq!((value, report.count(Outcome::Stale)), (1, 1));
        while outer(1, Arc::clone(&runs)).await == 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(get(1, Arc::clone(&runs)).await, 2, "what the body called is in here too");
        let stats = cachefn::stats();
        assert_eq!(stats.function("isolated::outer").map(|outer| outer.fills), Some(2));
    })
    .await;
}

#[cachefn::test]
async fn what_a_task_that_is_aborted_strikes_is_struck_in_its_own_cache() {
    #[invalidates(get(id))]
    async fn stuck(id: u64, entered: Arc<Semaphore>) {
        entered.add_permits(1);
        std::future::pending::<()>().await;
    }

    let (runs, entered) = (Arc::new(Runs::default()), Arc::new(Semaphore::new(0)));
    assert_eq!(get(1, Arc::clone(&runs)).await, 1);
    let writer = spawn(stuck(1, Arc::clone(&entered)));
    entered.acquire().await.unwrap().forget();
    assert_eq!(get(1, Arc::clone(&runs)).await, 1);
    writer.abort();
    assert!(writer.await.unwrap_err().is_cancelled());
    assert_eq!(get(1, Arc::clone(&runs)).await, 2, "nobody knows how far it came");
}
