//! Whole processes on a cluster, which loses a master or moves its slots under them.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use cachefn_tests::{Cluster, Options, RedisServer, Worker};

use crate::processes::{is, says, through};

const WORKER: &str = env!("CARGO_BIN_EXE_worker");
/// What a call may take, with what a busy machine adds to it.
const LONGEST: Duration = Duration::from_millis(250 + 1_000);

async fn worker(server: &RedisServer, database: &Path, more: &[(&str, &str)]) -> Worker {
    let port = server.port().to_string();
    let environment = [
        ("CACHE_ENABLED", "true"),
        ("REDIS_ENABLED", "true"),
        ("REDIS_HOST", "127.0.0.1"),
        ("REDIS_PORT", &port),
        ("REDIS_CLUSTER", "true"),
    ];
    Worker::start(WORKER, database, &[environment.as_slice(), more].concat()).await
}

fn database() -> tempfile::TempDir {
    let database = tempfile::tempdir().unwrap();
    for id in 0..100 {
        std::fs::write(database.path().join(id.to_string()), "a").unwrap();
    }
    database
}

#[tokio::test]
async fn processes_share_what_is_in_a_cluster_and_what_one_invalidates() {
    let (cluster, database) = (Cluster::start().await, database());
    let one = worker(&cluster.masters[0], database.path(), &[]).await;
    let two = worker(&cluster.masters[1], database.path(), &[]).await;
    for id in 0..100 {
        is(&one.get(&id.to_string()).await, "a", id + 1);
        is(&two.get(&id.to_string()).await, "a", 0);
    }
    for (round, command) in (1..).zip(["namespace users", "all", "clear"]) {
        assert_eq!(two.ask(command).await, "Applied");
        for id in 0..100 {
            is(&one.get(&id.to_string()).await, "a", 100 * round + id + 1);
        }
    }
    for id in 0..100 {
        assert_eq!(two.ask(&format!("update {id} b")).await, "Applied");
        is(&one.get(&id.to_string()).await, "b", 401 + id);
    }
    assert!(cluster.masters.iter().all(|master| master.keys(":v:").len() > 10));
    assert_eq!(cluster.keys(":l:"), Vec::<String>::new(), "no lease is left behind");
    one.quit().await;
    two.quit().await;
}

#[tokio::test]
async fn a_body_runs_once_for_all_processes_of_a_cluster_where_that_is_asked_for() {
    let (cluster, database) = (Cluster::start().await, database());
    let one = worker(&cluster.masters[0], database.path(), &[]).await;
    let two = worker(&cluster.masters[1], database.path(), &[]).await;
    let mut runs = 0;
    for id in ["1", "2", "3"] {
        let [mut first, mut second] =
            [one.begin(&format!("many 100 {id}")).await, two.begin(&format!("many 100 {id}")).await];
        let ran = [first.answer().await, second.answer().await];
        let after: u32 = ran
            .iter()
            .map(|answer| {
                let (values, runs) = answer.split_once(' ').unwrap();
                assert_eq!(values, "100");
                runs.parse::<u32>().unwrap()
            })
            .sum();
        assert_eq!(after - runs, 1, "{ran:?}");
        runs = after;
    }
}

#[tokio::test]
async fn callers_see_no_error_and_no_long_wait_while_a_master_is_down() {
    let (mut cluster, database) = (Cluster::start().await, database());
    let one = worker(&cluster.masters[1], database.path(), &[]).await;
    let two = worker(&cluster.masters[1], database.path(), &[]).await;
    one.get("7").await;
    let longest = through(&one, async || {
        cluster.masters[0].kill();
        says(&one, "connected=false").await;
        says(&two, "connected=false").await;
        assert_eq!(two.ask("update 8 b").await, "Queued");
        assert_eq!(two.get("8").await.value, "b");
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let began = Instant::now();
        cluster.masters[0].restart();
        says(&two, "connected=true journal=0").await;
        says(&one, "connected=true").await;
        println!("used again {:?} after it was back", began.elapsed());
    })
    .await;
    assert!(longest <= LONGEST, "a call took {longest:?}");
    assert_eq!(one.get("8").await.value, "b");
    assert_eq!(two.ask("update 7 b").await, "Applied");
    assert_eq!(one.get("7").await.value, "b");
}

