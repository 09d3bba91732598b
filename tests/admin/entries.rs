//! One entry, shown, stored and invalidated.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::StatusCode;
use cachefn::cached;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Runs, at, delete, get, post};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: Option<String>,
}

#[cached(namespace = "entries", key = id, expire = 60)]
async fn user(id: u64, runs: &Runs) -> Result<Option<User>, ()> {
    runs.next();
    Ok(Some(User { id, name: None }))
}

fn key(function: &str, arguments: &str) -> String {
    at(&format!("cachefn:entries:{function}:{arguments}"))
}

#[cachefn::test]
async fn an_entry_is_shown_with_its_life_and_is_gone_after_its_invalidation() {
    let runs = Runs::default();
    user(u64::MAX, &runs).await.unwrap();
    let path = key("user", &u64::MAX.to_string());
    let shown = get(&path).await;
    assert_eq!(shown.status, StatusCode::OK, "{shown:?}");
    assert_eq!(shown.body["key"], format!("cachefn:entries:user:{}", u64::MAX));
    assert_eq!(shown.body["value"], json!({"id": u64::MAX, "name": null}));
    assert!(shown.body["function"].as_str().unwrap().ends_with("entries::user"));
    let ttl = shown.body["ttl"].as_f64().unwrap();
    assert!(ttl > 55.0 && ttl <= 60.0, "{ttl}");
    assert_eq!(shown.body["stale"], false);
    assert_eq!(shown.headers["cache-control"], "no-store");

    let struck = delete(&path).await;
    assert_eq!((struck.status, &struck.body["invalidated"]), (StatusCode::OK, &json!("applied")));
    assert_eq!(get(&path).await.status, StatusCode::NOT_FOUND);
    user(u64::MAX, &runs).await.unwrap();
    assert_eq!(runs.get(), 2);
}

#[cachefn::test]
async fn a_key_may_hold_any_character() {
    #[cached(namespace = "entries", key = text)]
    async fn odd(text: &str, runs: &Runs) -> String {
        runs.next();
        text.to_owned()
    }
    let runs = Runs::default();
    for text in ["a/b?c#d", "ä ö%2F", "", "..", "a:b\n\0{*}[x]", "<script>", &"long".repeat(80)] {
        let (_, report) = cachefn::observe(odd(text, &runs)).await;
        let before = runs.get();
        let path = at(&report.calls[0].key);
        assert_eq!(get(&path).await.body["value"], text, "{path}");
        assert_eq!(delete(&path).await.status, StatusCode::OK, "{path}");
        odd(text, &runs).await;
        assert_eq!(runs.get(), before + 1, "{text} was invalidated");
    }
    let misplaced = get("/cachefn:entries:odd:a/b").await;
    assert_eq!(misplaced.status, StatusCode::NOT_FOUND);
    assert!(misplaced.error().contains("%2F"));
    assert_eq!(get("/%ff").await.status, StatusCode::BAD_REQUEST);
}

