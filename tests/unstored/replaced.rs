//! What a call has not read, and could not replace, nobody sees again.

use std::sync::Arc;

use cachefn::{bypass, cached};
use cachefn_tests::RedisServer;

use super::{Process, Source, Trouble};

#[cached(namespace = "replaced", key = id)]
async fn get(id: u32, source: Arc<Source>) -> u32 {
    source.read()
}

#[cached(namespace = "replaced", key = id, bypass = fresh)]
async fn told(id: u32, fresh: bool, source: Arc<Source>) -> u32 {
    source.read()
}

async fn set(source: &Source) {
    cachefn::cache().set("it", source.read()).await;
}

async fn found() -> Option<u32> {
    cachefn::cache().get::<u32>("it").await
}

async fn everything(source: Arc<Source>) -> [u32; 4] {
    [
        get(1, Arc::clone(&source)).await,
        get(2, Arc::clone(&source)).await,
        told(3, false, Arc::clone(&source)).await,
        found().await.unwrap_or_else(|| source.read()),
    ]
}

/// Each way to run a body whatever is cached, or to give a value.
async fn replace(source: Arc<Source>) {
    assert_eq!(refresh_get(1, Arc::clone(&source)).await, 2);
    assert_eq!(bypass(get(2, Arc::clone(&source))).await, 2);
    assert_eq!(told(3, true, Arc::clone(&source)).await, 2);
    set(&source).await;
}

async fn leaves_nothing_older(trouble: Trouble) {
    for near in [true, false] {
        let server = RedisServer::start();
        let start = match trouble {
            Trouble::Stopped => Process::impatient,
            Trouble::Full | Trouble::Denied => Process::start,
        };
        let (one, two) = (start(server.port(), near), start(server.port(), near));
        let source = Source::of(1);
        let (own, others) = (Arc::clone(&source), Arc::clone(&source));
        one.run(async move { set(&own).await }).await;
        for process in [&one, &two, &one, &two] {
            assert_eq!(process.run(everything(Arc::clone(&others))).await, [1; 4]);
        }
        source.write(2);
        trouble.begin(&server);
        one.run(replace(Arc::clone(&source))).await;
        // At once where it was done.
        assert_eq!(
            one.run(everything(Arc::clone(&source))).await,
            [2; 4],
            "meanwhile, {trouble:?} near={near}"
        );
        trouble.end(&server);
        one.is_settled().await;
        two.is_settled().await;
        for _ in 0..20 {
            assert_eq!(
                one.run(everything(Arc::clone(&source))).await,
                [2; 4],
                "afterwards, {trouble:?} near={near}"
            );
        }
        // Elsewhere within a message of Redis.
        cachefn_tests::pause(std::time::Duration::from_millis(300)).await;
        for _ in 0..5 {
            assert_eq!(
                two.run(everything(Arc::clone(&source))).await,
                [2; 4],
                "elsewhere, {trouble:?} near={near}"
            );
        }
    }
}

#[tokio::test]
async fn what_a_stopped_redis_cannot_be_told_is_not_undone_when_it_goes_on() {
    leaves_nothing_older(Trouble::Stopped).await;
}

#[tokio::test]
async fn what_a_full_redis_does_not_take_is_not_undone_when_it_has_room() {
    leaves_nothing_older(Trouble::Full).await;
}

#[tokio::test]
async fn what_redis_does_not_permit_is_not_undone_when_it_does() {
    leaves_nothing_older(Trouble::Denied).await;
}

#[cached(namespace = "replaced", key = "large", expire = 60)]
async fn large(source: Arc<Source>) -> String {
    match source.read() {
        1 => "1".into(),
        value => super::large(value),
    }
}

#[cached(namespace = "replaced", key = "chosen", when = |value| *value != 2)]
async fn chosen(source: Arc<Source>) -> u32 {
    source.read()
}

#[cached(namespace = "replaced", key = "absent")]
async fn absent(source: Arc<Source>) -> Option<u32> {
    Some(source.read()).filter(|value| *value != 2)
}

#[cached(namespace = "replaced", key = "unfit", codec = Json)]
async fn unfit(source: Arc<Source>) -> f64 {
    match source.read() {
        2 => f64::NAN,
        value => f64::from(value),
    }
}

async fn values(source: Arc<Source>) -> (u32, u32, Option<u32>, bool) {
    (
        super::value(&large(Arc::clone(&source)).await),
        chosen(Arc::clone(&source)).await,
        absent(Arc::clone(&source)).await,
        unfit(source).await.is_nan(),
    )
}

#[tokio::test]
async fn a_refreshed_value_that_is_not_for_redis_leaves_nothing_older() {
    for near in [true, false] {
        let server = RedisServer::start();
        let (one, two) = (Process::start(server.port(), near), Process::start(server.port(), near));
        let source = Source::of(1);
        for process in [&one, &two, &one, &two] {
            assert_eq!(process.run(values(Arc::clone(&source))).await, (1, 1, Some(1), false));
        }
        source.write(2);
        let own = Arc::clone(&source);
        one.run(async move {
            refresh_large(Arc::clone(&own)).await;
            refresh_chosen(Arc::clone(&own)).await;
            refresh_absent(Arc::clone(&own)).await;
            refresh_unfit(own).await;
        })
        .await;
        for _ in 0..3 {
            assert_eq!(one.run(values(Arc::clone(&source))).await, (2, 2, None, true), "near={near}");
        }
        cachefn_tests::pause(std::time::Duration::from_millis(300)).await;
        assert_eq!(two.run(values(Arc::clone(&source))).await, (2, 2, None, true), "near={near}");
    }
}

#[cached(namespace = "replaced", key = "stale", expire = "1s", stale = 600, refresh = caller)]
async fn stale(source: Arc<Source>) -> u32 {
    source.read()
}

#[cached(namespace = "replaced", key = "ahead", expire = 600, refresh_ahead = 0.001)]
async fn ahead(source: Arc<Source>) -> u32 {
    source.read()
}

#[tokio::test]
async fn a_refresh_of_an_old_value_that_cannot_be_stored_leaves_nothing_older() {
    for near in [true, false] {
        let server = RedisServer::start();
        let one = Process::start(server.port(), near);
        let source = Source::of(1);
        for _ in 0..2 {
            let source = Arc::clone(&source);
            assert_eq!(
                one.run(async move { (stale(Arc::clone(&source)).await, ahead(source).await) }).await,
                (1, 1)
            );
        }
        source.write(2);
        cachefn_tests::pause(std::time::Duration::from_millis(1_200)).await;
        Trouble::Full.begin(&server);
        let call = || {
            let source = Arc::clone(&source);
            async { one.run(async move { stale(Arc::clone(&source)).await.min(ahead(source).await) }).await }
        };
        super::becomes(call, 1, 2).await;
        Trouble::Full.end(&server);
        for _ in 0..20 {
            assert_eq!(call().await, 2, "near={near}");
        }
    }
}
