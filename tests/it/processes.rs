//! Whole processes, set up by their environment, with and without Redis, which is killed, stopped and
//! restarted under them.

use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

use cachefn_tests::{Answer, Authority, Options, RedisServer, Watched, Worker};

const WORKER: &str = env!("CARGO_BIN_EXE_worker");
/// What a busy machine adds to what is promised.
const SLACK: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_millis(250);

pub(crate) struct Stage {
    pub(crate) server: RedisServer,
    database: tempfile::TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        Self { server: RedisServer::with(options), database: tempfile::tempdir().unwrap() }
    }

    /// Writes to the database without telling any cache.
    pub(crate) fn write(&self, id: &str, value: &str) {
        std::fs::write(self.database.path().join(id), value).unwrap();
    }

    /// One that asks Redis each time: what memory answers is tested in `near.rs`.
    async fn worker(&self) -> Worker {
        self.worker_with(&[("CACHE_NEAR", "false")]).await
    }

    pub(crate) async fn worker_with(&self, more: &[(&str, &str)]) -> Worker {
        let port = self.server.port().to_string();
        let environment = [("CACHE_ENABLED", "true"), ("REDIS_ENABLED", "true"), ("REDIS_HOST", "127.0.0.1")];
        let environment = [environment.as_slice(), &[("REDIS_PORT", &port)], more].concat();
        Worker::start(WORKER, self.database.path(), &environment).await
    }
}

async fn alone(database: &Path, environment: &[(&str, &str)]) -> Worker {
    Worker::start(WORKER, database, environment).await
}

pub(crate) fn is(answer: &Answer, value: &str, runs: u32) {
    assert_eq!((answer.value.as_str(), answer.runs), (value, runs));
}

