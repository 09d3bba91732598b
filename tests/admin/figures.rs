//! What was counted, how it stands, and which functions there are.

use axum::http::StatusCode;
use cachefn::cached;
use serde_json::{Value, json};

use super::get;

#[cached(namespace = "figures", key = id, expire = 20, none = 5, stale = "250ms", jitter = 0.1, version = 3)]
async fn counted(id: u8) -> Option<Vec<u8>> {
    Some(vec![id; 1000])
}

fn function<'a>(body: &'a Value, end: &str) -> &'a Value {
    let functions = body["functions"].as_array().unwrap();
    functions.iter().find(|one| one["function"].as_str().unwrap().ends_with(end)).unwrap()
}

#[cachefn::test]
async fn figures_are_those_of_stats_and_sizes_those_of_memory() {
    for id in [1, 2, 1, 1] {
        counted(id).await;
    }
    invalidate_all_counted().await;
    counted(1).await;
    let answer = get("/stats").await;
    assert_eq!(answer.status, StatusCode::OK);
    let one = function(&answer.body, "figures::counted");
    assert_eq!((&one["hits"], &one["misses"], &one["fills"]), (&json!(2), &json!(3), &json!(3)));
    assert_eq!(one["reasons"], json!({"absent": 2, "invalidated": 1, "unreadable": 0}));
    assert_eq!((&one["hit_rate"], &one["namespace"]), (&json!(0.4), &json!("figures")));
    assert_eq!(one["hits_from"], json!({"memory": 2, "redis": 0}));
    assert_eq!(one["lookup_ms_from"]["redis"], json!({"p50": null, "p99": null}));
    assert_eq!(one["entries"], 1, "what was struck is not counted");
    assert!(one["bytes"].as_u64().unwrap() > 1_000 && one["body_ms"]["p99"].as_f64().unwrap() > 0.0);
    assert!(answer.body["total"]["misses"].as_u64().unwrap() >= 3);
    assert_eq!(answer.body["memory"]["max_bytes"], 64 << 20);
}

#[cachefn::test]
async fn functions_are_listed_with_their_arguments() {
    counted(1).await;
    let answer = get("/functions").await;
    let one = function(&answer.body, "figures::counted");
    assert_eq!(one["namespace"], "figures");
    for (argument, value) in [
        ("expire", json!(20.0)),
        ("none", json!(5.0)),
        ("stale", json!(0.25)),
        ("jitter", json!(0.1)),
        ("version", json!(3)),
        ("timeout", Value::Null),
        ("lease", json!(false)),
        ("tags", json!(false)),
    ] {
        assert_eq!(one[argument], value, "{argument}");
    }
}

#[cached(namespace = "figures:{tenant}", key = access_token)]
async fn exposing(tenant: u8, access_token: &str) -> usize {
    usize::from(tenant) + access_token.len()
}

#[cachefn::test]
async fn health_has_the_advice_and_the_label_of_a_template_is_as_it_is_written() {
    assert_eq!(get("/health").await.body["advice"], json!([]));
    exposing(7, "t0p-s3cret").await;
    let advice = &get("/health").await.body["advice"];
    assert_eq!(advice.as_array().map(Vec::len), Some(1), "{advice}");
    assert_eq!(advice[0]["kind"], "exposed_secret");
    assert!(advice[0]["function"].as_str().unwrap().ends_with("figures::exposing"));
    assert!(advice[0]["message"].as_str().unwrap().contains("`access_token`"), "{advice}");
    for path in ["/stats", "/functions"] {
        assert_eq!(function(&get(path).await.body, "exposing")["namespace"], "figures:{tenant}", "{path}");
    }
}

#[cachefn::test]
async fn memory_is_well() {
    let health = get("/health").await;
    assert_eq!(health.status, StatusCode::OK);
    assert_eq!((&health.body["status"], &health.body["mode"]), (&json!("ok"), &json!("memory")));
    assert_eq!(health.body["redis"], Value::Null);
    assert_eq!(get("/health?verbose=1").await.status, StatusCode::BAD_REQUEST);
}
