//! What memory keeps for Redis is invalidated by everybody who can invalidate what stands there.

use std::sync::Arc;

use cachefn::{Invalidated, cached};
use cachefn_tests::RedisServer;

use super::{Process, Source, becomes, value};

/// Too large for Redis.
#[cached(namespace = "shared:large", key = id, tags = ["of:{id}"])]
async fn large(id: u32, source: Arc<Source>) -> String {
    super::large(source.read())
}

/// The same, with tags out of the value.
#[cached(namespace = "shared:tagged", key = id, tags_with = |text: &String| [format!("value:{}", value(text) % 2)])]
async fn tagged(id: u32, source: Arc<Source>) -> String {
    super::large(source.read())
}

#[cached(namespace = "shared:small", key = id)]
async fn small(id: u32, source: Arc<Source>) -> u32 {
    source.read()
}

async fn read(process: &Process, source: &Arc<Source>) -> u32 {
    let source = Arc::clone(source);
    process.run(async move { value(&large(7, source).await) }).await
}

/// Each way to invalidate it.
const WAYS: [&str; 6] = ["key", "function", "namespace", "tag", "clear", "refresh"];

async fn invalidate(process: &Process, way: &'static str, source: &Arc<Source>) {
    let source = Arc::clone(source);
    process
        .run(async move {
            let outcome = match way {
                "key" => invalidate_large(7).await,
                "function" => invalidate_all_large().await,
                "namespace" => cachefn::invalidate_namespace("shared").await,
                "tag" => cachefn::invalidate_tag("of:7").await,
                "clear" => cachefn::clear().await,
                _ => {
                    refresh_large(7, source).await;
                    Invalidated::Applied
                }
            };
            assert_eq!(outcome, Invalidated::Applied);
        })
        .await;
}

#[tokio::test]
async fn what_memory_keeps_dies_with_every_invalidation_in_any_process() {
    for near in [true, false] {
        let server = RedisServer::start();
        let (one, two) = (Process::start(server.port(), near), Process::start(server.port(), near));
        let source = Source::of(0);
        for (round, way) in (1..).zip(WAYS.into_iter().chain(WAYS)) {
            assert_eq!(read(&one, &source).await, round - 1);
            assert_eq!(read(&two, &source).await, round - 1, "{way} near={near}");
            source.write(round);
            let (by, other) = if round % 2 == 0 { (&one, &two) } else { (&two, &one) };
            invalidate(by, way, &source).await;
            assert_eq!(read(by, &source).await, round, "{way} near={near}: at once where it is invalidated");
            if near {
                becomes(|| read(other, &source), round - 1, round).await;
            } else {
                assert_eq!(read(other, &source).await, round, "{way}");
            }
        }
    }
}

#[tokio::test]
async fn what_memory_keeps_dies_with_the_tags_that_its_value_names() {
    for near in [true, false] {
        let server = RedisServer::start();
        let (one, two) = (Process::start(server.port(), near), Process::start(server.port(), near));
        let source = Source::of(0);
        let read = |process: &Process| {
            let source = Arc::clone(&source);
            process.run(async move { value(&tagged(7, source).await) })
        };
        for round in 1..5 {
            assert_eq!((read(&one).await, read(&two).await), (round - 1, round - 1));
            assert_eq!((read(&one).await, read(&two).await), (round - 1, round - 1));
            source.write(round);
            let tag = format!("value:{}", (round - 1) % 2);
            two.run(async move { cachefn::invalidate_tag(&tag).await }).await;
            assert_eq!(read(&two).await, round, "near={near}");
            if near {
                becomes(|| read(&one), round - 1, round).await;
            } else {
                assert_eq!(read(&one).await, round);
            }
        }
    }
}

#[tokio::test]
async fn processes_that_keep_the_same_value_do_not_push_each_other_out() {
    for near in [true, false] {
        let server = RedisServer::start();
        let processes: Vec<_> = (0..4).map(|_| Process::start(server.port(), near)).collect();
        let source = Source::of(1);
        for _ in 0..25 {
            for process in &processes {
                assert_eq!(read(process, &source).await, 1);
            }
        }
        assert_eq!(source.reads(), 4, "one for each process: near={near}");
    }
}

#[tokio::test]
async fn in_a_full_redis_groups_are_still_invalidated_for_everybody() {
    for near in [true, false] {
        let server = RedisServer::start();
        let (one, two) = (Process::start(server.port(), near), Process::start(server.port(), near));
        let source = Source::of(0);
        let read = |process: &Process, id: u32| {
            let source = Arc::clone(&source);
            process.run(async move { small(id, source).await })
        };
        // The generations are there.
        assert_eq!(read(&one, 1).await, 0);
        server.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
        assert_eq!((read(&one, 7).await, read(&two, 7).await), (0, 0));
        assert_eq!((read(&one, 7).await, read(&two, 7).await), (0, 0));
        assert_eq!(source.reads(), 3, "near={near}");
        source.write(1);
        two.run(async { cachefn::invalidate_namespace("shared").await }).await;
        assert_eq!(read(&two, 7).await, 1, "near={near}");
        if near {
            becomes(|| read(&one, 7), 0, 1).await;
        } else {
            assert_eq!(read(&one, 7).await, 1);
        }
        source.write(2);
        one.run(async { invalidate_small(7).await }).await;
        assert_eq!(read(&one, 7).await, 2, "near={near}: a key is invalidated where it is invalidated");
    }
}

#[tokio::test]
async fn a_body_that_an_invalidation_overtakes_is_not_kept() {
    use tokio::sync::Semaphore;

    #[cached(namespace = "shared:gated", key = id)]
    async fn gated(id: u32, source: Arc<Source>, gates: Arc<(Semaphore, Semaphore)>) -> String {
        let read = source.read();
        gates.0.add_permits(1);
        gates.1.acquire().await.unwrap().forget();
        super::large(read)
    }

    for (near, elsewhere) in [(true, false), (true, true), (false, false), (false, true)] {
        let server = RedisServer::start();
        let (one, two) = (Process::start(server.port(), near), Process::start(server.port(), near));
        let source = Source::of(0);
        let gates = Arc::new((Semaphore::new(0), Semaphore::new(0)));
        let call = |process: &Process| {
            let (source, gates) = (Arc::clone(&source), Arc::clone(&gates));
            process.run(async move { value(&gated(7, source, gates).await) })
        };
        // Without a marker, and then under one.
        for round in 0..2 {
            source.write(10 * round);
            let control = async {
                gates.0.acquire().await.unwrap().forget();
                source.write(10 * round + 1);
                let by = if elsewhere { &two } else { &one };
                assert_eq!(by.run(async { invalidate_gated(7).await }).await, Invalidated::Applied);
                gates.1.add_permits(1);
            };
            assert_eq!(tokio::join!(call(&one), control).0, 10 * round);
            gates.1.add_permits(1);
            assert_eq!(call(&one).await, 10 * round + 1, "near={near} elsewhere={elsewhere} round {round}");
            gates.0.acquire().await.unwrap().forget();
            // The next body of the other process runs under the marker that this one has left.
            one.run(async { cachefn::clear().await }).await;
            gates.1.add_permits(1);
            call(&two).await;
            gates.0.acquire().await.unwrap().forget();
        }
    }
}
