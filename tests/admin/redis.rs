//! The same with Redis behind it, there and away.

use std::time::Duration;

use axum::http::StatusCode;
use cachefn::{Config, cached};
use cachefn_tests::{Cluster, Options, RedisServer, until};
use serde_json::json;

use super::keys::{number, walk};
use super::{Runs, Turn, at, delete, get, post};

async fn used(server: &RedisServer, near: bool) -> Turn {
    let config = Config::builder()
        .enabled(true)
        .redis_enabled(true)
        .redis_host("127.0.0.1")
        .redis_port(server.port())
        .near(near)
        .redis_timeout(Duration::from_secs(5));
    let turn = Turn::take(config).await;
    until("Redis is used", || cachefn::status().redis.is_some_and(|redis| redis.connected)).await;
    turn
}

#[cached(namespace = "shared", key = id, expire = 60)]
async fn shared(id: u8, runs: &Runs) -> (u8, u32) {
    (id, runs.next())
}

const SHARED: &str = "cachefn:shared:shared:1";

#[tokio::test]
async fn entries_are_read_out_of_redis_stored_there_and_invalidated() {
    for near in [false, true] {
        let server = RedisServer::start();
        let _turn = used(&server, near).await;
        let runs = Runs::default();
        assert_eq!(shared(1, &runs).await, (1, 1));
        let shown = get(&at(SHARED)).await;
        assert_eq!(shown.body["value"], json!([1, 1]), "{shown:?}");
        let ttl = shown.body["ttl"].as_f64().unwrap();
        assert!(ttl > 55.0 && ttl <= 60.0, "{ttl}");

        let stored = post(&at(SHARED), r#"{"value": [1, 77], "ttl": 30}"#).await;
        assert_eq!(stored.status, StatusCode::OK, "{stored:?}");
        assert_eq!(shared(1, &runs).await, (1, 77));
        let name = server.keys(":v:shared").pop().unwrap();
        let left: u64 = server.ask(&["PTTL", &name]);
        assert!(left <= 30_000, "{left}");

        assert_eq!(delete(&at(SHARED)).await.body["invalidated"], "applied");
        assert!(server.keys(":v:shared").is_empty());
        assert_eq!(get(&at(SHARED)).await.status, StatusCode::NOT_FOUND);
        assert_eq!(shared(1, &runs).await, (1, 2));
        assert_eq!(get("/health").await.body["mode"], "redis");
    }
}

#[tokio::test]
async fn a_thousand_keys_of_redis_come_once_each_and_by_their_logical_names() {
    let server = RedisServer::start();
    let _turn = used(&server, true).await;
    for id in 0..1_000 {
        number(id).await;
    }
    // Neighbours that are nobody's.
    for id in 0..100 {
        let _: () = server.ask(&["SET", &format!("else:{id}"), "x"]);
    }
    let expected: Vec<_> = (0..1_000).map(|id| format!("cachefn:listed:all:number:{id}")).collect();
    let walked = walk("namespace=listed&limit=50").await;
    assert_eq!(walked, expected.into_iter().collect());
    assert!(walk("namespace=nobody").await.is_empty());
}

#[tokio::test]
async fn the_keys_of_all_masters_of_a_cluster_are_listed() {
    let cluster = Cluster::start().await;
    let config = Config::builder()
        .enabled(true)
        .redis_enabled(true)
        .redis_cluster(true)
        .redis_host("127.0.0.1")
        .redis_port(cluster.settings().port)
        .redis_timeout(Duration::from_secs(5));
    let _turn = Turn::take(config).await;
    until("Redis is used", || cachefn::status().redis.is_some_and(|redis| redis.connected)).await;
    for id in 0..200 {
        number(id).await;
    }
    let expected: Vec<_> = (0..200).map(|id| format!("cachefn:listed:all:number:{id}")).collect();
    assert_eq!(walk("namespace=listed&limit=50").await, expected.into_iter().collect());
    assert_eq!(get(&at("cachefn:listed:all:number:7")).await.body["value"], 7);
    assert_eq!(post(&at("cachefn:listed:all:number:7"), r#"{"value": 8}"#).await.status, StatusCode::OK);
    assert_eq!(number(7).await, 8);
    assert_eq!(delete(&at("cachefn:listed:all:number:7")).await.body["invalidated"], "applied");
    assert_eq!(number(7).await, 7);
}

#[tokio::test]
async fn a_value_whose_tags_are_not_known_says_so() {
    #[cached(namespace = "shared", key = id, tags = ["org:{id}"])]
    async fn tagged(id: u8) -> u8 {
        id
    }
    #[cached(namespace = "by:{id}", key = id)]
    async fn dynamic(id: u8) -> u8 {
        id
    }
    let server = RedisServer::start();
    let _turn = used(&server, false).await;
    let (_, report) = cachefn::observe(async { (tagged(1).await, dynamic(9).await) }).await;
    let shown = get(&at(&report.calls[0].key)).await;
    assert_eq!((shown.status, &shown.body["value"]), (StatusCode::OK, &json!(null)), "{shown:?}");
    assert!(shown.body["value_error"].as_str().unwrap().contains("tags"));
    // The generations that an entry was stored under tell its namespace.
    assert_eq!(get(&at(&report.calls[1].key)).await.body["value"], 9);
    cachefn::invalidate_namespace("by").await;
    assert_eq!(get(&at(&report.calls[1].key)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_value_too_large_for_redis_is_refused_and_what_stands_there_stays() {
    #[cached(namespace = "shared", key = "text")]
    async fn text() -> String {
        "short".into()
    }
    let server = RedisServer::start();
    let _turn = used(&server, true).await;
    text().await;
    let (_, report) = cachefn::observe(text()).await;
    let path = at(&report.calls[0].key);
    let body = json!({"value": "x".repeat(2 << 20)}).to_string();
    assert_eq!(post(&path, body).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(text().await, "short");
}

#[tokio::test]
async fn while_redis_is_away_it_says_so_and_queues_invalidations() {
    let mut server = RedisServer::start();
    let _turn = used(&server, true).await;
    let runs = Runs::default();
    shared(1, &runs).await;
    server.kill();
    until("the loss is noticed", || cachefn::status().redis.is_some_and(|redis| !redis.connected)).await;
    let health = get("/health").await;
    assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        (&health.body["status"], &health.body["redis"]["connected"]),
        (&json!("degraded"), &json!(false))
    );

    assert_eq!(get("/keys").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&at(SHARED)).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(post(&at(SHARED), r#"{"value": [1, 2]}"#).await.status, StatusCode::SERVICE_UNAVAILABLE);
    // What memory has, it shows.
    shared(1, &runs).await;
    assert_eq!(get(&at(SHARED)).await.status, StatusCode::OK);

    for path in [at(SHARED).as_str(), "?namespace=shared", "?tag=org:1", ""] {
        let queued = delete(path).await;
        assert_eq!(
            (queued.status, &queued.body["invalidated"]),
            (StatusCode::ACCEPTED, &json!("queued")),
            "{path}"
        );
    }
    assert!(get("/health").await.body["redis"]["journal"].as_u64().unwrap() >= 3);
    assert_eq!(get("/stats").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_user_who_may_not_scan_lists_nothing_and_loses_nothing_else() {
    let rules = "on >of-app ~cachefn@* -@all +ping +time +mget +set +unlink +ttl +pttl +expire +evalsha +script|load +info";
    let user: Vec<_> = ["user", "app"].into_iter().chain(rules.split(' ')).collect();
    let server = RedisServer::with(Options::default().line(&user));
    let config = Config::builder()
        .enabled(true)
        .redis_enabled(true)
        .redis_host("127.0.0.1")
        .redis_port(server.port())
        .redis_username("app")
        .redis_password("of-app")
        .redis_timeout(Duration::from_secs(5));
    let _turn = Turn::take(config).await;
    until("Redis is used", || cachefn::status().redis.is_some_and(|redis| redis.connected)).await;
    let refused = get("/keys").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.error().contains("+scan"), "{refused:?}");
    assert!(cachefn::status().redis.unwrap().connected, "Redis is used as before");
    let runs = Runs::default();
    shared(1, &runs).await;
    assert_eq!(get(&at(SHARED)).await.status, StatusCode::OK);
}
