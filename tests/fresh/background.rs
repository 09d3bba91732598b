//! `stale` and `refresh_ahead`, with bodies that outlive their calls.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cachefn::testing::{Clock, isolated};
use cachefn::{Outcome, cached};
use cachefn_tests::until;

use super::{Origin, becomes, on, pass, paused, seen};

#[cached(expire = 60, stale = 30, key = id)]
async fn stale(id: u64, origin: Origin) -> Result<u32, &'static str> {
    origin.next().await
}

#[cached(expire = 100, refresh_ahead = 0.8, key = id)]
async fn ahead(id: u64, origin: Origin) -> Option<u32> {
    origin.next().await.ok()
}

#[cachefn::test(config = paused())]
async fn past_its_life_a_value_is_served_while_one_body_runs() {
    let origin = Origin::default();
    let call = || stale(1, origin.clone());
    assert_eq!(seen(call()).await, (Ok(1), Outcome::Miss));
    pass(59).await;
    assert_eq!(seen(call()).await, (Ok(1), Outcome::Hit));

    pass(1).await;
    origin.close();
    for _ in 0..100 {
        assert_eq!(seen(call()).await, (Ok(1), Outcome::Stale));
    }
    origin.entered().await;
    origin.entered().await;
    pass(5).await;
    assert_eq!(seen(call()).await, (Ok(1), Outcome::Stale), "not even after its second, while the body runs");
    assert_eq!(origin.runs(), 2);

    origin.open(1);
    becomes(call, Ok(2)).await;
    assert_eq!(seen(call()).await, (Ok(2), Outcome::Hit));
    assert_eq!(origin.runs(), 2);
}

#[cachefn::test(config = paused())]
async fn what_is_too_old_even_for_that_is_a_miss() {
    let origin = Origin::default();
    let call = || stale(2, origin.clone());
    call().await.unwrap();
    pass(90).await;
    assert_eq!(seen(call()).await, (Ok(2), Outcome::Miss));
}

#[cachefn::test(config = paused())]
async fn a_value_is_refreshed_before_it_expires() {
    let origin = Origin::default();
    let call = || ahead(1, origin.clone());
    call().await;
    pass(79).await;
    assert_eq!(seen(call()).await, (Some(1), Outcome::Hit));
    assert_eq!(origin.runs(), 1);
    pass(1).await;
    assert_eq!(seen(call()).await, (Some(1), Outcome::Hit));
    becomes(call, Some(2)).await;
    pass(79).await;
    assert_eq!(seen(call()).await, (Some(2), Outcome::Hit), "its life began with the refresh");
    assert_eq!(origin.runs(), 2);
}

#[cachefn::test(config = paused())]
async fn a_refresh_that_ends_after_an_invalidation_stores_nothing() {
    let origin = Origin::default();
    let call = || stale(3, origin.clone());
    call().await.unwrap();
    pass(60).await;
    origin.close();
    call().await.unwrap();
    origin.entered().await;
    origin.entered().await;

    invalidate_stale(3).await;
    origin.open(1);
    until("the refresh has ended", || origin.ended() == 2).await;
    origin.open(1);
    assert_eq!(seen(call()).await, (Ok(3), Outcome::Miss), "neither the old value nor that of the refresh");
}

