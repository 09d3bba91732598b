//! Values that no function produces: `cache()`.

use std::sync::Arc;
use std::time::Duration;

use cachefn::{Outcome, cached, invalidate_namespace, invalidate_tag, invalidates, observe};
use tokio::sync::Semaphore;

use super::{Runs, User};
use crate::cache;

fn user(id: u64) -> User {
    User { id, org: format!("org {id}"), run: 1 }
}

#[tokio::test]
async fn what_is_set_is_found_until_it_is_removed() {
    let _cache = cache().await;
    let users = cachefn::cache().namespace("storing-a");
    assert_eq!(users.get::<User>("7").await, None);
    users.set("7", user(7)).await;
    // What was found once is found in another way.
    for _ in 0..3 {
        assert_eq!(users.get("7").await, Some(user(7)));
    }
    users.set("7", user(8)).await;
    assert_eq!(users.get("7").await, Some(user(8)), "the later value stands");
    assert_eq!(users.get::<User>("8").await, None);
    users.remove("7").await;
    assert_eq!(users.get::<User>("7").await, None);
}

#[tokio::test]
async fn a_value_of_another_type_is_none_and_makes_way() {
    #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Id(u64);

    let _cache = cache().await;
    let values = cachefn::cache().namespace("storing-b");
    values.set("it", Id(7)).await;
    assert_eq!(values.get::<u64>("it").await, None);
    assert_eq!(values.get::<String>("it").await, None);
    assert_eq!(values.get("it").await, Some(Id(7)));
    values.set("it", 8_u64).await;
    assert_eq!(values.get::<Id>("it").await, None, "the old one is gone");
    assert_eq!(values.get("it").await, Some(8_u64));
    values.remove("it").await;
    assert_eq!(values.get::<u64>("it").await, None, "of whatever type it is");
}

#[tokio::test]
async fn namespaces_and_keys_are_different_places_whatever_they_hold() {
    let _cache = cache().await;
    let of = |namespace: &str| cachefn::cache().namespace(format!("storing-c:{namespace}"));
    let places = [
        ("a", "b:c"),
        ("a:b", "c"),
        ("a", "b"),
        ("a", "b%3Ac"),
        ("a%3Ab", "c"),
        ("a", ""),
        ("", "a"),
        ("a:", "b"),
        ("a", "%e"),
        ("", ""),
        ("a", "b\0c"),
        ("a", "b\nc"),
        ("a", "*"),
        ("a", "[b]"),
        ("a", "ä"),
        ("A", "b"),
    ];
    for (number, (namespace, key)) in places.into_iter().enumerate() {
        of(namespace).set(key, number).await;
    }
    for (number, (namespace, key)) in places.into_iter().enumerate() {
        assert_eq!(of(namespace).get(key).await, Some(number), "{namespace}, {key}");
    }
    invalidate_namespace("storing-c:a").await;
    for (number, (namespace, key)) in places.into_iter().enumerate() {
        let struck = namespace == "a" || namespace.starts_with("a:");
        assert_eq!(of(namespace).get(key).await, (!struck).then_some(number), "{namespace}, {key}");
    }
}

#[tokio::test]
async fn whatever_invalidates_reaches_it() {
    #[invalidates(tag("storing-d:{org}"))]
    async fn write(org: u64) {}

    let _cache = cache().await;
    let values = cachefn::cache().namespace("storing-d");
    let tagged = values.clone().tag("storing-d:7").tag("storing-d");
    let set = async || {
        values.set("plain", 1).await;
        tagged.set("tagged", 2).await;
        assert_eq!((values.get("plain").await, values.get("tagged").await), (Some(1), Some(2)));
    };
    let get = async || (values.get::<i32>("plain").await, tagged.get::<i32>("tagged").await);
    set().await;
    invalidate_tag("storing-d:7").await;
    assert_eq!(get().await, (Some(1), None));
    set().await;
    write(7).await;
    assert_eq!(get().await, (Some(1), None));
    set().await;
    invalidate_namespace("storing-d").await;
    assert_eq!(get().await, (None, None));
}

#[tokio::test]
async fn a_body_runs_once_for_all_who_ask_at_a_time() {
    let _cache = cache().await;
    let (values, runs) = (cachefn::cache().namespace("storing-e"), Arc::new(Runs::default()));
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let call = || {
        let (values, runs) = (values.clone(), Arc::clone(&runs));
        let (entered, gate) = (Arc::clone(&entered), Arc::clone(&gate));
        let body = async move || {
            entered.add_permits(1);
            gate.acquire().await.unwrap().forget();
            runs.next()
        };
        tokio::spawn(async move { observe(values.get_or_fill("it", body)).await })
    };
    let leader = call();
    entered.acquire().await.unwrap().forget();
    let follower = call();
    tokio::task::yield_now().await;
    gate.add_permits(2);
    let (first, second) = (leader.await.unwrap(), follower.await.unwrap());
    assert_eq!((first.0, second.0, runs.get()), (1, 1, 1));
    assert_eq!(first.1.count(Outcome::Miss), 1);
    assert_eq!(values.get("it").await, Some(1_u32));
}

