//! `stale_if_error`: what is returned when the body fails.

use cachefn::testing::spawn;
use cachefn::{Outcome, cached};

use super::{Origin, pass, paused, seen};

#[cached(expire = 60, stale_if_error = 600, key = id)]
async fn kept(id: u64, origin: &Origin) -> Result<u32, &'static str> {
    origin.next().await
}

#[cachefn::test(config = paused())]
async fn where_the_body_fails_the_old_value_is_returned_for_so_long_and_no_longer() {
    let origin = Origin::default();
    kept(1, &origin).await.unwrap();
    origin.fail(true);
    pass(60).await;
    for run in 2..=6 {
        assert_eq!(seen(kept(1, &origin)).await, (Ok(1), Outcome::Stale));
        assert_eq!(origin.runs(), run, "each call tries its body");
        pass(100).await;
    }
    pass(99).await;
    assert_eq!(kept(1, &origin).await, Ok(1));
    pass(1).await;
    assert_eq!(seen(kept(1, &origin)).await, (Err("the origin is away"), Outcome::Miss), "never renewed");
}

#[cachefn::test(config = paused())]
async fn a_body_that_succeeds_replaces_the_old_value() {
    let origin = Origin::default();
    kept(2, &origin).await.unwrap();
    pass(60).await;
    assert_eq!(seen(kept(2, &origin)).await, (Ok(2), Outcome::Miss));
    assert_eq!(seen(kept(2, &origin)).await, (Ok(2), Outcome::Hit));
}

#[cachefn::test(config = paused())]
async fn a_value_that_was_invalidated_is_not_returned() {
    let origin = Origin::default();
    kept(3, &origin).await.unwrap();
    pass(60).await;
    invalidate_kept(3).await;
    origin.fail(true);
    assert_eq!(kept(3, &origin).await, Err("the origin is away"));
}

#[cachefn::test(config = paused())]
async fn nor_is_one_that_is_invalidated_while_the_body_runs() {
    let origin = Origin::default();
    kept(4, &origin).await.unwrap();
    origin.entered().await;
    pass(60).await;
    origin.fail(true);
    origin.close();
    let call = {
        let origin = origin.clone();
        spawn(async move { kept(4, &origin).await })
    };
    origin.entered().await;
    invalidate_kept(4).await;
    origin.open(1);
    assert_eq!(call.await.unwrap(), Err("the origin is away"));
}

#[cachefn::test(config = paused())]
async fn all_who_waited_for_a_body_that_fails_have_the_old_value() {
    let origin = Origin::default();
    kept(5, &origin).await.unwrap();
    origin.entered().await;
    pass(60).await;
    origin.fail(true);
    origin.close();
    let call = || {
        let origin = origin.clone();
        spawn(async move { kept(5, &origin).await })
    };
    let leader = call();
    origin.entered().await;
    let followers: Vec<_> = (0..100).map(|_| call()).collect();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    origin.open(1);
    assert_eq!(leader.await.unwrap(), Ok(1));
    for follower in followers {
        assert_eq!(follower.await.unwrap(), Ok(1));
    }
    assert_eq!(origin.runs(), 2, "one body for all of them");
}

#[cachefn::test(config = paused())]
async fn a_refresh_by_name_fails_with_its_own_error() {
    let origin = Origin::default();
    kept(6, &origin).await.unwrap();
    pass(60).await;
    origin.fail(true);
    assert_eq!(refresh_kept(6, &origin).await, Err("the origin is away"));
}

#[cachefn::test(config = paused())]
async fn what_ends_while_the_body_runs_is_not_returned() {
    #[cached(expire = 60, stale_if_error = 600, key = id)]
    async fn kept(id: u64, origin: &Origin) -> Result<u32, &'static str> {
        origin.next().await
    }
    let origin = Origin::default();
    kept(1, &origin).await.unwrap();
    origin.entered().await;
    pass(600).await;
    origin.fail(true);
    origin.close();
    let call = || {
        let origin = origin.clone();
        spawn(async move { kept(1, &origin).await })
    };
    let leader = call();
    origin.entered().await;
    let follower = call();
    tokio::task::yield_now().await;
    pass(60).await;
    origin.open(2);
    assert_eq!(leader.await.unwrap(), Err("the origin is away"));
    assert_eq!(follower.await.unwrap(), Err("the origin is away"));
}