#[cachefn::test]
async fn a_value_that_is_stored_by_hand_is_what_the_next_call_returns() {
    let runs = Runs::default();
    user(7, &runs).await.unwrap();
    let stored = post(&key("user", "7"), r#"{"value": {"id": 9, "name": "Ada"}, "ttl": 20}"#).await;
    assert_eq!(stored.status, StatusCode::OK, "{stored:?}");
    let expected = User { id: 9, name: Some("Ada".into()) };
    assert_eq!(user(7, &runs).await, Ok(Some(expected)));
    assert_eq!(runs.get(), 1);
    let ttl = get(&key("user", "7")).await.body["ttl"].as_f64().unwrap();
    assert!(ttl > 15.0 && ttl <= 20.0, "{ttl}");
    // And one that was not there before, for as long as the function says.
    assert_eq!(post(&key("user", "8"), r#"{"value": {"id": 8, "name": null}}"#).await.status, StatusCode::OK);
    assert!(get(&key("user", "8")).await.body["ttl"].as_f64().unwrap() > 55.0);
    user(8, &runs).await.unwrap();
    assert_eq!(runs.get(), 1);
}

#[cachefn::test]
async fn what_is_stored_by_hand_beats_a_load_that_began_before() {
    use std::sync::Arc;
    use tokio::sync::Semaphore;

    #[cached(namespace = "entries", key = 1)]
    async fn slow(entered: Arc<Semaphore>, gate: Arc<Semaphore>) -> u32 {
        entered.add_permits(1);
        gate.acquire().await.unwrap().forget();
        1
    }
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let load = cachefn::testing::spawn(slow(Arc::clone(&entered), Arc::clone(&gate)));
    entered.acquire().await.unwrap().forget();
    let path = at("cachefn:entries:what_is_stored_by_hand_beats_a_load_that_began_before::slow:1");
    assert_eq!(post(&path, r#"{"value": 2}"#).await.status, StatusCode::OK);
    gate.add_permits(1);
    assert_eq!(load.await.unwrap(), 1);
    assert_eq!(slow(entered, gate).await, 2);
}

#[cachefn::test]
async fn what_does_not_fit_the_type_is_refused_with_the_reason() {
    let runs = Runs::default();
    user(7, &runs).await.unwrap();
    let path = key("user", "7");
    for (body, reason) in [
        (r#"{"value": {"id": "seven"}}"#, "expected u64"),
        (r#"{"value": {"name": "Ada"}}"#, "missing field `id`"),
        (r#"{"value": null}"#, "stores no `None`"),
        (r#"{"value": 1, "lives": 3}"#, "unknown field `lives`"),
        (r#"{"ttl": 3}"#, "missing field `value`"),
        ("not JSON", "expected ident"),
        (r#"{"value": {"id": 1, "name": null}, "ttl": 0}"#, "`ttl` is"),
        (r#"{"value": {"id": 1, "name": null}, "ttl": -1}"#, "`ttl` is"),
        (r#"{"value": {"id": 1, "name": null}, "ttl": 1e999}"#, "number out of range"),
        ("", "EOF"),
    ] {
        let refused = post(&path, body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}: {refused:?}");
        assert!(refused.error().contains(reason), "{body}: {}", refused.error());
    }
    assert_eq!(get(&path).await.body["value"]["id"], 7, "what stood there stands");
    let unknown = post(&at("cachefn:entries:nobody:7"), r#"{"value": 1}"#).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let elsewhere = post(&at("other:entries:user:7"), r#"{"value": 1}"#).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    assert!(elsewhere.error().contains("`cachefn:`"));
}

#[cachefn::test]
async fn a_body_that_is_too_large_is_not_read() {
    user(7, &Runs::default()).await.unwrap();
    let body = format!(r#"{{"value": {{"id": 1, "name": "{}"}}}}"#, "x".repeat(5 << 20));
    let refused = post(&key("user", "7"), Body::from(body)).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(!refused.error().is_empty());
}

#[cachefn::test]
async fn a_none_is_stored_where_the_function_stores_it() {
    #[cached(namespace = "entries", key = id, none = 5)]
    async fn maybe(id: u8, runs: &Runs) -> Option<u8> {
        runs.next();
        Some(id)
    }
    let runs = Runs::default();
    let (_, report) = cachefn::observe(maybe(1, &runs)).await;
    let path = at(&report.calls[0].key);
    assert_eq!(post(&path, r#"{"value": null}"#).await.status, StatusCode::OK);
    assert_eq!((maybe(1, &runs).await, runs.get()), (None, 1));
    assert!(get(&path).await.body["ttl"].as_f64().unwrap() <= 5.0);
}

#[cachefn::test]
async fn what_a_key_does_not_tell_is_not_stored_by_hand() {
    #[cached(namespace = "entries", key = id, tags = ["org:{id}"])]
    async fn tagged(id: u8) -> u8 {
        id
    }
    #[cached(namespace = "entries", key = id, tags_with = |id| [format!("org:{id}")])]
    async fn tagged_by_value(id: u8) -> u8 {
        id
    }
    #[cached(namespace = "entries:{id}", key = id)]
    async fn dynamic(id: u8) -> u8 {
        id
    }
    #[cached(namespace = "entries", key = id, sensitive)]
    async fn secret(id: u8) -> u8 {
        id
    }
    #[cached(namespace = "entries", key = id)]
    async fn generic<T: From<u8> + Clone + Send + Sync + Serialize + for<'de> Deserialize<'de> + 'static>(
        id: u8,
    ) -> Vec<T> {
        vec![T::from(id)]
    }

    let ((), report) = cachefn::observe(async {
        tagged(1).await;
        tagged_by_value(1).await;
        dynamic(1).await;
        generic::<u16>(1).await;
    })
    .await;
    for (call, reason) in report.calls.iter().zip(["tags", "tags", "namespace", ""]).take(3) {
        let path = at(&call.key);
        assert_eq!(get(&path).await.body["value"], 1, "{path}");
        let refused = post(&path, r#"{"value": 2}"#).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{path}");
        assert!(
            refused.error().contains(reason) && refused.error().contains("refresh_"),
            "{}",
            refused.error()
        );
    }
    // One instance is all there are.
    let generically = at(&report.calls[3].key);
    assert_eq!(get(&generically).await.body["value"], json!([1]));
    assert_eq!(post(&generically, r#"{"value": [2]}"#).await.status, StatusCode::OK);
    assert_eq!(generic::<u16>(1).await, [2]);
    generic::<u32>(2).await;
    let two = at("cachefn:entries:what_a_key_does_not_tell_is_not_stored_by_hand::generic:3");
    assert!(post(&two, r#"{"value": [2]}"#).await.error().contains("several types"));
    assert_eq!(delete(&generically).await.status, StatusCode::OK);
    assert_eq!(generic::<u16>(1).await, [1]);

    let (_, report) = cachefn::observe(secret(5)).await;
    let digest = &report.calls[0].key;
    assert!(digest.contains("%x"), "{digest}");
    assert_eq!(post(&at(digest), r#"{"value": 6}"#).await.status, StatusCode::OK);
    assert_eq!(secret(5).await, 6);
    let open = digest.rsplit_once(':').unwrap().0.to_owned() + ":5";
    assert_eq!(post(&at(&open), r#"{"value": 7}"#).await.status, StatusCode::CONFLICT);
    assert_eq!(delete(&at(&open)).await.status, StatusCode::CONFLICT, "it would stand in the log");
    assert_eq!(delete(&at(digest)).await.status, StatusCode::OK);
    assert_eq!(secret(5).await, 5);
}

#[cachefn::test]
async fn a_value_that_cannot_be_json_is_null_with_the_reason() {
    #[cached(namespace = "maps", key = "map")]
    async fn map() -> HashMap<(u8, u8), u8> {
        HashMap::from([((1, 2), 3)])
    }
    map().await;
    let shown = get(&at("cachefn:maps:map")).await;
    assert_eq!((shown.status, &shown.body["value"]), (StatusCode::OK, &json!(null)));
    assert!(shown.body["value_error"].as_str().unwrap().contains("key"), "{shown:?}");
}

#[cachefn::test]
async fn values_that_no_function_produces_are_shown_and_invalidated() {
    let sessions = cachefn::cache().namespace("web:sessions");
    sessions.set("c0:ffee", User { id: 7, name: None }).await;
    let path = at("cachefn:web:sessions:c0%3Affee");
    let shown = get(&path).await;
    assert_eq!(shown.body["value"], json!({"id": 7, "name": null}), "{shown:?}");
    assert_eq!(post(&path, r#"{"value": {"id": 8, "name": null}}"#).await.status, StatusCode::CONFLICT);
    assert_eq!(delete(&path).await.status, StatusCode::OK);
    assert_eq!(sessions.get::<User>("c0:ffee").await, None);
}

#[cachefn::test]
async fn the_cache_of_a_test_is_its_own() {
    let config = || cachefn::Config::builder().enabled(true).prefix("apart").build().unwrap();
    user(41, &Runs::default()).await.unwrap();
    cachefn::testing::isolated(config(), async {
        assert_eq!(get("/keys").await.body["keys"], json!([]));
        user(42, &Runs::default()).await.unwrap();
        assert_eq!(get(&at("apart:entries:user:42")).await.body["value"]["id"], 42);
        let stats = get("/stats").await;
        assert_eq!((&stats.body["total"]["misses"], &stats.body["total"]["entries"]), (&json!(1), &json!(1)));
        assert_eq!(delete("").await.status, StatusCode::OK);
    })
    .await;
    assert_eq!(get(&key("user", "41")).await.status, StatusCode::OK);
}

#[cachefn::test]
async fn templates_are_found_by_their_namespace() {
    #[cached(namespace = "templates", key = "{id}:single")]
    async fn single(id: u8) -> u8 {
        id
    }
    single(4).await;
    assert_eq!(get(&at("cachefn:templates:4:single")).await.body["value"], 4);
    assert_eq!(post(&at("cachefn:templates:4:single"), r#"{"value": 5}"#).await.status, StatusCode::OK);
    assert_eq!(single(4).await, 5);
    // What no entry says is a template's might as well be a slip of the pen.
    assert_eq!(
        post(&at("cachefn:templates:5:double"), r#"{"value": 5}"#).await.status,
        StatusCode::NOT_FOUND
    );
}