#[tokio::test]
async fn callers_see_no_error_and_no_long_wait_while_a_master_hangs() {
    let (cluster, database) = (Cluster::start().await, database());
    let worker = worker(&cluster.masters[1], database.path(), &[]).await;
    worker.get("7").await;
    let longest = through(&worker, async || {
        cluster.masters[0].stop();
        says(&worker, "connected=false").await;
        tokio::time::sleep(2 * LONGEST).await;
        cluster.masters[0].cont();
        says(&worker, "connected=true").await;
    })
    .await;
    assert!(longest <= LONGEST, "a call took {longest:?}");
}

#[tokio::test]
async fn callers_see_nothing_stale_while_slots_move_under_load() {
    let (cluster, database) = (Cluster::start().await, database());
    let one = worker(&cluster.masters[0], database.path(), &[]).await;
    let two = worker(&cluster.masters[0], database.path(), &[]).await;
    for id in 0..100 {
        one.get(&id.to_string()).await;
    }
    let slots: HashSet<_> = cluster.keys(":v:").iter().map(|name| cluster.slot(name)).collect();
    let longest = through(&one, async || {
        for (round, slot) in slots.into_iter().take(20).enumerate() {
            let (from, to) = (Cluster::first_server(slot), (Cluster::first_server(slot) + 1) % 3);
            let (from, to) = (&cluster.masters[from], &cluster.masters[to]);
            cluster.begin_moving(slot, from, to);
            let value = round.to_string();
            for id in 20..40 {
                let told = two.ask(&format!("update {id} {value}")).await;
                // What waits is seen by others once it is told.
                if told == "Applied" {
                    assert_eq!(one.get(&id.to_string()).await.value, value);
                }
                assert_eq!(two.get(&id.to_string()).await.value, value);
            }
            cluster.finish_moving(slot, from, to);
            cluster.agrees().await;
        }
    })
    .await;
    assert!(longest <= LONGEST, "a call took {longest:?}");
    says(&one, "connected=true").await;
    says(&two, "connected=true journal=0").await;
    assert_eq!(two.ask("clear").await, "Applied");
    println!("trust lost {} times", two.ask("log WARN Lost the connection").await);
}

#[tokio::test]
async fn what_the_password_is_nobody_learns_and_a_node_is_told_from_a_server() {
    let options = Options { password: Some("s3same".into()), ..Options::default() };
    let (cluster, database) = (Cluster::with(options).await, database());
    let seed = &cluster.masters[0];
    for (more, part, said) in [
        (
            [("REDIS_PASSWORD", "s3same"), ("CACHE_NEAR", "true")],
            "connected=true",
            "INFO memory does not speak",
        ),
        (
            [("REDIS_PASSWORD", "s3sam"), ("CACHE_NEAR", "true")],
            "connected=false",
            "ERROR see REDIS_USERNAME",
        ),
        (
            [("REDIS_PASSWORD", "s3same"), ("REDIS_CLUSTER", "false")],
            "connected=false",
            "ERROR see REDIS_CLUSTER",
        ),
    ] {
        let worker = worker(seed, database.path(), &more).await;
        says(&worker, part).await;
        assert_eq!(worker.get("7").await.value, "a");
        assert_ne!(worker.ask(&format!("log {said}")).await, "0", "{said}");
        assert_eq!(worker.ask("log s3sam").await, "0");
    }
    let server = RedisServer::start();
    let worker = worker(&server, database.path(), &[]).await;
    says(&worker, "connected=false").await;
    assert_eq!(worker.ask("log ERROR server is no node of a cluster, see REDIS_CLUSTER").await, "1");
}
