//! `refresh = caller`: the first who finds a value due runs the body itself.

use cachefn::testing::spawn;
use cachefn::{Outcome, cached};

use super::{Origin, pass, paused, seen};

#[cached(expire = 60, stale = 30, refresh_ahead = 0.5, refresh = caller, key = id)]
async fn borrowed(id: u64, origin: &Origin) -> Result<u32, String> {
    Ok(origin.next().await?)
}

#[cachefn::test(config = paused())]
async fn the_first_runs_the_body_and_the_others_are_served_meanwhile() {
    let origin = Origin::default();
    for (age, meanwhile) in [(30, Outcome::Hit), (60, Outcome::Stale)] {
        invalidate_borrowed(1).await;
        let before = borrowed(1, &origin).await.unwrap();
        while origin.0.entered.try_acquire().map(tokio::sync::SemaphorePermit::forget).is_ok() {}
        pass(age).await;
        origin.close();
        let first = {
            let origin = origin.clone();
            spawn(async move { seen(borrowed(1, &origin)).await })
        };
        origin.entered().await;
        assert_eq!(seen(borrowed(1, &origin)).await, (Ok(before), meanwhile));
        pass(2).await;
        assert_eq!(seen(borrowed(1, &origin)).await, (Ok(before), meanwhile), "there is a body already");
        origin.open(1);
        assert_eq!(first.await.unwrap(), (Ok(before + 1), Outcome::Miss));
        assert_eq!(seen(borrowed(1, &origin)).await, (Ok(before + 1), Outcome::Hit));
        origin.open(1000);
    }
}

#[cachefn::test(config = paused())]
async fn who_fails_to_refresh_a_value_is_served_it() {
    let origin = Origin::default();
    borrowed(2, &origin).await.unwrap();
    origin.fail(true);
    pass(60).await;
    assert_eq!(seen(borrowed(2, &origin)).await, (Ok(1), Outcome::Stale));
    assert_eq!(origin.runs(), 2);
    assert_eq!(seen(borrowed(2, &origin)).await, (Ok(1), Outcome::Stale));
    assert_eq!(origin.runs(), 2, "the next second somebody else tries");
    pass(30).await;
    assert_eq!(seen(borrowed(2, &origin)).await, (Err("the origin is away".into()), Outcome::Miss));
}

#[cachefn::test(config = paused())]
async fn who_is_dropped_while_refreshing_leaves_it_to_the_next() {
    let origin = Origin::default();
    borrowed(3, &origin).await.unwrap();
    origin.entered().await;
    pass(60).await;
    origin.close();
    let first = {
        let origin = origin.clone();
        spawn(async move { borrowed(3, &origin).await })
    };
    origin.entered().await;
    first.abort();
    assert!(first.await.is_err());
    pass(1).await;
    origin.open(1);
    assert_eq!(seen(borrowed(3, &origin)).await, (Ok(3), Outcome::Miss));
}

#[cachefn::test(config = paused())]
async fn a_value_that_has_not_expired_is_no_stale_answer() {
    #[cached(expire = 60, refresh_ahead = 0.5, refresh = caller, key = id)]
    async fn due(id: u64, origin: &Origin) -> Result<u32, String> {
        Ok(origin.next().await?)
    }
    let origin = Origin::default();
    due(1, &origin).await.unwrap();
    origin.fail(true);
    pass(30).await;
    let (value, report) = cachefn::observe(due(1, &origin)).await;
    assert_eq!(value, Ok(1));
    assert_eq!(report.calls[0].outcome, Outcome::Hit, "it lives for 30 s more");
    assert!(report.calls[0].remaining.is_some());
    assert_eq!(cachefn::stats().function("due").unwrap().stale, 0);
}
