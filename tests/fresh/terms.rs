//! What decides how long a value lives, and whether it is stored at all: alone, and where values are served past their
//! lives.

use std::future::Future;
use std::time::Duration;

use cachefn::{Outcome, cached};
use cachefn_tests::until;

use super::{Origin, becomes, pass, paused, seen};

/// What is left of the life of a value that is there, in seconds.
async fn left<T>(call: impl Future<Output = T>) -> f64 {
    let (_, report) = cachefn::observe(call).await;
    report.calls[0].remaining.expect("it is a hit").as_secs_f64()
}

mod jitter {
    use super::*;

    #[cached(expire = 1000, jitter = 0.1, key = id)]
    async fn shortened(id: u64, origin: &Origin) -> Result<u32, &'static str> {
        origin.next().await
    }

    #[cachefn::test(config = paused())]
    async fn each_life_is_shortened_by_a_part_of_its_own() {
        let origin = Origin::default();
        let mut lives = Vec::new();
        for id in 0..200 {
            shortened(id, &origin).await.unwrap();
            lives.push(left(shortened(id, &origin)).await);
        }
        assert!(lives.iter().all(|life| (900.0..=1000.0).contains(life)), "{lives:?}");
        let (least, most) =
            lives.iter().fold((f64::MAX, f64::MIN), |(least, most), life| (life.min(least), life.max(most)));
        assert!(
            least < 925.0 && most > 975.0,
            "of 200 lives the shortest is {least} s, the longest {most} s"
        );
    }

    #[cachefn::test(config = paused())]
    async fn a_life_ends_when_it_is_said_to() {
        let origin = Origin::default();
        shortened(1_000, &origin).await.unwrap();
        pass(899).await;
        assert_eq!(seen(shortened(1_000, &origin)).await, (Ok(1), Outcome::Hit));
        pass(101).await;
        assert_eq!(seen(shortened(1_000, &origin)).await, (Ok(2), Outcome::Miss));
    }

    #[cachefn::test(config = paused())]
    async fn what_a_value_decides_is_shortened_too() {
        #[cached(expire_with = |run: &u32| Duration::from_secs(100 * u64::from(*run)), jitter = 0.5, key = id)]
        async fn decided(id: u64, origin: &Origin) -> Result<u32, &'static str> {
            origin.next().await
        }
        let origin = Origin::default();
        for id in 0..20 {
            let run = f64::from(decided(id, &origin).await.unwrap());
            let life = left(decided(id, &origin)).await;
            assert!((50.0 * run..=100.0 * run).contains(&life), "{life} s of {run} times 100");
        }
    }

    /// Only the life is shortened: how long a value is served past it is said by `stale`.
    #[cachefn::test(config = paused())]
    async fn what_is_stale_is_served_for_so_long_from_then_on() {
        #[cached(expire = 100, jitter = 0.5, stale = 1000, refresh = caller, key = id)]
        async fn served(id: u64, origin: &Origin) -> Result<u32, &'static str> {
            origin.next().await
        }
        let origin = Origin::default();
        served(1, &origin).await.unwrap();
        let life = left(served(1, &origin)).await;
        origin.fail(true);
        pass(1000).await;
        assert_eq!(seen(served(1, &origin)).await, (Ok(1), Outcome::Stale));
        tokio::time::advance(Duration::from_secs_f64(life - 0.001)).await;
        assert_eq!(seen(served(1, &origin)).await, (Ok(1), Outcome::Stale));
        tokio::time::advance(Duration::from_millis(2)).await;
        assert_eq!(seen(served(1, &origin)).await, (Err("the origin is away"), Outcome::Miss));
    }
}

mod none {
    use super::*;

    /// The first body finds something, the second nothing, and so on.
    async fn sometimes(origin: &Origin) -> Option<u32> {
        origin.next().await.ok().filter(|run| run % 2 == 1)
    }

