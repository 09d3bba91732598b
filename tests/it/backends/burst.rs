//! More at one time than a server can answer in time: it is not given up as long as answers arrive.

use cachefn_backends::backend::Invalidated;
use cachefn_tests::{Proxy, logs};
use tracing::Level;

use super::login::texts;
use super::*;

/// What takes half a second at one piece of 16 KiB in 40 ms.
const LARGE: usize = 200 << 10;
const PIECE: Duration = Duration::from_millis(40);

/// A server behind a proxy, with large values in it, and what counts changes of trust.
async fn stage(near: bool) -> (RedisServer, Proxy, Direct, Arc<AtomicUsize>) {
    logs::capture();
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let writer = connected(server.settings()).await;
    for id in 0..8 {
        put(&writer, &format!("large{id}"), &"x".repeat(LARGE)).await.unwrap();
    }
    let timeout = Duration::from_millis(400);
    let (changes, on_change) = counter();
    let settings = Settings { port: proxy.port(), timeout, near, ..server.settings() };
    let redis = Redis::start(settings, on_change);
    redis.settled().await;
    assert_eq!(redis.state(), State::Connected);
    (server, proxy, Direct(redis), changes)
}

/// How often a command was given.
fn calls(server: &RedisServer, command: &str) -> usize {
    let (stats, name): (String, _) =
        (server.ask(&["INFO", "commandstats"]), format!("cmdstat_{command}:calls="));
    let line = stats.lines().find_map(|line| line.strip_prefix(&name)?.split(',').next()?.parse().ok());
    line.unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_keep_arriving_are_a_sign_of_life_however_late_each_is() {
    for near in [true, false] {
        let (server, proxy, backend, changes) = stage(near).await;
        let backend = Arc::new(backend);
        proxy.delay(PIECE);
        let asked: Vec<_> = (0..8)
            .map(|id| {
                let backend = Arc::clone(&backend);
                // Some together and some alone, as where an invalidation is on its way.
                tokio::spawn(async move { backend.lookup(&place(&format!("large{id}"))).await.map(drop) })
            })
            .collect();
        tokio::time::sleep(PIECE).await;
        // This stands behind all of it: its caller does not wait so long, and it goes out all the same.
        assert_eq!(backend.0.invalidate(key("large0")).await, Invalidated::Queued);
        assert_eq!(backend.0.journal_len(), 1, "it waits");
        for asked in asked {
            assert_eq!(asked.await.unwrap(), Err(Error::new(ErrorKind::Timeout)));
        }
        assert_eq!(backend.lookup(&place("small")).await, Err(Error::new(ErrorKind::Timeout)));
        until("it is applied", || server.keys(":v:large0").is_empty()).await;
        until("that is known", || backend.0.journal_len() == 0).await;
        assert_eq!(backend.0.state(), State::Connected);
        // Longer than it takes to miss a ping.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!((backend.0.state(), changes.load(Ordering::SeqCst)), (State::Connected, 1));
        proxy.delay(Duration::ZERO);
        let answers = async || backend.lookup(&place("large1")).await.is_ok();
        let begun = std::time::Instant::now();
        while !answers().await {
            assert!(begun.elapsed() < Duration::from_secs(10), "it has caught up");
        }
        assert_eq!(read(&backend, "large0").await, None);
        assert_eq!(changes.load(Ordering::SeqCst), 1, "nothing was thrown away");
        assert_eq!(texts(backend.0.address(), Level::WARN), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_stop_arriving_are_noticed_whatever_arrived_before() {
    for near in [true, false] {
        let (_server, proxy, backend, changes) = stage(near).await;
        proxy.delay(PIECE);
        let asked = {
            let backend = Direct(backend.0.clone());
            tokio::spawn(async move { backend.lookup(&place("large0")).await.map(drop) })
        };
        tokio::time::sleep(PIECE * 4).await;
        proxy.hold_answers();
        let begun = std::time::Instant::now();
        until("it is suspected", || backend.0.state() != State::Connected).await;
        assert!(begun.elapsed() <= Duration::from_millis(400) + SLACK, "{:?}", begun.elapsed());
        assert!(backend.0.link().is_none() && changes.load(Ordering::SeqCst) == 2);
        assert_eq!(asked.await.unwrap(), Err(Error::new(ErrorKind::Timeout)));
        proxy.delay(Duration::ZERO);
        proxy.release();
        used_again(&backend).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_is_bounded_and_invalidations_go_out_all_the_same() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let timeout = Duration::from_secs(6);
    let backend = connected(Settings { port: proxy.port(), timeout, ..server.settings() }).await;
    put(&backend, "k", "1").await.unwrap();
    let before = calls(&server, "evalsha");
    proxy.hold_answers();
    let asked: Vec<_> = (0..1_500)
        .map(|id| {
            let backend = Direct(backend.0.clone());
            tokio::spawn(async move { begin(&backend, &format!("k{id}")).await })
        })
        .collect();
    until("no more is asked", || calls(&server, "evalsha") - before == 500).await;
    drop(backend.0.invalidate(key("k")));
    until("it goes out", || server.keys(":v:k").is_empty()).await;
    until("the others are told", || asked.iter().filter(|asked| asked.is_finished()).count() == 1_000).await;
    assert_eq!((calls(&server, "evalsha") - before, backend.0.state()), (500, State::Connected));
    proxy.release();
    let (mut granted, mut busy) = (0, 0);
    for asked in asked {
        match asked.await.unwrap() {
            Ok(_) => granted += 1,
            Err(error) if error.kind() == ErrorKind::Busy => busy += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((granted, busy), (500, 1_000));
    // Their room is given back.
    assert!(begin(&backend, "later").await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fill_whose_caller_has_no_time_left_is_stored() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let backend = connected(Settings { port: proxy.port(), timeout: SHORT, ..server.settings() }).await;
    let link = backend.0.link().unwrap();
    let Acquired::Granted(lease) = link.acquire(&place("k"), false).await.unwrap() else {
        panic!("it is free")
    };
    proxy.delay(Duration::from_millis(100));
    while link.lookup(&place("other")).await.is_ok() {}
    proxy.delay(Duration::ZERO);
    let late = link.fill(&place("k"), lease, draft("1"), LIFE).await;
    assert_eq!(late, Err(Error::new(ErrorKind::Timeout)));
    until("it is stored", || server.keys(":v:k").len() == 1).await;
    assert_eq!((read(&backend, "k").await.as_deref(), backend.0.state()), (Some("1"), State::Connected));
}
