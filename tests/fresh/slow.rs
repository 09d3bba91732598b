//! `timeout`: how long a body is waited for where something older is at hand.

use std::time::{Duration, Instant};

use cachefn::testing::spawn;
use cachefn::{Outcome, cached};
use cachefn_tests::until;

use super::{Origin, becomes, pass, paused, seen};

#[cached(expire = 60, stale_if_error = 600, timeout = "50ms", key = id)]
async fn goes_on(id: u64, origin: Origin) -> Result<u32, &'static str> {
    origin.next().await
}

#[cached(expire = 60, stale_if_error = 600, timeout = "50ms", refresh = caller, key = id)]
async fn is_dropped(id: u64, origin: &Origin) -> Result<u32, &'static str> {
    origin.next().await
}

#[cachefn::test(config = paused())]
async fn a_body_that_takes_too_long_goes_on_in_the_background() {
    let origin = Origin::default();
    let call = || goes_on(1, origin.clone());
    call().await.unwrap();
    pass(60).await;
    origin.close();
    let began = Instant::now();
    assert_eq!(seen(call()).await, (Ok(1), Outcome::Stale));
    assert!(began.elapsed() >= Duration::from_millis(50));
    assert_eq!(seen(call()).await, (Ok(1), Outcome::Stale), "nor is it waited for any longer by others");
    assert_eq!(origin.runs(), 2);
    origin.open(1);
    becomes(call, Ok(2)).await;
    assert_eq!(origin.runs(), 2);
}

#[cachefn::test(config = paused())]
async fn or_is_dropped() {
    let origin = Origin::default();
    is_dropped(1, &origin).await.unwrap();
    pass(60).await;
    origin.close();
    assert_eq!(seen(is_dropped(1, &origin)).await, (Ok(1), Outcome::Stale));
    assert_eq!(origin.ended(), 2);
    origin.open(1);
    assert_eq!(seen(is_dropped(1, &origin)).await, (Ok(3), Outcome::Miss));
}

#[cachefn::test(config = paused())]
async fn where_nothing_is_at_hand_the_body_is_waited_for() {
    let origin = Origin::default();
    origin.close();
    let call = spawn(goes_on(2, origin.clone()));
    origin.entered().await;
    cachefn_tests::pause(Duration::from_millis(120)).await;
    assert!(!call.is_finished());
    origin.open(1);
    assert_eq!(call.await.unwrap(), Ok(1));
}

#[cachefn::test(config = paused())]
async fn what_is_invalidated_meanwhile_is_not_returned() {
    let origin = Origin::default();
    goes_on(3, origin.clone()).await.unwrap();
    origin.entered().await;
    pass(60).await;
    origin.close();
    let call = spawn(goes_on(3, origin.clone()));
    origin.entered().await;
    invalidate_goes_on(3).await;
    cachefn_tests::pause(Duration::from_millis(120)).await;
    assert!(!call.is_finished(), "there is nothing to return but what the body will");
    origin.open(1);
    assert_eq!(call.await.unwrap(), Ok(2));
    until("the flight is over", || origin.ended() == 2).await;
}

#[cachefn::test(config = paused())]
async fn bodies_that_are_given_up_do_not_follow_upon_each_other() {
    #[cached(expire = 60, stale_if_error = 600, timeout = "50ms", refresh = caller, key = id)]
    async fn slow(id: u64, origin: &Origin) -> Result<u32, &'static str> {
        origin.next().await
    }
    let origin = Origin::default();
    slow(1, &origin).await.unwrap();
    pass(60).await;
    origin.close();
    let began = Instant::now();
    let mut calls = Vec::new();
    for _ in 0..100 {
        let origin = origin.clone();
        calls.push(spawn(async move { slow(1, &origin).await }));
        cachefn_tests::pause(Duration::from_millis(2)).await;
    }
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(1));
    }
    let (bodies, rounds) = (origin.runs() - 1, began.elapsed().as_millis() / 50 + 1);
    assert!(u128::from(bodies) <= rounds + 1, "{bodies} bodies in {rounds} times 50 ms");
}

#[cachefn::test(config = paused())]
async fn who_waits_with_nothing_at_hand_waits_for_the_body_of_another() {
    #[cached(expire = 60, stale_if_error = 600, timeout = "20ms", refresh = caller, key = id)]
    async fn cold(id: u64, origin: &Origin) -> Result<u32, &'static str> {
        origin.next().await
    }
    let origin = Origin::default();
    origin.close();
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let origin = origin.clone();
            spawn(async move { cold(1, &origin).await })
        })
        .collect();
    cachefn_tests::pause(Duration::from_millis(200)).await;
    assert_eq!(origin.runs(), 1);
    origin.open(10);
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(1));
    }
}