    #[cachefn::test(config = paused())]
    async fn nothing_is_remembered_for_its_own_time() {
        #[cached(expire = 100, none = 30, key = id)]
        async fn found(id: u64, origin: &Origin) -> Option<u32> {
            sometimes(origin).await
        }
        let origin = Origin::default();
        assert_eq!(found(1, &origin).await, Some(1));
        pass(99).await;
        assert_eq!(seen(found(1, &origin)).await, (Some(1), Outcome::Hit));
        pass(1).await;
        assert_eq!(seen(found(1, &origin)).await, (None, Outcome::Miss));
        pass(29).await;
        assert_eq!(seen(found(1, &origin)).await, (None, Outcome::Hit));
        pass(1).await;
        assert_eq!(seen(found(1, &origin)).await, (Some(3), Outcome::Miss));
    }

    #[cachefn::test(config = paused())]
    async fn that_a_refresh_finds_nothing_replaces_the_old_value() {
        #[cached(expire = 100, stale = 50, none = 30, key = id)]
        async fn found(id: u64, origin: Origin) -> Option<u32> {
            sometimes(&origin).await
        }
        let origin = Origin::default();
        let call = || found(1, origin.clone());
        assert_eq!(call().await, Some(1));
        pass(100).await;
        assert_eq!(seen(call()).await, (Some(1), Outcome::Stale));
        becomes(call, None).await;
        pass(29).await;
        assert_eq!(seen(call()).await, (None, Outcome::Hit));
        pass(1).await;
        assert_eq!(seen(call()).await, (Some(3), Outcome::Miss), "`None` is not served past its time");
    }

    #[cachefn::test(config = paused())]
    async fn or_removes_it_where_nothing_is_not_remembered() {
        #[cached(expire = 100, stale = 50, key = id)]
        async fn found(id: u64, origin: Origin) -> Option<u32> {
            sometimes(&origin).await
        }
        let origin = Origin::default();
        let call = || found(1, origin.clone());
        assert_eq!(call().await, Some(1));
        pass(100).await;
        assert_eq!(seen(call()).await, (Some(1), Outcome::Stale));
        until("the refresh has ended", || origin.ended() == 2 && cachefn::status().flights == 0).await;
        assert_eq!(seen(call()).await, (Some(3), Outcome::Miss));
    }
}

/// A success that is not stored, and what was stored before.
mod not_stored {
    use super::*;

    /// `Ok(None)` from the second body on.
    #[cached(expire = 100, stale_if_error = 500, key = id)]
    async fn found(id: u64, origin: &Origin) -> Result<Option<u32>, &'static str> {
        Ok(Some(origin.next().await?).filter(|run| *run == 1))
    }

    #[cached(expire = 100, stale_if_error = 500, when = |run: &u32| *run == 1, key = id)]
    async fn wanted(id: u64, origin: &Origin) -> Result<u32, &'static str> {
        origin.next().await
    }

    #[cachefn::test(config = paused())]
    async fn what_expired_stays_for_when_the_body_fails() {
        let origin = Origin::default();
        found(1, &origin).await.unwrap();
        pass(100).await;
        assert_eq!(seen(found(1, &origin)).await, (Ok(None), Outcome::Miss));
        origin.fail(true);
        assert_eq!(seen(found(1, &origin)).await, (Ok(Some(1)), Outcome::Stale));

        let origin = Origin::default();
        wanted(1, &origin).await.unwrap();
        pass(100).await;
        assert_eq!(seen(wanted(1, &origin)).await, (Ok(2), Outcome::Miss));
        origin.fail(true);
        assert_eq!(seen(wanted(1, &origin)).await, (Ok(1), Outcome::Stale));
    }

    #[cachefn::test(config = paused())]
    async fn followers_share_it_and_what_expired_stays() {
        let origin = Origin::default();
        found(2, &origin).await.unwrap();
        origin.entered().await;
        pass(100).await;
        origin.close();
        let call = || {
            let origin = origin.clone();
            cachefn::testing::spawn(async move { found(2, &origin).await })
        };
        let leader = call();
        origin.entered().await;
        let followers: Vec<_> = (0..10).map(|_| call()).collect();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        origin.open(1);
        assert_eq!(leader.await.unwrap(), Ok(None));
        for follower in followers {
            assert_eq!(follower.await.unwrap(), Ok(None));
        }
        assert_eq!(origin.runs(), 2);
        origin.fail(true);
        origin.open(1);
        assert_eq!(found(2, &origin).await, Ok(Some(1)));
    }

    /// Who has seen the newer value does not see the older one again.
    #[cachefn::test(config = paused())]
    async fn what_is_fresh_is_removed_where_the_body_ran_past_it() {
        for (id, how) in [(10, "refresh"), (11, "bypass")] {
            let origin = Origin::default();
            wanted(id, &origin).await.unwrap();
            let again = match how {
                "refresh" => refresh_wanted(id, &origin).await,
                _ => cachefn::bypass(wanted(id, &origin)).await,
            };
            assert_eq!(again, Ok(2), "{how}");
            assert_eq!(seen(wanted(id, &origin)).await, (Ok(3), Outcome::Miss), "{how}");
        }
        let origin = Origin::default();
        found(30, &origin).await.unwrap();
        assert_eq!(refresh_found(30, &origin).await, Ok(None));
        assert_eq!(seen(found(30, &origin)).await, (Ok(None), Outcome::Miss));
    }

    #[cachefn::test(config = paused())]
    async fn what_is_fresh_stays_where_such_a_body_fails() {
        let origin = Origin::default();
        found(40, &origin).await.unwrap();
        origin.fail(true);
        assert_eq!(refresh_found(40, &origin).await, Err("the origin is away"));
        assert_eq!(seen(found(40, &origin)).await, (Ok(Some(1)), Outcome::Hit));
    }
}

