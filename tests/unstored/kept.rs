//! What Redis does not take is served from memory: the body runs as often as with memory alone.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use cachefn::cached;
use cachefn_tests::{Options, RedisServer};

use super::{Process, Source, config};

const KEYS: u32 = 4;
const CALLS: u32 = 200;

#[cached(namespace = "kept", key = id)]
async fn small(id: u32, source: Arc<Source>) -> u32 {
    source.read()
}

#[cached(namespace = "kept", key = id)]
async fn large(id: u32, source: Arc<Source>) -> String {
    super::large(id + source.read())
}

#[cached(namespace = "kept", key = id, codec = Json)]
async fn not_a_number(id: u32, source: Arc<Source>) -> (u32, f64) {
    source.read();
    (id, f64::NAN)
}

#[cached(namespace = "kept", key = id, codec = Json)]
async fn some_none(id: u32, source: Arc<Source>) -> (u32, Option<Option<u8>>) {
    source.read();
    (id, Some(None))
}

#[cached(namespace = "kept", key = id, codec = Json)]
async fn keys_not_text(id: u32, source: Arc<Source>) -> BTreeMap<(u32, u32), u8> {
    source.read();
    BTreeMap::from([((id, 1), 1)])
}

#[cached(namespace = "kept", key = id)]
async fn nameless<F: Fn(u32) -> u32 + Send>(id: u32, of: F, source: Arc<Source>) -> u32 {
    of(source.read())
}

/// How often bodies run for the calls.
async fn bodies<T, F>(process: &Process, call: fn(u32, Arc<Source>) -> F) -> u32
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let source = Source::of(1);
    for number in 0..CALLS {
        let source = Arc::clone(&source);
        process.run(async move { call(number % KEYS, source).await }).await;
    }
    source.reads()
}

fn by_closure(id: u32, source: Arc<Source>) -> impl Future<Output = u32> + Send {
    nameless(id, |value| value + 1, source)
}

/// Another instance of the same name.
fn by_another(id: u32, source: Arc<Source>) -> impl Future<Output = u32> + Send {
    nameless(id + KEYS, |value| value + 2, source)
}

#[tokio::test]
async fn what_is_too_large_or_unfit_for_its_codec_is_served_from_memory() {
    let server = RedisServer::start();
    for near in [true, false] {
        let process = Process::start(server.port(), near);
        assert_eq!(bodies(&process, small).await, if near { KEYS } else { 0 }, "stored in Redis as ever");
        assert_eq!(bodies(&process, large).await, KEYS, "near={near}");
        assert_eq!(bodies(&process, not_a_number).await, KEYS, "near={near}");
        assert_eq!(bodies(&process, some_none).await, KEYS, "near={near}");
        assert_eq!(bodies(&process, keys_not_text).await, KEYS, "near={near}");
    }
}

#[tokio::test]
async fn what_cannot_be_told_from_another_functions_is_served_from_memory() {
    let server = RedisServer::start();
    for near in [true, false] {
        let process = Process::start(server.port(), near);
        assert_eq!(bodies(&process, by_closure).await, KEYS, "near={near}");
        assert_eq!(bodies(&process, by_another).await, KEYS, "near={near}");
        let advice = kept_out(&process, "kept::nameless").await.expect("there is advice");
        assert!(advice.contains("a closure"), "{advice}");
    }
}

/// The advice that says why values of the function are not in Redis.
async fn kept_out(process: &Process, function: &'static str) -> Option<String> {
    let advice = process.run(async { cachefn::status().advice() }).await;
    let is_of = |one: &cachefn::Advice| {
        one.kind == cachefn::AdviceKind::KeptOutOfRedis
            && one.function.as_ref().is_some_and(|path| path.ends_with(function))
    };
    advice.into_iter().find(is_of).map(|one| one.message)
}

/// Fills a server until it takes nothing more.
fn fill_up(server: &RedisServer) {
    let mut connection = server.connection();
    for number in 0..100_000 {
        let set =
            redis::cmd("SET").arg(format!("other:{number}")).arg(&[7_u8; 10_000][..]).exec(&mut connection);
        if set.is_err() {
            return;
        }
    }
    panic!("it takes everything");
}

