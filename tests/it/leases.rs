//! `lease = true`: one body for a key at a time, in whole processes.

use std::time::{Duration, Instant};

use cachefn_tests::{Worker, pause};

use super::processes::{Stage, is};

const NEAR: [&[(&str, &str)]; 2] = [&[], &[("CACHE_NEAR", "false")]];

/// How long a process that died is waited for.
const LEASE: Duration = cachefn_backends::redis::ALONE;

async fn workers(stage: &Stage, count: usize, environment: &[(&str, &str)]) -> Vec<Worker> {
    let mut workers = Vec::new();
    for _ in 0..count {
        workers.push(stage.worker_with(environment).await);
    }
    workers
}

#[tokio::test]
async fn of_a_thousand_callers_in_four_processes_one_runs_its_body() {
    for environment in NEAR {
        let stage = Stage::new();
        stage.write("7", "a");
        // Who waits for Redis for too long runs its own.
        let environment = [environment, &[("REDIS_TIMEOUT", "1m")]].concat();
        let workers = workers(&stage, 4, &environment).await;
        let mut asked = Vec::new();
        for worker in &workers {
            asked.push(worker.begin("many 250 7").await);
        }
        let mut bodies = 0;
        for one in &mut asked {
            let answer = one.answer().await;
            let (values, runs) = answer.split_once(' ').unwrap();
            assert_eq!(values, "250");
            bodies += runs.parse::<u32>().unwrap();
        }
        assert_eq!(bodies, 1);
    }
}

#[tokio::test]
async fn who_waits_is_told_when_there_is_a_value() {
    for environment in NEAR {
        let stage = Stage::new();
        stage.write("7", "a");
        let workers = workers(&stage, 2, environment).await;
        let mut owner = workers[0].begin("hold-alone 7").await;
        assert_eq!(owner.answer().await, "entered");
        let mut waiting = workers[1].begin("alone 7").await;
        pause(Duration::from_millis(400)).await;
        let opened = Instant::now();
        workers[0].ask("open 1").await;
        is(&waiting.value().await, "a", 0);
        assert!(opened.elapsed() < Duration::from_millis(900), "{:?}", opened.elapsed());
        is(&owner.value().await, "a", 1);
    }
}

#[tokio::test]
async fn a_process_that_dies_is_waited_for_no_longer_than_its_lease() {
    let stage = Stage::new();
    stage.write("7", "a");
    let mut workers = workers(&stage, 2, &[]).await;
    let mut owner = workers[0].begin("hold-alone 7").await;
    assert_eq!(owner.answer().await, "entered");
    let mut waiting = workers[1].begin("many 100 7").await;
    pause(Duration::from_millis(100)).await;
    // Dropped, it is killed.
    drop(workers.remove(0));
    let died = Instant::now();
    assert_eq!(waiting.answer().await, "100 1");
    let took = died.elapsed();
    assert!(took < LEASE + Duration::from_millis(1_500), "{took:?}");
    assert!(took > LEASE / 2, "nothing was waited for: {took:?}");
}

#[tokio::test]
async fn a_body_that_is_slow_keeps_its_lease() {
    let stage = Stage::new();
    stage.write("7", "a");
    let workers = workers(&stage, 2, &[]).await;
    let mut owner = workers[0].begin("hold-alone 7").await;
    assert_eq!(owner.answer().await, "entered");
    let mut waiting = workers[1].begin("alone 7").await;
    pause(LEASE + Duration::from_millis(1_200)).await;
    workers[0].ask("open 1").await;
    is(&waiting.value().await, "a", 0);
    is(&owner.value().await, "a", 1);
}

#[tokio::test]
async fn after_a_body_that_fails_the_next_begins_at_once() {
    let stage = Stage::new();
    stage.write("7", "a");
    let workers = workers(&stage, 2, &[]).await;
    // The file is missing: the body fails.
    let began = Instant::now();
    assert_eq!(workers[0].begin("alone 8").await.value().await.value, "error:NotFound");
    assert_eq!(workers[1].begin("alone 8").await.value().await.value, "error:NotFound");
    assert!(began.elapsed() < Duration::from_secs(1));
    stage.write("8", "b");
    is(&workers[1].begin("alone 8").await.value().await, "b", 2);
}

#[tokio::test]
async fn an_invalidation_ends_the_wait_for_what_was_loaded_before_it() {
    let stage = Stage::new();
    stage.write("7", "a");
    let workers = workers(&stage, 2, &[]).await;
    for strike in ["strike-alone 7", "namespace alone", "clear"] {
        stage.write("7", "a");
        workers[1].ask("clear").await;
        let mut owner = workers[0].begin("hold-alone 7").await;
        assert_eq!(owner.answer().await, "entered");
        stage.write("7", "b");
        assert_eq!(workers[1].ask(strike).await, "Applied");
        let began = Instant::now();
        assert_eq!(workers[1].begin("alone 7").await.value().await.value, "b");
        assert!(began.elapsed() < Duration::from_secs(1), "{strike}: {:?}", began.elapsed());
        workers[0].ask("open 1").await;
        assert_eq!(owner.value().await.value, "a");
        assert_eq!(workers[1].begin("alone 7").await.value().await.value, "b");
    }
}

#[tokio::test]
async fn without_redis_each_process_is_by_itself() {
    let mut stage = Stage::new();
    stage.write("7", "a");
    let workers = workers(&stage, 2, &[("REDIS_TIMEOUT", "100ms")]).await;
    let mut owner = workers[0].begin("hold-alone 7").await;
    assert_eq!(owner.answer().await, "entered");
    let mut waiting = workers[1].begin("alone 7").await;
    pause(Duration::from_millis(100)).await;
    stage.server.kill();
    let killed = Instant::now();
    is(&waiting.value().await, "a", 1);
    assert!(killed.elapsed() < Duration::from_secs(1), "{:?}", killed.elapsed());
    workers[0].ask("open 1").await;
    is(&owner.value().await, "a", 1);
}