#[tokio::test]
async fn only_a_success_is_stored() {
    let _cache = cache().await;
    let (values, runs) = (cachefn::cache().namespace("storing-f"), Runs::default());
    let get = async |fails: bool| {
        let body = async || if fails { Err(runs.next()) } else { Ok(runs.next()) };
        values.try_get_or_fill("it", body).await
    };
    assert_eq!([get(true).await, get(false).await, get(true).await], [Err(1), Ok(2), Ok(2)]);
    let maybe = async || {
        values
            .get_or_fill("none", async || {
                runs.next();
                None::<u8>
            })
            .await
    };
    assert_eq!((maybe().await, maybe().await, runs.get()), (None, None, 3));
}

/// What runs while a body of `get_or_fill` does, and what is found afterwards.
async fn meanwhile(namespace: &str, step: impl AsyncFnOnce(&cachefn::Store)) -> (u32, Option<u32>) {
    let values = cachefn::cache().namespace(namespace);
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let body = {
        let (entered, gate) = (Arc::clone(&entered), Arc::clone(&gate));
        async move || {
            entered.add_permits(1);
            gate.acquire().await.unwrap().forget();
            1
        }
    };
    let filling = values.clone();
    let filling = tokio::spawn(async move { filling.get_or_fill("it", body).await });
    entered.acquire().await.unwrap().forget();
    step(&values).await;
    gate.add_permits(1);
    (filling.await.unwrap(), values.get("it").await)
}

#[tokio::test]
async fn a_body_that_is_running_undoes_nothing() {
    let _cache = cache().await;
    let struck = meanwhile("storing-g", async |values| {
        values.remove("it").await;
    })
    .await;
    assert_eq!(struck, (1, None));
    let set = meanwhile("storing-h", async |values| values.set("it", 2_u32).await).await;
    assert_eq!(set, (1, Some(2)), "what was set later stands");
}

#[tokio::test]
async fn what_is_invalidated_after_it_was_given_is_gone() {
    let _cache = cache().await;
    let values = cachefn::cache().namespace("storing-i");
    let tagged = values.clone().tag("storing-i");
    for round in 0..20 {
        // Nobody waits for it, so in Redis it is under way.
        let (plain, with_tag) = (values.set("plain", round), tagged.set("tagged", round));
        let (of_plain, of_tag) = (values.remove("plain"), invalidate_tag("storing-i"));
        tokio::join!(plain, with_tag, of_plain, of_tag);
        assert_eq!((values.get::<i32>("plain").await, values.get::<i32>("tagged").await), (None, None));
    }
    for round in 0..20 {
        let (first, second) = (values.set("it", round), values.set("it", -round));
        tokio::join!(first, second);
        assert_eq!(values.get("it").await, Some(-round), "of two that are given the later one stays");
    }
    drop(values.set("dropped", 1));
    while values.get::<i32>("dropped").await.is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn what_is_invalidated_elsewhere_keeps_no_value_out() {
    let _cache = cache().await;
    let values = cachefn::cache().namespace("storing-k").tag("storing-k");
    // So often, for what Redis says of the first has to come while the second is under way.
    for round in 1..=200 {
        let (first, second) = (values.set("it", round), values.set("it", -round));
        // Both are under way in Redis.
        let elsewhere = invalidate_namespace("storing-k2");
        tokio::join!(first, second, elsewhere);
        assert_eq!(values.get("it").await, Some(-round));
    }
}

#[tokio::test]
async fn it_lives_for_as_long_as_it_was_said() {
    let _cache = cache().await;
    let values = cachefn::cache().namespace("storing-j");
    values.clone().expire(Duration::from_millis(50)).set("short", 1).await;
    values.clone().expire(Duration::from_secs(3600)).set("long", 1).await;
    values.set("none", 1).await;
    values.clone().expire(Duration::ZERO).set("none", 2).await;
    assert_eq!(values.get::<i32>("none").await, None, "and what stood there is no longer true");
    cachefn_tests::pause(Duration::from_millis(80)).await;
    assert_eq!((values.get::<i32>("short").await, values.get("long").await), (None, Some(1)));
    let (_, report) = observe(values.get::<i32>("long")).await;
    let call = &report.calls[0];
    assert_eq!((call.function.as_str(), call.outcome), ("cache", Outcome::Hit));
    assert!(call.key.ends_with(":storing-j:long"), "{}", call.key);
    assert!(call.remaining.is_some_and(|left| left > Duration::from_secs(3500)));
    let ((), report) = observe(async { values.set("long", 2).await }).await;
    assert!(report.calls.is_empty(), "nothing was asked for");
    let (_, report) = observe(values.get::<i32>("short")).await;
    assert_eq!(report.count(Outcome::Miss), 1);
}

#[tokio::test]
async fn a_function_and_a_value_under_one_key_make_each_other_miss() {
    #[cached(namespace = "storing-k", key = "{id}")]
    async fn get(id: u64, runs: &Runs) -> u32 {
        runs.next()
    }

    let (_cache, runs) = (cache().await, Runs::default());
    let values = cachefn::cache().namespace("storing-k");
    assert_eq!(get(7, &runs).await, 1);
    assert_eq!(values.get::<u32>("7").await, None);
    values.set("7", 9_u32).await;
    assert_eq!(get(7, &runs).await, 2);
    assert_eq!(values.get::<u32>("7").await, None);
}