mod expire_with {
    use super::*;

    /// The value of the body with number `run` lives `run` times 100 s.
    fn hundreds(run: u32) -> Duration {
        Duration::from_secs(100 * u64::from(run))
    }

    #[cachefn::test(config = paused())]
    async fn a_value_decides_how_long_it_lives() {
        #[cached(expire = 7, expire_with = |run: &u32| hundreds(*run), key = id)]
        async fn lives(id: u64, origin: &Origin) -> Result<u32, &'static str> {
            origin.next().await
        }
        let origin = Origin::default();
        for run in 1..=3 {
            assert_eq!(seen(lives(1, &origin)).await, (Ok(run), Outcome::Miss));
            pass(100 * u64::from(run) - 1).await;
            assert_eq!(seen(lives(1, &origin)).await, (Ok(run), Outcome::Hit));
            pass(1).await;
        }
    }

    #[cachefn::test(config = paused())]
    async fn what_a_refresh_finds_decides_anew() {
        #[cached(expire_with = |run: &u32| hundreds(*run), stale = 50, key = id)]
        async fn lives(id: u64, origin: Origin) -> Result<u32, &'static str> {
            origin.next().await
        }
        let origin = Origin::default();
        let call = || lives(1, origin.clone());
        call().await.unwrap();
        for run in 1..=2 {
            pass(100 * u64::from(run) - 1).await;
            assert_eq!(seen(call()).await, (Ok(run), Outcome::Hit));
            pass(1).await;
            assert_eq!(seen(call()).await, (Ok(run), Outcome::Stale));
            becomes(call, Ok(run + 1)).await;
        }
        pass(349).await;
        assert_eq!(seen(call()).await, (Ok(3), Outcome::Stale));
    }

    #[cachefn::test(config = paused())]
    async fn a_life_of_nothing_is_not_stored_and_removes_what_was_stale() {
        #[cached(
            expire_with = |run: &u32| if *run == 1 { Duration::from_secs(100) } else { Duration::ZERO },
            stale = 50,
            refresh = caller,
            key = id
        )]
        async fn lives(id: u64, origin: &Origin) -> Result<u32, &'static str> {
            origin.next().await
        }
        let origin = Origin::default();
        lives(1, &origin).await.unwrap();
        pass(100).await;
        assert_eq!(
            seen(lives(1, &origin)).await,
            (Ok(2), Outcome::Miss),
            "it has refreshed the value itself"
        );
        assert_eq!(seen(lives(1, &origin)).await, (Ok(3), Outcome::Miss));
    }
}

