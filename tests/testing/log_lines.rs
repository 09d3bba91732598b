//! How many log lines calls cause: one for each function and reason, then one a minute with how many were left out.

use std::future::Future;
use std::time::Duration;

use cachefn::testing::{Clock, FaultyBackend, isolated};
use cachefn::{Config, cached, invalidates};
use cachefn_tests::logs;
use serde::{Deserialize, Serialize};
use tracing::Level;

const CALLS: u32 = 50;

/// The warnings of a function so far.
fn warnings(function: &str) -> Vec<String> {
    let lines = logs::lines(&format!("{function}\""));
    lines.into_iter().filter(|line| line.level == Level::WARN).map(|line| line.text).collect()
}

/// Makes calls that each cause a warning about `function`: many, another after half a minute, and one after a whole one.
async fn check<F: Future>(function: &str, reason: &str, call: impl Fn(u32) -> F) {
    logs::capture();
    let clock = Clock::new();
    let config = Config::builder().enabled(true).backend(&FaultyBackend::new()).clock(&clock);
    isolated(config.build().unwrap(), async {
        for id in 0..CALLS {
            call(id).await;
        }
        let said = warnings(function);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(reason) && !said[0].contains("left_out"), "{said:?}");
        clock.advance(Duration::from_secs(30));
        call(CALLS).await;
        assert_eq!(warnings(function).len(), 1);
        clock.advance(Duration::from_secs(31));
        call(CALLS + 1).await;
        let said = warnings(function);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[1].contains(&format!("left_out={CALLS}")), "{said:?}");
    })
    .await;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Login {
    name: String,
    #[serde(skip_serializing)]
    #[expect(dead_code, reason = "it is there not to be written")]
    password: String,
}

#[cached(key = id)]
async fn logs_in(id: u32) -> Login {
    Login { name: id.to_string(), password: "sesame".into() }
}

#[tokio::test]
async fn of_values_that_the_codec_cannot_carry() {
    check("logs_in", "a value cannot be stored in Redis", logs_in).await;
}

#[cached(key = id)]
async fn is_large(id: u32) -> String {
    id.to_string().repeat(2 << 20)
}

#[tokio::test]
async fn of_values_that_are_too_large() {
    check("is_large", "larger than allowed", is_large).await;
}

/// Cannot be written.
#[derive(Clone, Debug, Deserialize)]
struct Stubborn;

impl Serialize for Stubborn {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("stubborn"))
    }
}

#[cached(key = id)]
async fn is_stubborn(id: u32) -> Stubborn {
    let _ = id;
    Stubborn
}

#[tokio::test]
async fn of_values_whose_serialize_fails() {
    check("is_stubborn", "stubborn", is_stubborn).await;
}

#[cached(skip(id))]
async fn asks_for(id: u32, what: Stubborn) -> u32 {
    let _ = what;
    id
}

#[tokio::test]
async fn of_arguments_that_cannot_be_in_a_key() {
    check("asks_for", "an argument cannot be written into a key", |id| asks_for(id, Stubborn)).await;
}

#[cached(skip(id))]
async fn is_invalidated(id: u32, what: Stubborn) -> u32 {
    let _ = what;
    id
}

#[tokio::test]
async fn of_invalidations_whose_arguments_cannot_be_in_a_key() {
    check("is_invalidated", "an argument cannot be written into a key", |_| {
        invalidate_is_invalidated(Stubborn)
    })
    .await;
}

#[cached(key = id, sensitive)]
async fn is_secret(id: u32) -> u32 {
    id
}

#[tokio::test]
async fn of_sensitive_keys_without_a_secret() {
    check("is_secret", "set CACHE_SECRET", is_secret).await;
}

#[cached(key = id, tags_with = |id: &u32| (0..100 + id % 2).map(|tag| format!("tag:{tag}")).collect::<Vec<_>>())]
async fn has_tags(id: u32) -> u32 {
    id
}

#[tokio::test]
async fn of_values_with_too_many_tags() {
    check("has_tags", "more than 64 tags", has_tags).await;
}

struct Maker<R>(fn(u32) -> R);

impl<R: Clone + Serialize + for<'de> Deserialize<'de> + Send + Sync + 'static> Maker<R> {
    #[cached(key = id)]
    async fn computes(&self, id: u32) -> R {
        (self.0)(id)
    }
}

#[tokio::test]
async fn of_results_that_the_signature_does_not_show() {
    check("computes", "is a Result or Option", |id| async move { Maker(Some).computes(id).await }).await;
}

#[cached(namespace = "log-lines", key = "shared:{id}")]
async fn shares(id: u32) -> u32 {
    id
}

#[cached(namespace = "log-lines", key = "shared:{id}")]
async fn shares_too(id: u32) -> u64 {
    id.into()
}

#[tokio::test]
async fn of_functions_that_share_a_key() {
    check("shares", "another function stores under the same key", |id| async move {
        shares_too(id).await;
        shares(id).await
    })
    .await;
}

#[invalidates(tag("{what}"))]
async fn writes(what: Unwritten) {
    let _ = what;
}

/// Displays as what no tag can be written of.
#[derive(Clone, Copy)]
struct Unwritten;

impl std::fmt::Display for Unwritten {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Err(std::fmt::Error)
    }
}

impl Serialize for Unwritten {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("unwritten"))
    }
}

#[tokio::test]
async fn of_groups_that_cannot_be_named() {
    logs::capture();
    let config = Config::builder().enabled(true).build().unwrap();
    isolated(config, async {
        for _ in 0..CALLS {
            writes(Unwritten).await;
        }
    })
    .await;
    assert_eq!(warnings("function=\"tag").len(), 1);
}