#[cachefn::test(config = paused())]
async fn a_refresh_that_ends_after_a_newer_fill_stores_nothing() {
    let origin = Origin::default();
    let call = || stale(4, origin.clone());
    call().await.unwrap();
    pass(60).await;
    origin.close();
    call().await.unwrap();
    origin.entered().await;
    origin.entered().await;

    let another = Origin::default();
    another.0.runs.store(100, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(refresh_stale(4, another).await, Ok(101));
    origin.open(1);
    until("the refresh has ended", || origin.ended() == 2).await;
    // Whatever it did is done when its flight is over, and then the next refresh can begin.
    pass(60).await;
    assert_eq!(seen(call()).await, (Ok(101), Outcome::Stale));
}

#[cachefn::test(config = paused())]
async fn a_refresh_that_fails_leaves_the_value_and_is_tried_again_after_a_second() {
    let origin = Origin::default();
    let call = || stale(5, origin.clone());
    call().await.unwrap();
    pass(60).await;
    origin.fail(true);
    for _ in 0..10 {
        assert_eq!(seen(call()).await, (Ok(1), Outcome::Stale));
    }
    until("the refresh has ended", || origin.ended() == 2).await;
    until("nothing is under way", || cachefn::status().flights == 0).await;
    assert_eq!(seen(call()).await, (Ok(1), Outcome::Stale));
    tokio::task::yield_now().await;
    assert_eq!(origin.runs(), 2, "no sooner than after a second");
    origin.fail(false);
    pass(1).await;
    becomes(call, Ok(3)).await;
}

/// Of a cache that outlives a runtime, as only that of the process does.
#[test]
fn a_refresh_ends_with_its_runtime_and_the_next_call_begins_another() {
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (origin, clock, first, second) = (Origin::default(), Clock::new(), runtime(), runtime());
    first.block_on(async {
        cachefn::init_with(on(&clock)).await.unwrap();
        stale(6, origin.clone()).await.unwrap();
        clock.advance(Duration::from_secs(60));
        origin.close();
        assert_eq!(stale(6, origin.clone()).await, Ok(1));
        origin.entered().await;
        origin.entered().await;
    });
    drop(first);
    assert_eq!(origin.ended(), 2, "it was dropped with its runtime");
    second.block_on(async {
        clock.advance(Duration::from_secs(1));
        origin.open(1);
        becomes(|| stale(6, origin.clone()), Ok(3)).await;
    });
}

#[test]
fn without_a_runtime_the_caller_runs_the_body() {
    let (origin, clock) = (Origin::default(), Clock::new());
    let calls = isolated(on(&clock), async {
        stale(7, origin.clone()).await.unwrap();
        clock.advance(Duration::from_secs(60));
        stale(7, origin.clone()).await
    });
    let polled = pin!(calls).poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(Ok(2)));
}

#[cachefn::test(config = paused())]
async fn so_many_bodies_run_in_the_background_and_no_more() {
    let origin = Origin::default();
    for id in 1_000..2_025 {
        stale(id, origin.clone()).await.unwrap();
    }
    pass(60).await;
    origin.close();
    let filled = origin.runs();
    for id in 1_000..2_025 {
        let served = stale(id, origin.clone()).await.unwrap();
        assert!(served <= filled);
    }
    until("1024 bodies run", || origin.runs() == filled + 1_024).await;
    tokio::task::yield_now().await;
    assert_eq!(origin.runs(), filled + 1_024);

    origin.open(5_000);
    until("they have ended", || origin.ended() == origin.runs()).await;
    pass(1).await;
    let (last, fresh) = (|| stale(2_024, origin.clone()), filled + 1_025);
    becomes(last, Ok(fresh)).await;
}

#[cachefn::test(config = paused())]
async fn a_body_that_panics_in_the_background_is_nobody_elses_affair() {
    #[cached(expire = 60, stale = 30, key = id)]
    async fn fragile(id: u64, origin: Origin) -> u32 {
        match origin.next().await {
            Ok(run) => run,
            Err(why) => panic!("{why}"),
        }
    }
    let origin = Origin::default();
    let call = || fragile(1, origin.clone());
    call().await;
    pass(60).await;
    origin.fail(true);
    assert_eq!(call().await, 1);
    until("it has panicked", || origin.ended() == 2).await;
    origin.fail(false);
    pass(1).await;
    becomes(call, 3).await;
}

#[cachefn::test(config = paused())]
async fn nothing_is_remembered_for_no_longer_than_it_may_be() {
    #[cached(expire = 300, stale = 600, none = 30, key = id)]
    async fn found(id: u64, origin: Origin) -> Option<u32> {
        if origin.next().await == Ok(1) { None } else { Some(2) }
    }
    let origin = Origin::default();
    assert_eq!(found(1, origin.clone()).await, None);
    pass(600).await;
    assert_eq!(found(1, origin.clone()).await, Some(2), "`none = 30`");
}

#[cachefn::test(config = paused())]
async fn a_wrapper_is_hardly_larger_than_the_function() {
    #[cached(expire = 60, stale = 30, key = id)]
    async fn wrapped(id: u64, origin: Origin) -> Result<u32, &'static str> {
        origin.next().await
    }
    async fn plain(id: u64, origin: Origin) -> Result<u32, &'static str> {
        let _ = id;
        origin.next().await
    }
    let (ours, plain) =
        (size_of_val(&wrapped(1, Origin::default())), size_of_val(&plain(1, Origin::default())));
    assert!(ours <= plain + 48, "{ours} bytes beside {plain}");
}