mod when {
    use super::*;

    fn odd(run: u32) -> bool {
        run % 2 == 1
    }

    #[cachefn::test(config = paused())]
    async fn what_is_not_wanted_is_returned_and_not_stored() {
        #[cached(expire = 100, when = |run: &u32| *run > 2, key = id)]
        async fn wanted(id: u64, origin: &Origin) -> Result<u32, &'static str> {
            origin.next().await
        }
        let origin = Origin::default();
        for run in 1..=3 {
            assert_eq!(seen(wanted(1, &origin)).await, (Ok(run), Outcome::Miss));
        }
        pass(99).await;
        assert_eq!(seen(wanted(1, &origin)).await, (Ok(3), Outcome::Hit));
    }

    #[cachefn::test(config = paused())]
    async fn what_a_refresh_finds_and_is_not_wanted_removes_the_old_value() {
        #[cached(expire = 100, stale = 50, when = |run: &u32| odd(*run), key = id)]
        async fn wanted(id: u64, origin: Origin) -> Result<u32, &'static str> {
            origin.next().await
        }
        let origin = Origin::default();
        let call = || wanted(1, origin.clone());
        call().await.unwrap();
        pass(100).await;
        assert_eq!(seen(call()).await, (Ok(1), Outcome::Stale));
        until("the refresh has ended", || origin.ended() == 2 && cachefn::status().flights == 0).await;
        assert_eq!(seen(call()).await, (Ok(3), Outcome::Miss));
        assert_eq!(seen(call()).await, (Ok(3), Outcome::Hit));
    }

    #[cachefn::test(config = paused())]
    async fn so_it_does_where_the_caller_refreshes() {
        #[cached(expire = 100, stale = 50, refresh = caller, when = |run: &u32| odd(*run), key = id)]
        async fn wanted(id: u64, origin: &Origin) -> Result<u32, &'static str> {
            origin.next().await
        }
        let origin = Origin::default();
        wanted(1, &origin).await.unwrap();
        pass(100).await;
        assert_eq!(seen(wanted(1, &origin)).await, (Ok(2), Outcome::Miss));
        assert_eq!(seen(wanted(1, &origin)).await, (Ok(3), Outcome::Miss));
    }

    /// A body that fails says nothing about the value.
    #[cachefn::test(config = paused())]
    async fn a_refresh_that_fails_does_not_remove_it() {
        #[cached(expire = 100, stale_if_error = 50, when = |run: &u32| odd(*run), key = id)]
        async fn wanted(id: u64, origin: &Origin) -> Result<u32, &'static str> {
            origin.next().await
        }
        let origin = Origin::default();
        wanted(1, &origin).await.unwrap();
        pass(100).await;
        origin.fail(true);
        assert_eq!(seen(wanted(1, &origin)).await, (Ok(1), Outcome::Stale));
        assert_eq!(seen(wanted(1, &origin)).await, (Ok(1), Outcome::Stale));
    }
}

mod bypass {
    use super::*;