#[tokio::test]
async fn what_a_full_redis_does_not_take_is_served_from_memory() {
    for policy in ["noeviction", "volatile-lru"] {
        for near in [true, false] {
            let options = Options::default().line(&["maxmemory", "3mb"]).line(&["maxmemory-policy", policy]);
            let server = RedisServer::with(options);
            let process = Process::start(server.port(), near);
            fill_up(&server);
            assert_eq!(bodies(&process, small).await, KEYS, "{policy} near={near}");
            assert_eq!(bodies(&process, large).await, KEYS, "{policy} near={near}");
            assert_eq!(bodies(&process, by_closure).await, KEYS, "{policy} near={near}");
        }
    }
}

#[tokio::test]
async fn what_a_redis_does_not_take_that_becomes_full_is_served_from_memory() {
    for near in [true, false] {
        let server = RedisServer::start();
        let process = Process::start(server.port(), near);
        // The generations of the function are there.
        let source = Source::of(1);
        process.run(async move { small(77, source).await }).await;
        assert_eq!(kept_out(&process, "kept::small").await, None, "near={near}");
        server.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
        assert_eq!(bodies(&process, small).await, KEYS, "near={near}");
        let advice = kept_out(&process, "kept::small").await.expect("there is advice");
        assert!(advice.contains("maxmemory"), "{advice}");
    }
}

#[cached(namespace = "kept", key = "slow")]
async fn slow(source: Arc<Source>) -> u32 {
    cachefn_tests::pause(Duration::from_millis(50)).await;
    source.read()
}

#[tokio::test]
async fn concurrent_calls_of_a_full_redis_run_one_body() {
    for near in [true, false] {
        let server = RedisServer::start();
        let process = Process::start(server.port(), near);
        process.is_settled().await;
        server.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
        let source = Source::of(1);
        let shared = Arc::clone(&source);
        process
            .run(async move {
                let calls: Vec<_> =
                    (0..100).map(|_| cachefn::testing::spawn(slow(Arc::clone(&shared)))).collect();
                for call in calls {
                    assert_eq!(call.await.unwrap(), 1);
                }
            })
            .await;
        assert_eq!(source.reads(), 1, "near={near}");
    }
}

#[tokio::test]
async fn a_value_that_is_set_and_redis_does_not_take_is_what_is_read_next() {
    for near in [true, false] {
        let server = RedisServer::start();
        let process = Process::start(server.port(), near);
        process
            .run(async {
                cachefn::cache().set("it", 1_u32).await;
                assert_eq!(cachefn::cache().get::<u32>("it").await, Some(1));
                cachefn::cache().set("large", super::large(7)).await;
                assert_eq!(cachefn::cache().get("large").await, Some(super::large(7)));
            })
            .await;
        server.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
        process
            .run(async move {
                for value in 2..20_u32 {
                    cachefn::cache().set("it", value).await;
                    assert_eq!(cachefn::cache().get::<u32>("it").await, Some(value), "near={near}");
                    let _ = (cachefn::cache().set("it", 0_u32), cachefn::cache().set("it", 1_u32).await);
                    assert_ne!(cachefn::cache().get::<u32>("it").await, Some(0), "near={near}");
                }
                cachefn::cache().set("it", 7_u32).await;
                cachefn::cache().remove("it").await;
                assert_eq!(cachefn::cache().get::<u32>("it").await, None, "near={near}");
            })
            .await;
    }
}

#[tokio::test]
async fn what_redis_does_not_take_lives_as_long_as_what_is_filled_without_it() {
    for near in [true, false] {
        let server = RedisServer::start();
        let config = config(server.port()).near(near).fallback_ttl(Duration::from_secs(2));
        let process = Process::with(config.build().unwrap());
        let source = Source::of(1);
        let call = || {
            let source = Arc::clone(&source);
            process.run(async move { (large(1, Arc::clone(&source)).await.len(), small(2, source).await) })
        };
        let _ = (call().await, call().await);
        assert_eq!(source.reads(), 2, "near={near}");
        cachefn_tests::pause(Duration::from_millis(2_100)).await;
        call().await;
        assert_eq!(source.reads(), 3, "only what Redis has taken is still there: near={near}");
    }
}
