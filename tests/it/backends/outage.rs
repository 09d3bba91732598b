//! Servers that go away, stand still, come back as another, or behave like a bad network.

use std::time::Instant;

use cachefn_backends::backend::Invalidated;
use cachefn_tests::{Options, Proxy, logs};
use tracing::Level;

use super::*;

fn short(server: &RedisServer) -> Settings {
    Settings { timeout: SHORT, ..server.settings() }
}

/// Reads and writes as long as there is a link; the longest that one operation took.
async fn longest_operation(redis: Redis, running: Arc<AtomicUsize>) -> Duration {
    let mut longest = Duration::ZERO;
    let backend = Direct(redis);
    while running.load(Ordering::SeqCst) > 0 {
        let begun = Instant::now();
        if let Ok(lease) = begin(&backend, "k").await {
            longest = longest.max(begun.elapsed());
            let begun = Instant::now();
            let _ = backend.fill(&place("k"), lease, draft("x"), LIFE).await;
            longest = longest.max(begun.elapsed());
        } else {
            longest = longest.max(begun.elapsed());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    longest
}

struct Traffic {
    running: Arc<AtomicUsize>,
    tasks: Vec<tokio::task::JoinHandle<Duration>>,
}

impl Traffic {
    fn start(backend: &Direct) -> Self {
        let running = Arc::new(AtomicUsize::new(1));
        let task = |_| tokio::spawn(longest_operation(backend.0.clone(), Arc::clone(&running)));
        Self { tasks: (0..8).map(task).collect(), running }
    }

    async fn ends_without_having_waited(self) {
        self.running.store(0, Ordering::SeqCst);
        for task in self.tasks {
            let longest = task.await.unwrap();
            assert!(longest <= SHORT + SLACK, "{longest:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_noticed_and_used_again_when_it_is_back() {
    logs::capture();
    let mut server = RedisServer::start();
    let (changes, on_change) = counter();
    let redis = Redis::start(short(&server), on_change);
    redis.settled().await;
    assert_eq!((redis.state(), changes.load(Ordering::SeqCst)), (State::Connected, 1));
    let backend = Direct(redis.clone());
    let traffic = Traffic::start(&backend);

    server.kill();
    until("the loss is noticed", || redis.state() == State::Degraded).await;
    assert_eq!(changes.load(Ordering::SeqCst), 2, "told before it could be seen");
    assert_eq!(redis.invalidate(key("other")).await, Invalidated::Queued);
    assert!(redis.journal_len() > 0);

    server.restart();
    used_again(&backend).await;
    assert_eq!((redis.journal_len(), changes.load(Ordering::SeqCst)), (0, 3));
    assert_eq!(put(&backend, "mine", "1").await, Ok(Filled::Stored));
    traffic.ends_without_having_waited().await;
    let warnings = logs::lines(redis.address()).into_iter().filter(|line| line.level == Level::WARN).count();
    assert_eq!(warnings, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_delays_nobody_for_longer_than_the_timeout() {
    let server = RedisServer::start();
    let backend = connected(short(&server)).await;
    put(&backend, "old", "1").await.unwrap();
    let traffic = Traffic::start(&backend);
    tokio::time::sleep(Duration::from_millis(50)).await;

    server.stop();
    let begun = Instant::now();
    assert_eq!(backend.0.invalidate(key("old")).await, Invalidated::Queued);
    assert!(begun.elapsed() <= SHORT + SLACK, "{:?}", begun.elapsed());
    let begun = Instant::now();
    for id in 0..1_000 {
        assert_eq!(backend.0.invalidate(key(&format!("k{id}"))).await, Invalidated::Queued);
    }
    assert!(begun.elapsed() <= SLACK, "nobody waits twice: {:?}", begun.elapsed());
    until("it is given up", || backend.0.state() == State::Degraded).await;

    server.cont();
    used_again(&backend).await;
    assert_eq!(backend.0.journal_len(), 0);
    assert_eq!(read(&backend, "old").await, None, "the same incarnation, so the journal did it");
    traffic.ends_without_having_waited().await;
}

#[tokio::test]
async fn a_link_that_has_used_up_its_time_asks_nothing_more() {
    let server = RedisServer::start();
    let backend = connected(short(&server)).await;
    let link = backend.0.link().unwrap();
    server.stop();
    let timeout = Error::new(ErrorKind::Timeout);
    assert_eq!(link.lookup(&place("k")).await, Err(timeout.clone()));
    let begun = Instant::now();
    assert_eq!(link.lookup(&place("k")).await, Err(timeout.clone()));
    assert_eq!(link.invalidate(&key("k")).await, Err(timeout));
    assert!(begun.elapsed() < SLACK);
}

#[tokio::test]
async fn all_operations_of_a_link_share_one_timeout() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let backend = connected(Settings { port: proxy.port(), ..short(&server) }).await;
    proxy.delay(Duration::from_millis(50));
    let (begun, link) = (Instant::now(), backend.0.link().unwrap());
    assert!(link.lookup(&place("k")).await.is_ok());
    let mut outcome = Ok(());
    while outcome.is_ok() {
        outcome = link.lookup(&place("k")).await.map(drop);
    }
    assert_eq!(outcome, Err(Error::new(ErrorKind::Timeout)));
    assert!(begun.elapsed() <= SHORT + SLACK, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_fill_that_is_carried_out_late_revives_nothing() {
    let server = RedisServer::start();
    let backend = connected(short(&server)).await;
    for (round, wait_for) in [State::Suspect, State::Degraded].into_iter().enumerate() {
        let lease = begin(&backend, "k").await.unwrap();
        server.stop();
        let late = backend.fill(&place("k"), lease, draft("late"), LIFE).await;
        assert_eq!(late, Err(Error::new(ErrorKind::Timeout)));
        assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Queued);
        if round > 0 {
            until("its connection is given up", || backend.0.state() == wait_for).await;
        }
        server.cont();
        used_again(&backend).await;
        for _ in 0..50 {
            assert_eq!(read(&backend, "k").await, None);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(put(&backend, "k", "new").await, Ok(Filled::Stored));
        assert_eq!(read(&backend, "k").await.as_deref(), Some("new"));
    }
}

#[tokio::test]
async fn a_server_restarted_from_its_snapshot_revives_nothing() {
    let mut server = RedisServer::start();
    let backend = connected(short(&server)).await;
    put(&backend, "k", "1").await.unwrap();
    server.ask::<()>(&["SAVE"]);
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Applied);
    server.kill();
    until("the loss is noticed", || backend.0.state() == State::Degraded).await;
    server.restart();
    used_again(&backend).await;
    assert_eq!(server.keys(":v:k").len(), 1, "the snapshot holds it");
    assert_eq!(read(&backend, "k").await, None, "but nobody sees it");
}

#[tokio::test]
async fn without_the_run_id_the_journal_is_what_keeps_a_snapshot_from_reviving() {
    logs::capture();
    let guest = ["user", "guest", "on", "nopass", "~*", "+@all", "-info"];
    let mut server = RedisServer::with(Options::default().line(&guest));
    let settings = Settings { username: Some("guest".into()), password: Some("x".into()), ..short(&server) };
    let backend = connected(settings).await;
    for name in ["queued", "kept"] {
        put(&backend, name, "1").await.unwrap();
    }
    server.ask::<()>(&["SAVE"]);
    server.kill();
    until("the loss is noticed", || backend.0.state() == State::Degraded).await;
    assert_eq!(backend.0.invalidate(key("queued")).await, Invalidated::Queued);
    server.restart();
    used_again(&backend).await;
    assert_eq!(read(&backend, "queued").await, None);
    assert_eq!(read(&backend, "kept").await.as_deref(), Some("1"), "the same names in every incarnation");
    let said =
        logs::lines(backend.0.address()).into_iter().filter(|line| line.text.contains("run_id")).count();
    assert_eq!(said, 1);
}

#[tokio::test]
async fn who_asks_for_it_goes_on_with_what_a_restarted_server_has_but_what_was_queued() {
    logs::capture();
    let mut server = RedisServer::start();
    let backend = connected(Settings { keep: true, ..short(&server) }).await;
    for name in ["applied", "queued", "kept"] {
        put(&backend, name, "1").await.unwrap();
    }
    server.ask::<()>(&["SAVE"]);
    assert_eq!(backend.0.invalidate(key("applied")).await, Invalidated::Applied);
    server.kill();
    until("the loss is noticed", || backend.0.state() == State::Degraded).await;
    assert_eq!(backend.0.invalidate(key("queued")).await, Invalidated::Queued);
    server.restart();
    used_again(&backend).await;
    assert_eq!(read(&backend, "kept").await.as_deref(), Some("1"));
    assert_eq!(read(&backend, "queued").await, None);
    assert_eq!(read(&backend, "applied").await.as_deref(), Some("1"), "that is the price");
    let said = logs::lines(backend.0.address());
    assert!(said.iter().all(|line| !line.text.contains("run_id")), "nothing is odd about it: {said:?}");
}

#[tokio::test]
async fn a_server_that_becomes_read_only_is_given_up_until_it_is_a_master_again() {
    logs::capture();
    let server = RedisServer::start();
    let backend = connected(short(&server)).await;
    server.ask::<()>(&["REPLICAOF", "127.0.0.1", "1"]);
    assert_eq!(begin(&backend, "k").await.unwrap_err().kind(), ErrorKind::Unready);
    assert_eq!(backend.0.state(), State::Degraded);
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Queued);
    // It is tried again, and found to be read-only before anybody is made to use it.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (said, address) = (logs::lines("Redis is used again"), backend.0.address());
    assert!(said.iter().all(|line| !line.text.contains(address)), "{said:?}");
    server.ask::<()>(&["REPLICAOF", "NO", "ONE"]);
    used_again(&backend).await;
    assert_eq!(put(&backend, "k", "1").await, Ok(Filled::Stored));
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_not_used_until_it_does() {
    let strict = ["min-replicas-to-write", "1"];
    let server = RedisServer::with(Options::default().line(&strict));
    let redis = Redis::start(short(&server), || {});
    redis.settled().await;
    assert_eq!(redis.state(), State::Degraded);
    server.ask::<()>(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
    used_again(&Direct(redis)).await;
}

#[tokio::test]
async fn a_node_of_a_cluster_is_said_to_be_one() {
    let server = RedisServer::with(Options::default().line(&["cluster-enabled", "yes"]));
    server.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    super::login::is_said_clearly(server.settings(), "see REDIS_CLUSTER").await;
}

#[tokio::test]
async fn a_pause_in_the_network_costs_one_timeout_and_no_connection() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let (changes, on_change) = counter();
    let redis = Redis::start(Settings { port: proxy.port(), ..short(&server) }, on_change);
    redis.settled().await;
    let backend = Direct(redis.clone());
    put(&backend, "k", "1").await.unwrap();
    let connections: String = server.ask(&["INFO", "stats"]);

    proxy.hold();
    assert_eq!(backend.lookup(&place("k")).await, Err(Error::new(ErrorKind::Timeout)));
    assert_eq!((redis.state(), changes.load(Ordering::SeqCst)), (State::Suspect, 2));
    assert!(redis.link().is_none());
    assert_eq!(redis.invalidate(key("k")).await, Invalidated::Queued);
    proxy.release();
    used_again(&backend).await;
    assert_eq!((redis.journal_len(), changes.load(Ordering::SeqCst)), (0, 3));
    assert_eq!(read(&backend, "k").await, None);
    let received = |info: &str| {
        info.lines().find_map(|line| line.strip_prefix("total_connections_received:")?.parse().ok())
    };
    let again: String = server.ask(&["INFO", "stats"]);
    let (before, after): (Option<u32>, Option<u32>) = (received(&connections), received(&again));
    assert_eq!(after, before.map(|count| count + 1), "only the one that asks");
}

#[tokio::test]
async fn an_invalidation_that_never_arrived_is_made_up_for_before_anything_is_read() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let backend = connected(Settings { port: proxy.port(), ..short(&server) }).await;
    put(&backend, "k", "1").await.unwrap();
    proxy.hold();
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Queued);
    assert_eq!((backend.0.link().is_none(), backend.0.journal_len()), (true, 1));
    proxy.cut();
    proxy.release();
    assert_eq!(server.keys(":v:k").len(), 1, "it was lost on the way");
    proxy.heal();
    used_again(&backend).await;
    assert_eq!(read(&backend, "k").await, None);
}

#[tokio::test]
async fn an_idle_connection_into_a_black_hole_is_noticed() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let backend = connected(Settings { port: proxy.port(), ..short(&server) }).await;
    proxy.hold();
    let begun = Instant::now();
    until("a ping is missed", || backend.0.state() == State::Degraded).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    proxy.release();
    used_again(&backend).await;
}

#[tokio::test]
async fn an_invalidation_made_before_the_first_connection_is_applied_with_it() {
    let server = RedisServer::start();
    let before = connected(short(&server)).await;
    put(&before, "k", "1").await.unwrap();
    let proxy = Proxy::to(server.port());
    proxy.cut();
    let redis = Redis::start(Settings { port: proxy.port(), ..short(&server) }, || {});
    assert_eq!(redis.invalidate(key("k")).await, Invalidated::Queued);
    redis.settled().await;
    assert_eq!(redis.state(), State::Degraded);
    proxy.heal();
    used_again(&Direct(redis)).await;
    assert_eq!(read(&before, "k").await, None);
}

#[tokio::test]
async fn what_a_cache_could_not_tell_the_server_is_made_up_for_by_the_next_one() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let settings = Settings { port: proxy.port(), ..short(&server) };
    let backend = connected(settings.clone()).await;
    put(&backend, "k", "1").await.unwrap();
    proxy.cut();
    until("the cut is noticed", || backend.0.link().is_none()).await;
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Queued);
    backend.0.shutdown().await;
    proxy.heal();
    let next = connected(settings).await;
    assert_eq!(read(&next, "k").await, None);
    assert_eq!(put(&next, "k", "2").await, Ok(Filled::Stored));
}

#[tokio::test]
async fn a_server_that_comes_back_after_another_was_used_revives_nothing() {
    let (one, other) = (RedisServer::start(), RedisServer::start());
    let proxy = Proxy::to(one.port());
    let backend = connected(Settings { port: proxy.port(), ..short(&one) }).await;
    let turn_to = async |server: &RedisServer| {
        proxy.turn_to(server.port());
        proxy.cut();
        until("the cut is noticed", || backend.0.link().is_none()).await;
        proxy.heal();
        used_again(&backend).await;
    };
    put(&backend, "k", "1").await.unwrap();
    turn_to(&other).await;
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Applied);
    turn_to(&one).await;
    assert_eq!(read(&backend, "k").await, None, "it was invalidated while the other one was used");
}