/// Waits until the worker's status says so.
pub(crate) async fn says(worker: &Worker, part: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let status = worker.ask("status").await;
        if status.contains(part) {
            return;
        }
        assert!(Instant::now() < deadline, "waited for {part}: {status}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn without_variables_the_functions_run_as_they_are() {
    let database = tempfile::tempdir().unwrap();
    std::fs::write(database.path().join("7"), "a").unwrap();
    for environment in [&[][..], &[("CACHE_ENABLED", "false"), ("REDIS_ENABLED", "true")]] {
        let worker = alone(database.path(), environment).await;
        is(&worker.get("7").await, "a", 1);
        is(&worker.get("7").await, "a", 2);
        assert_eq!(worker.ask("update 7 a").await, "Applied");
        assert!(worker.ask("status").await.contains("mode=Disabled"));
        worker.quit().await;
    }
}

#[tokio::test]
async fn with_one_variable_memory_caches() {
    let database = tempfile::tempdir().unwrap();
    std::fs::write(database.path().join("7"), "a").unwrap();
    let worker = alone(database.path(), &[("CACHE_ENABLED", "true")]).await;
    is(&worker.get("7").await, "a", 1);
    is(&worker.get("7").await, "a", 1);
    assert_eq!(worker.ask("update 7 b").await, "Applied");
    is(&worker.get("7").await, "b", 2);
    assert!(worker.ask("status").await.contains("mode=Memory"));
    is(&worker.get("missing").await, "error:NotFound", 3);
    is(&worker.get("missing").await, "error:NotFound", 4);
    assert!(worker.ask("status").await.contains("flights=0 fills=0"));
}

#[tokio::test]
async fn a_bad_environment_is_refused_with_every_fault() {
    let database = tempfile::tempdir().unwrap();
    let environment = [
        ("CACHE_ENABLED", "perhaps"),
        ("REDIS_ENABLED", "true"),
        ("REDIS_PORT", "none"),
        ("REDIS_PASSWORD", "hunter2"),
    ];
    let (_worker, said) = Worker::try_start(WORKER, database.path(), &environment).await;
    assert!(said.contains("CACHE_ENABLED") && said.contains("REDIS_PORT"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn without_init_the_first_call_reads_the_environment() {
    let stage = Stage::new();
    stage.write("7", "a");
    let worker = stage.worker_with(&[("LAZY", "1")]).await;
    assert!(worker.ask("status").await.contains("mode=Disabled"), "nothing is set up yet");
    is(&worker.get("7").await, "a", 1);
    says(&worker, "mode=Redis redis=connected").await;
    assert_eq!(worker.ask("init").await, "true");
    assert_eq!(worker.ask("log INFO cache initialized").await, "1", "it is set up once");
}

#[tokio::test]
async fn without_init_a_bad_environment_is_one_error_and_nothing_is_cached() {
    let database = tempfile::tempdir().unwrap();
    std::fs::write(database.path().join("7"), "a").unwrap();
    let worker = alone(database.path(), &[("LAZY", "1"), ("CACHE_ENABLED", "perhaps")]).await;
    is(&worker.get("7").await, "a", 1);
    is(&worker.get("7").await, "a", 2);
    assert_eq!(worker.ask("log ERROR CACHE_ENABLED").await, "1");
}

#[tokio::test]
async fn after_a_shutdown_the_functions_run_as_they_are_until_the_next_init() {
    let stage = Stage::new();
    stage.write("7", "a");
    let worker = stage.worker().await;
    is(&worker.get("7").await, "a", 1);
    assert_eq!(worker.ask("shutdown").await, "done");
    is(&worker.get("7").await, "a", 2);
    is(&worker.get("7").await, "a", 3);
    assert_eq!(worker.ask("init").await, "true");
    is(&worker.get("7").await, "a", 3);
}

#[tokio::test]
async fn two_processes_share_what_one_has_cached_and_what_the_other_invalidates() {
    let stage = Stage::new();
    stage.write("7", "a");
    let (one, two) = (stage.worker().await, stage.worker().await);
    is(&one.get("7").await, "a", 1);
    is(&two.get("7").await, "a", 0);
    for (command, value) in [("update 7 b", "b"), ("namespace users", "b"), ("all", "b"), ("clear", "b")] {
        let runs = one.get("7").await.runs;
        assert_eq!(two.ask(command).await, "Applied");
        is(&one.get("7").await, value, runs + 1);
    }
    assert_eq!(stage.server.keys(":l:"), Vec::<String>::new(), "no lease is left behind");
    assert!(stage.server.keys(":v:").iter().all(|key| key.ends_with(":v:users:get:7")));
    one.quit().await;
    two.quit().await;
}

#[tokio::test]
async fn an_invalidation_beats_a_body_that_runs_in_another_process() {
    let stage = Stage::new();
    stage.write("7", "a");
    let (one, two) = (stage.worker().await, stage.worker().await);
    let mut early = one.begin("hold 7").await;
    assert_eq!(early.answer().await, "entered");
    assert_eq!(two.ask("update 7 b").await, "Applied");
    // This call begins after the invalidation, in a process that knows nothing of it.
    let mut late = one.begin("get 7").await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(one.ask("open 1").await, "done");
    assert_eq!(early.value().await.value, "a", "the early caller's own");
    assert_eq!(late.value().await.value, "b", "a later caller was given the old value");
    assert_eq!(one.get("7").await.value, "b", "the old value was stored");
    assert_eq!(two.get("7").await.value, "b");
}

#[tokio::test]
async fn many_callers_in_one_process_run_one_body() {
    let stage = Stage::new();
    stage.write("7", "a");
    let worker = stage.worker().await;
    let mut first = worker.begin("hold 7").await;
    assert_eq!(first.answer().await, "entered");
    let mut others = Vec::new();
    for _ in 0..50 {
        others.push(worker.begin("get 7").await);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    worker.ask("open 1").await;
    is(&first.value().await, "a", 1);
    for other in &mut others {
        is(&other.value().await, "a", 1);
    }
    assert!(worker.ask("status").await.contains("flights=0 fills=0"));
}

#[tokio::test]
async fn redis_away_at_the_start_is_one_warning_and_memory_serves_until_it_comes() {
    let mut stage = Stage::new();
    stage.write("7", "a");
    stage.server.kill();
    let worker = stage.worker().await;
    is(&worker.get("7").await, "a", 1);
    is(&worker.get("7").await, "a", 1);
    assert_eq!(worker.ask("update 7 b").await, "Queued");
    is(&worker.get("7").await, "b", 2);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(worker.ask("log WARN Failed to connect to Redis").await, "1");
    stage.server.restart();
    says(&worker, "connected=true journal=0").await;
    is(&worker.get("7").await, "b", 3);
    is(&worker.get("7").await, "b", 3);
    assert_eq!(stage.server.keys(":v:").len(), 1, "Redis is used");
}

/// Calls all the time while `fault` happens; the longest any call took.
pub(crate) async fn through(worker: &Worker, fault: impl AsyncFnOnce()) -> Duration {
    let longest = Cell::new(Duration::ZERO);
    let calls = async {
        loop {
            let answer = worker.get("7").await;
            assert_eq!(answer.value, "a", "the caller saw {answer:?}");
            longest.set(longest.get().max(answer.took));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = calls => {}
        () = fault() => {}
    }
    longest.get()
}

#[tokio::test]
async fn callers_see_no_error_and_no_long_wait_while_redis_is_killed_and_restarted() {
    let mut stage = Stage::new();
    stage.write("7", "a");
    let worker = stage.worker().await;
    worker.get("7").await;
    let longest = through(&worker, async || {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stage.server.kill();
        says(&worker, "connected=false").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        stage.server.restart();
        says(&worker, "connected=true").await;
    })
    .await;
    assert!(longest <= TIMEOUT + SLACK, "a call took {longest:?}");
}

#[tokio::test]
async fn callers_see_no_error_and_no_long_wait_while_redis_hangs() {
    let stage = Stage::new();
    stage.write("7", "a");
    let worker = stage.worker().await;
    worker.get("7").await;
    let longest = through(&worker, async || {
        stage.server.stop();
        says(&worker, "connected=false").await;
        // For longer than any call is to take.
        tokio::time::sleep(2 * SLACK).await;
        stage.server.cont();
        says(&worker, "connected=true").await;
    })
    .await;
    assert!(longest >= TIMEOUT / 2, "nobody asked Redis: {longest:?}");
    assert!(longest <= TIMEOUT + SLACK, "a call took {longest:?}");
}

#[tokio::test]
async fn what_was_invalidated_while_redis_hung_is_not_undone_when_it_returns() {
    let stage = Stage::new();
    stage.write("7", "a");
    let (one, two) = (stage.worker().await, stage.worker().await);
    is(&one.get("7").await, "a", 1);
    is(&two.get("7").await, "a", 0);
    stage.server.stop();
    assert_eq!(one.ask("update 7 b").await, "Queued");
    assert_eq!(one.get("7").await.value, "b", "an invalidation is seen at once by who made it");
    stage.server.cont();
    says(&one, "connected=true journal=0").await;
    assert_eq!(one.get("7").await.value, "b");
    says(&two, "connected=true").await;
    assert_eq!(two.get("7").await.value, "b");
}

#[tokio::test]
async fn what_was_invalidated_while_redis_was_down_is_not_revived_by_its_snapshot() {
    let mut stage = Stage::new();
    stage.write("7", "a");
    stage.write("8", "a");
    let (one, two) = (stage.worker().await, stage.worker().await);
    is(&one.get("7").await, "a", 1);
    is(&one.get("8").await, "a", 2);
    let _: String = stage.server.ask(&["SAVE"]);
    assert_eq!(one.ask("update 8 b").await, "Applied");
    stage.server.kill();
    says(&one, "connected=false").await;
    assert_eq!(one.ask("update 7 b").await, "Queued");
    stage.server.restart();
    says(&one, "connected=true journal=0").await;
    says(&two, "connected=true").await;
    for worker in [&one, &two] {
        assert_eq!(worker.get("7").await.value, "b");
        assert_eq!(worker.get("8").await.value, "b", "invalidated after the snapshot was made");
    }
}

#[tokio::test]
async fn what_memory_held_in_one_outage_is_not_served_in_the_next() {
    let mut stage = Stage::new();
    stage.write("7", "a");
    let (one, two) = (stage.worker().await, stage.worker().await);
    stage.server.kill();
    says(&one, "connected=false").await;
    is(&one.get("7").await, "a", 1);
    is(&one.get("7").await, "a", 1);
    stage.server.restart();
    says(&one, "connected=true").await;
    says(&two, "connected=true").await;
    assert_eq!(two.ask("update 7 b").await, "Applied");
    stage.server.kill();
    says(&one, "connected=false").await;
    is(&one.get("7").await, "b", 2);
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_database_leave_memory_to_serve() {
    let stage = Stage::with(Options { password: Some("right".into()), ..Options::default() });
    stage.write("7", "a");
    let wrong = stage.worker_with(&[("REDIS_PASSWORD", "wr0ng-s3cret")]).await;
    let missing = stage.worker_with(&[("REDIS_PASSWORD", "right"), ("REDIS_DB", "99")]).await;
    for (worker, variable) in [(&wrong, "REDIS_PASSWORD"), (&missing, "REDIS_DB")] {
        is(&worker.get("7").await, "a", 1);
        is(&worker.get("7").await, "a", 1);
        assert!(worker.ask("status").await.contains("connected=false"));
        assert_ne!(worker.ask(&format!("log {variable}")).await, "0", "the log names {variable}");
    }
    assert_eq!(wrong.ask("log wr0ng-s3cret").await, "0");
    assert_eq!(stage.server.keys(""), Vec::<String>::new());
}

#[tokio::test]
async fn a_password_of_any_characters_logs_in_and_is_never_logged() {
    let password = "@:/#%?!ümläut%41";
    let stage = Stage::with(Options { password: Some(password.into()), ..Options::default() });
    stage.write("7", "a");
    let worker = stage.worker_with(&[("REDIS_PASSWORD", password)]).await;
    is(&worker.get("7").await, "a", 1);
    assert!(worker.ask("status").await.contains("connected=true"));
    let port = stage.server.port();
    let url = format!("redis://:%40%3A%2F%23%25%3F%21%C3%BCml%C3%A4ut%2541@127.0.0.1:{port}/0");
    let by_url = stage.worker_with(&[("REDIS_URL", &url), ("REDIS_HOST", "nowhere")]).await;
    is(&by_url.get("7").await, "a", 0);
    for worker in [&worker, &by_url] {
        assert_eq!(worker.ask(&format!("log {password}")).await, "0");
        assert_ne!(worker.ask("log cachefn").await, "0", "something is logged at all");
    }
}

#[tokio::test]
async fn with_a_url_for_tls_redis_is_used_where_its_authority_is_known_and_memory_where_not() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let certificate = Some(ours.vouch("localhost"));
    let stage = Stage::with(Options { password: Some("s3same".into()), certificate, ..Options::default() });
    stage.write("7", "a");
    let url = format!("rediss://:s3same@localhost:{}/0", stage.server.tls_port());
    for (authority, connected) in [(&ours, true), (&theirs, false)] {
        let file = authority.file();
        let environment = [("REDIS_URL", url.as_str()), ("REDIS_CA_FILE", file.to_str().unwrap())];
        let worker = stage.worker_with(&environment).await;
        says(&worker, &format!("mode=Redis redis={}", if connected { "connected" } else { "degraded" }))
            .await;
        let runs = worker.get("7").await.runs;
        is(&worker.get("7").await, "a", runs);
        assert_eq!(worker.ask("log s3same").await, "0");
        assert_eq!(worker.ask("log WARN Failed to connect to Redis").await == "1", !connected);
        assert_eq!(worker.ask("log ERROR see REDIS_CA_FILE").await == "1", !connected);
    }
}

#[tokio::test]
async fn through_a_failover_callers_see_no_error_and_nothing_that_was_invalidated() {
    let watched = Watched::by(1, None).await;
    let database = tempfile::tempdir().unwrap();
    std::fs::write(database.path().join("7"), "a").unwrap();
    let port = watched.sentinels[0].port();
    let url = format!("redis+sentinel://:{}@127.0.0.1:{port}/main/0", Watched::PASSWORD);
    let environment = [("CACHE_ENABLED", "true"), ("REDIS_ENABLED", "true"), ("REDIS_URL", url.as_str())];
    let (one, two) = (alone(database.path(), &environment).await, alone(database.path(), &environment).await);
    is(&one.get("7").await, "a", 1);
    is(&two.get("7").await, "a", 0);
    let longest = through(&one, async || {
        watched.sentinels[0].ask::<()>(&["SENTINEL", "FAILOVER", "main"]);
        for worker in [&one, &two] {
            while worker.ask("log INFO Redis is used again").await == "0" {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    })
    .await;
    assert!(longest <= TIMEOUT + SLACK, "a call took {longest:?}");
    assert_eq!(two.ask("update 7 b").await, "Applied");
    assert_eq!((one.get("7").await.value, two.get("7").await.value), ("b".into(), "b".into()));
    assert!(watched.servers[1].ask::<String>(&["INFO", "replication"]).contains("role:master"));
    assert!(!watched.servers[1].keys(":v:").is_empty(), "the new master is used");
    assert_eq!(one.ask(&format!("log {}", Watched::PASSWORD)).await, "0");
}

#[tokio::test]
async fn whatever_stands_under_our_key_is_a_miss_and_is_healed() {
    let stage = Stage::new();
    stage.write("7", "a");
    let worker = stage.worker().await;
    is(&worker.get("7").await, "a", 1);
    let key = stage.server.keys(":v:").remove(0);
    let whole: Vec<u8> = stage.server.ask(&["GET", &key]);
    let flipped: Vec<u8> = whole.iter().rev().copied().collect();
    let spoil: [&dyn Fn(); 4] = [
        &|| stage.server.ask(&["SET", &key, "not an envelope"]),
        &|| stage.server.ask(&["SET", &key, &String::from_utf8_lossy(&flipped)]),
        &|| stage.server.ask(&["SETRANGE", &key, "90", "!"]),
        &|| {
            let _: i64 = stage.server.ask(&["DEL", &key]);
            let _: i64 = stage.server.ask(&["LPUSH", &key, "a list"]);
        },
    ];
    for (round, spoil) in (2..).zip(spoil) {
        spoil();
        is(&worker.get("7").await, "a", round);
        is(&worker.get("7").await, "a", round);
    }
}

#[tokio::test]
async fn a_redis_that_is_full_takes_no_values_and_still_takes_invalidations() {
    let full = Options::default().line(&["maxmemory", "1"]).line(&["maxmemory-policy", "noeviction"]);
    let stage = Stage::with(full);
    stage.write("7", "a");
    let worker = stage.worker().await;
    let mut first = worker.begin("hold 7").await;
    assert_eq!(first.answer().await, "entered");
    let mut others = Vec::new();
    for _ in 0..20 {
        others.push(worker.begin("get 7").await);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(worker.ask("update 7 b").await, "Applied");
    worker.ask("open 1").await;
    assert_eq!(first.value().await.value, "a");
    for other in &mut others {
        assert_eq!(other.value().await.value, "b", "each ran its own body after the first had ended");
    }
    assert_eq!(worker.ask("log WARN Redis is out of memory").await, "1", "it is said once");
    assert!(worker.ask("status").await.contains("connected=true"));
    let _: String = stage.server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    let runs = worker.get("7").await.runs;
    is(&worker.get("7").await, "b", runs);
}

#[tokio::test]
async fn the_functions_of_two_prefixes_do_not_see_each_other() {
    let stage = Stage::new();
    stage.write("7", "a");
    let (one, two) = (
        stage.worker_with(&[("CACHE_PREFIX", "one")]).await,
        stage.worker_with(&[("CACHE_PREFIX", "two")]).await,
    );
    is(&one.get("7").await, "a", 1);
    is(&two.get("7").await, "a", 1);
    assert_eq!(one.ask("clear").await, "Applied");
    is(&one.get("7").await, "a", 2);
    is(&two.get("7").await, "a", 1);
}