    #[cachefn::test(config = paused())]
    async fn what_is_fresh_is_not_read_and_is_replaced() {
        #[cached(expire = 100, bypass = fresh, key = id)]
        async fn passed(id: u64, fresh: bool, origin: &Origin) -> Result<u32, &'static str> {
            let _ = fresh;
            origin.next().await
        }
        let origin = Origin::default();
        passed(1, false, &origin).await.unwrap();
        pass(60).await;
        assert_eq!(passed(1, true, &origin).await, Ok(2));
        pass(60).await;
        assert_eq!(
            seen(passed(1, false, &origin)).await,
            (Ok(2), Outcome::Hit),
            "its life began with the second"
        );
    }

    #[cachefn::test(config = paused())]
    async fn what_is_stale_is_neither_served_nor_left() {
        #[cached(expire = 100, stale = 50, stale_if_error = 500, bypass = fresh, key = id)]
        async fn passed(id: u64, fresh: bool, origin: Origin) -> Result<u32, &'static str> {
            let _ = fresh;
            origin.next().await
        }
        let origin = Origin::default();
        let call = |fresh| passed(1, fresh, origin.clone());
        call(false).await.unwrap();
        pass(100).await;
        assert_eq!(call(true).await, Ok(2));
        assert_eq!(seen(call(false)).await, (Ok(2), Outcome::Hit));
        pass(100).await;
        origin.fail(true);
        assert_eq!(seen(call(true)).await, (Ok(2), Outcome::Stale), "but where the body fails");
        assert_eq!(seen(call(false)).await, (Ok(2), Outcome::Stale), "and it is left to others");
    }

    #[cachefn::test(config = paused())]
    async fn a_body_that_fails_is_answered_with_the_last_value_fresh_or_stale_and_for_no_longer() {
        #[cached(expire = 100, stale_if_error = 500, bypass = fresh, key = id)]
        async fn passed(id: u64, fresh: bool, origin: &Origin) -> Result<u32, &'static str> {
            let _ = fresh;
            origin.next().await
        }
        let origin = Origin::default();
        passed(1, false, &origin).await.unwrap();
        origin.fail(true);
        assert_eq!(seen(passed(1, true, &origin)).await, (Ok(1), Outcome::Hit));
        assert_eq!(seen(cachefn::bypass(passed(1, false, &origin))).await, (Ok(1), Outcome::Hit));
        pass(100).await;
        assert_eq!(seen(passed(1, true, &origin)).await, (Ok(1), Outcome::Stale));
        assert_eq!(seen(cachefn::bypass(passed(1, false, &origin))).await, (Ok(1), Outcome::Stale));
        assert_eq!(origin.runs(), 5, "each has tried its body");
        assert_eq!(
            refresh_passed(1, true, &origin).await,
            Err("the origin is away"),
            "who refreshes is told"
        );
        invalidate_passed(1).await;
        assert_eq!(passed(1, true, &origin).await, Err("the origin is away"), "it was invalidated");
        origin.fail(false);
        passed(1, false, &origin).await.unwrap();
        origin.fail(true);
        pass(600).await;
        assert_eq!(passed(1, true, &origin).await, Err("the origin is away"), "its time is over");
    }

    #[cachefn::test(config = paused())]
    async fn a_body_that_is_slow_is_waited_for() {
        #[cached(expire = 100, stale_if_error = 500, timeout = "100ms", bypass = fresh, key = id)]
        async fn passed(id: u64, fresh: bool, origin: Origin) -> Result<u32, &'static str> {
            let _ = fresh;
            origin.next().await
        }
        let origin = Origin::default();
        passed(1, false, origin.clone()).await.unwrap();
        origin.entered().await;
        origin.close();
        let call = cachefn::testing::spawn(passed(1, true, origin.clone()));
        origin.entered().await;
        pass(1).await;
        tokio::task::yield_now().await;
        assert!(!call.is_finished());
        origin.open(1);
        assert_eq!(call.await.unwrap(), Ok(2));
    }

    /// The call that asks past the cache began later than the refresh.
    #[cachefn::test(config = paused())]
    async fn it_outdoes_a_refresh_that_is_under_way() {
        #[cached(expire = 100, stale = 50, bypass = fresh, key = id)]
        async fn passed(id: u64, fresh: bool, origin: Origin) -> Result<u32, &'static str> {
            let _ = fresh;
            origin.next().await
        }
        let (origin, other) = (Origin::default(), Origin::default());
        let call = || passed(1, false, origin.clone());
        call().await.unwrap();
        origin.entered().await;
        pass(100).await;
        origin.close();
        assert_eq!(seen(call()).await, (Ok(1), Outcome::Stale));
        origin.entered().await;
        other.0.runs.store(100, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(passed(1, true, other).await, Ok(101));
        origin.open(1);
        until("the refresh has ended", || origin.ended() == 2 && cachefn::status().flights == 0).await;
        assert_eq!(seen(call()).await, (Ok(101), Outcome::Hit));
    }
}
