//! Values that go through their codecs.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;

use cachefn::testing::{isolated, strict};
use cachefn::{Config, cached};
use serde::{Deserialize, Serialize};

use super::Runs;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    #[serde(skip)]
    password: String,
    #[serde(flatten)]
    more: HashMap<String, u8>,
}

#[cached(namespace = "strict", key = id)]
async fn get(id: u64) -> Result<Option<User>, String> {
    Ok(Some(User { id, password: "sesame".into(), more: HashMap::from([("a".into(), 1)]) }))
}

#[cachefn::test(config = strict())]
async fn a_hit_is_what_would_come_from_redis() {
    let user =
        |password: &str| User { id: 7, password: password.into(), more: HashMap::from([("a".into(), 1)]) };
    assert_eq!(get(7).await, Ok(Some(user("sesame"))));
    assert_eq!(get(7).await, Ok(Some(user(""))));
    assert_eq!(cachefn::stats().total().hits, 1);
    cachefn::cache().set("it", user("sesame")).await;
    assert_eq!(cachefn::cache().get("it").await, Some(user("")));
}

#[cachefn::test(config = Config::builder().enabled(true).strict(false).build().unwrap())]
async fn memory_alone_keeps_what_it_is_given() {
    assert_eq!(get(7).await, get(7).await);
}

/// Writes what it cannot read.
#[derive(Clone, Debug)]
struct Lossy;

impl Serialize for Lossy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("lossy")
    }
}

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|_| Self)
    }
}

#[cached(namespace = "strict", key = "lossy", codec = Json)]
async fn lossy() -> Lossy {
    Lossy
}

#[cached(namespace = "strict", key = "unfit", codec = Json)]
async fn unfit(runs: &Runs) -> f64 {
    f64::from(runs.next()) / 0.0
}

/// What the future panics with.
async fn panic_of(future: impl Future<Output = ()>) -> String {
    let mut future = Box::pin(isolated(strict(), future));
    std::future::poll_fn(|cx| {
        let poll = AssertUnwindSafe(|| future.as_mut().poll(cx));
        match std::panic::catch_unwind(poll) {
            Ok(polled) => polled.map(|()| String::new()),
            Err(panic) => std::task::Poll::Ready(*panic.downcast::<String>().unwrap()),
        }
    })
    .await
}

#[tokio::test]
async fn what_redis_would_not_have_fails_the_test_and_says_why() {
    let message = panic_of(async { assert!(matches!(lossy().await, Lossy)) }).await;
    assert!(message.contains("strict::lossy` returns a value"), "{message}");
    assert!(
        message.contains("not read back as it was written") && message.contains("strict::Lossy"),
        "{message}"
    );
    let runs = Runs::default();
    let message = panic_of(async { assert!(unfit(&runs).await.is_infinite()) }).await;
    assert!(message.contains("strict::unfit`") && message.contains("the codec cannot carry"), "{message}");
}

/// Hides that it is a set.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Roles(HashSet<u8>);

#[derive(Clone, PartialEq, Serialize)]
struct Listed {
    #[serde(serialize_with = "instant")]
    since: (i32, i8),
    ids: Vec<u8>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn instant<S: serde::Serializer>((hour, offset): &(i32, i8), serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("2024-02-29T{:02}:00:00{offset:+03}:00", hour + i32::from(*offset)))
}

#[cached(namespace = "strict", key = roles)]
async fn of_roles(roles: &Roles) -> usize {
    roles.0.len()
}

#[cached(namespace = "strict", key = listed)]
async fn listed(listed: &Listed) -> usize {
    listed.ids.len()
}

/// Two sets that are equal and have different orders.
fn two_orders() -> (Roles, Roles) {
    let set = || Roles((0..20).collect());
    let first = set();
    let other = std::iter::repeat_with(set).find(|other| !first.0.iter().eq(&other.0));
    (first, other.expect("the orders of sets are random"))
}

#[tokio::test]
async fn equal_arguments_with_different_keys_fail_the_test_and_say_what_to_write() {
    let (one, other) = two_orders();
    let message = panic_of(async { assert_eq!(of_roles(&one).await, of_roles(&other).await) }).await;
    assert!(message.contains("strict::of_roles` was given arguments that may be equal"), "{message}");
    assert!(message.contains("`key = …`") && message.contains("BTreeSet"), "{message}");
    let message = panic_of(async {
        of_roles(&one).await;
        invalidate_of_roles(&other).await;
    });
    assert!(message.await.contains("may be equal"));

    let at = |hour, offset| Listed { since: (hour, offset), ids: vec![1] };
    let message = panic_of(async { assert_eq!(listed(&at(12, 0)).await, listed(&at(12, 2)).await) }).await;
    assert!(message.contains("strict::listed`") && message.contains("+02"), "{message}");
}

#[cachefn::test(config = strict())]
async fn lists_in_different_orders_are_different_arguments() {
    let of = |ids: [u8; 2]| Listed { since: (12, 0), ids: ids.to_vec() };
    assert_eq!((listed(&of([1, 2])).await, listed(&of([2, 1])).await), (2, 2));
    assert_eq!(cachefn::stats().total().misses, 2);
    let (one, _) = two_orders();
    assert_eq!((of_roles(&one).await, of_roles(&one).await), (20, 20));
    invalidate_of_roles(&one).await;
    assert_eq!(of_roles(&one).await, 20);
}
