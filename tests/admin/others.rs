//! Keys of functions that this process has never called: another one has, and shares Redis with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use cachefn::testing::{FaultyBackend, isolated, spawn};
use cachefn::{Config, cached};
use cachefn_tests::{Cluster, RedisServer, pause, until};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::Semaphore;

use super::keys::walk;
use super::{Answer, Runs, at, delete, get};

/// What a value of a generic function can be.
trait Value: From<u8> + Clone + Send + Sync + Serialize + DeserializeOwned + 'static {}

impl<T: From<u8> + Clone + Send + Sync + Serialize + DeserializeOwned + 'static> Value for T {}

#[cached(namespace = "others", key = id)]
async fn of_type<T: Value>(id: u8, runs: &Runs) -> (T, u32) {
    (T::from(id), runs.next())
}

#[cached(namespace = "others:{id}", key = id)]
async fn plain(id: u8, runs: &Runs) -> u32 {
    runs.next()
}

#[cached(namespace = "others", key = "slow")]
async fn slow<T: Value>(seed: u8, entered: Arc<Semaphore>, gate: Arc<Semaphore>) -> Vec<T> {
    entered.add_permits(1);
    gate.acquire().await.unwrap().forget();
    vec![T::from(seed)]
}

const GENERIC: &str = "cachefn:others:of_type:1";

/// A cache over the server, as one process has it.
fn over(port: u16, near: bool) -> Config {
    let config = Config::builder().enabled(true).redis_enabled(true).redis_host("127.0.0.1").redis_port(port);
    config.near(near).redis_timeout(Duration::from_secs(5)).build().unwrap()
}

/// Runs `future` in what is another process to the caller.
async fn elsewhere<T>(config: Config, future: impl Future<Output = T>) -> T {
    isolated(config, async {
        until("Redis is used", || cachefn::status().redis.is_some_and(|redis| redis.connected)).await;
        future.await
    })
    .await
}

async fn strikes(key: &str) {
    let struck = delete(&at(key)).await;
    assert_eq!((struck.status, &struck.body["invalidated"]), (StatusCode::OK, &json!("applied")), "{key}");
}

/// Waits until `call` runs its body: a near cache follows within one push message.
async fn misses(runs: &Runs, call: impl AsyncFn()) {
    let (before, deadline) = (runs.get(), Instant::now() + Duration::from_secs(20));
    while runs.get() == before {
        assert!(Instant::now() < deadline, "what was struck is served");
        call().await;
        pause(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_generic_functions_key_is_struck_by_a_process_that_never_called_it() {
    for near in [false, true] {
        let (server, runs) = (RedisServer::start(), Runs::default());
        let config = || over(server.port(), near);
        elsewhere(config(), async {
            let call = async || (of_type::<u16>(1, &runs).await, of_type::<u32>(1, &runs).await);
            assert_eq!((call().await, call().await), (((1, 1), (1, 2)), ((1, 1), (1, 2))));
            elsewhere(config(), strikes(GENERIC)).await;
            if near {
                misses(&runs, async || _ = of_type::<u16>(1, &runs).await).await;
                misses(&runs, async || _ = of_type::<u32>(1, &runs).await).await;
            } else {
                assert_eq!(call().await, ((1, 3), (1, 4)));
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_process_that_called_it_with_one_type_strikes_what_it_has_of_another() {
    let (server, runs) = (RedisServer::start(), Runs::default());
    elsewhere(over(server.port(), true), async {
        of_type::<u16>(1, &runs).await;
        elsewhere(over(server.port(), true), async {
            of_type::<u32>(1, &runs).await;
            strikes(GENERIC).await;
        })
        .await;
        misses(&runs, async || _ = of_type::<u16>(1, &runs).await).await;
    })
    .await;
}

#[tokio::test]
async fn every_key_that_is_listed_is_struck() {
    let (server, runs) = (RedisServer::start(), Runs::default());
    elsewhere(over(server.port(), true), async {
        let call = async || {
            of_type::<u16>(1, &runs).await;
            plain(7, &runs).await;
            cachefn::cache().namespace("others:sessions").get_or_fill("c0:ffee", async || runs.next()).await;
        };
        call().await;
        call().await;
        assert_eq!((runs.get(), cachefn::status().entries), (3, 3), "the near cache has them");
        elsewhere(over(server.port(), true), async {
            let keys = walk("namespace=others").await;
            assert_eq!(keys.len(), 3, "{keys:?}");
            for key in keys {
                let shown = get(&at(&key)).await;
                assert_eq!((shown.status, &shown.body["value"]), (StatusCode::OK, &json!(null)), "{shown:?}");
                assert!(shown.body["value_error"].as_str().unwrap().contains("no function"), "{shown:?}");
                strikes(&key).await;
            }
        })
        .await;
        let deadline = Instant::now() + Duration::from_secs(20);
        while runs.get() < 6 {
            assert!(Instant::now() < deadline, "what was struck is served: {} bodies", runs.get());
            call().await;
            pause(Duration::from_millis(2)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_runs_elsewhere_does_not_bring_back_what_was_struck() {
    let server = RedisServer::start();
    elsewhere(over(server.port(), true), async {
        let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let load = spawn(slow::<u16>(1, Arc::clone(&entered), Arc::clone(&gate)));
        entered.acquire().await.unwrap().forget();
        elsewhere(over(server.port(), true), strikes("cachefn:others:slow")).await;
        gate.add_permits(2);
        assert_eq!(load.await.unwrap(), [1]);
        assert_eq!(slow::<u16>(2, entered, gate).await, [2], "what was begun before is not kept");
    })
    .await;
}

#[tokio::test]
async fn all_masters_of_a_cluster_are_asked_and_told() {
    let (cluster, runs) = (Cluster::start().await, Runs::default());
    let port = cluster.settings().port;
    let config = || {
        let config = Config::builder().enabled(true).redis_enabled(true).redis_cluster(true);
        let config = config.redis_host("127.0.0.1").redis_port(port);
        config.redis_timeout(Duration::from_secs(5)).build().unwrap()
    };
    elsewhere(config(), async {
        for id in 0..20 {
            of_type::<u16>(id, &runs).await;
        }
        elsewhere(config(), async {
            for id in 0..20 {
                strikes(&format!("cachefn:others:of_type:{id}")).await;
            }
            assert_eq!(delete(&at("cachefn:others:of_type:20")).await.status, StatusCode::NOT_FOUND);
        })
        .await;
        for id in 0..20 {
            assert_eq!(of_type::<u16>(id, &runs).await.1, 21 + u32::from(id));
        }
    })
    .await;
}

/// It is said that nobody has such a key.
fn is_unknown(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{answer:?}");
    assert!(answer.error().contains("no function"), "{answer:?}");
}

#[tokio::test]
async fn a_key_of_nobody_is_not_there() {
    let (server, runs) = (RedisServer::start(), Runs::default());
    elsewhere(over(server.port(), true), async {
        plain(7, &runs).await;
        // The namespace of what is stored by hand is no name of a function, so it could be any.
        cachefn::cache().set("it", 1).await;
        for key in ["cachefn:others:7:plian:7", "cachefn:nobody", "cachefn:cache:other"] {
            is_unknown(&delete(&at(key)).await);
        }
        strikes("cachefn:cache:it").await;
        is_unknown(&delete(&at("cachefn:cache:it")).await);
        // A known function may be filling it at the moment, wherever that is.
        strikes("cachefn:others:8:plain:8").await;
    })
    .await;
}

#[cachefn::test]
async fn a_key_of_nobody_is_not_there_without_redis_either() {
    let runs = Runs::default();
    is_unknown(&delete(&at(GENERIC)).await);
    of_type::<u16>(1, &runs).await;
    strikes(GENERIC).await;
    assert_eq!(of_type::<u16>(1, &runs).await.1, 2);
    cachefn::cache().set("it", 1).await;
    strikes("cachefn:cache:it").await;
    is_unknown(&delete(&at("cachefn:cache:it")).await);
}

#[tokio::test]
async fn what_stands_for_redis_in_a_test_is_asked_alike() {
    let (backend, runs) = (FaultyBackend::new(), Runs::default());
    let process = || Config::builder().enabled(true).backend(&backend).build().unwrap();
    isolated(process(), of_type::<u16>(1, &runs)).await;
    isolated(process(), async {
        is_unknown(&delete(&at("cachefn:others:of_type:2")).await);
        strikes(GENERIC).await;
        is_unknown(&delete(&at(GENERIC)).await);
    })
    .await;
    assert_eq!(isolated(process(), of_type::<u16>(1, &runs)).await.1, 2);
}

#[tokio::test]
async fn while_redis_is_away_a_key_that_may_be_somebodys_is_queued() {
    let mut server = RedisServer::start();
    elsewhere(over(server.port(), true), async {
        server.kill();
        until("the loss is noticed", || cachefn::status().redis.is_some_and(|redis| !redis.connected)).await;
        let queued = delete(&at(GENERIC)).await;
        assert_eq!(
            (queued.status, &queued.body["invalidated"]),
            (StatusCode::ACCEPTED, &json!("queued")),
            "{queued:?}"
        );
    })
    .await;
}
