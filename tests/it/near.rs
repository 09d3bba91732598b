//! The near cache: hits that Redis is not asked for, in processes that see each other's invalidations all the same.

use std::time::{Duration, Instant};

use cachefn_tests::{Options, Proxy, Worker, pause};

use super::processes::{Stage, is, says};

/// How often Redis was asked for values.
fn questions(stage: &Stage) -> u64 {
    let stats: String = stage.server.ask(&["INFO", "commandstats"]);
    let calls = stats.lines().filter_map(|line| line.strip_prefix("cmdstat_mget:calls="));
    calls.filter_map(|line| line.split(',').next()?.parse::<u64>().ok()).sum()
}

/// Calls until the value is `wanted`; whatever comes before must be `old`.
async fn becomes(worker: &Worker, id: &str, old: &str, wanted: &str) -> Duration {
    let began = Instant::now();
    loop {
        let value = worker.get(id).await.value;
        if value == wanted {
            return began.elapsed();
        }
        assert_eq!(value, old);
        assert!(began.elapsed() < Duration::from_secs(20), "waited in vain");
    }
}

#[tokio::test]
async fn a_hit_in_memory_asks_nobody() {
    let stage = Stage::new();
    stage.write("7", "a");
    let (one, two) = (stage.worker_with(&[]).await, stage.worker_with(&[]).await);
    is(&one.get("7").await, "a", 1);
    is(&two.get("7").await, "a", 0);
    // What this process has stored it reads once.
    is(&one.get("7").await, "a", 1);
    let before = questions(&stage);
    for _ in 0..50 {
        is(&one.get("7").await, "a", 1);
        is(&two.get("7").await, "a", 0);
    }
    assert_eq!(questions(&stage), before);
}

#[tokio::test]
async fn a_hit_in_redis_looks_at_its_value_and_nothing_else() {
    let stage = Stage::new();
    for id in 0..50 {
        stage.write(&id.to_string(), "a");
    }
    let one = stage.worker_with(&[]).await;
    for id in 0..50 {
        is(&one.get(&id.to_string()).await, "a", 1 + id);
    }
    for near in ["true", "false"] {
        let two = stage.worker_with(&[("CACHE_NEAR", near)]).await;
        // The generations of the function are read with its first values: more than once, if they were being made.
        for _ in 0..2 {
            is(&two.get("0").await, "a", 0);
        }
        let before = stage.server.looked_at();
        for id in 1..50 {
            is(&two.get(&id.to_string()).await, "a", 0);
        }
        assert_eq!(stage.server.looked_at() - before, 49, "CACHE_NEAR={near}");
    }
}

#[tokio::test]
async fn without_near_cache_what_one_process_strikes_is_gone_for_the_others_at_once() {
    let stage = Stage::new();
    stage.write("7", "0");
    let apart = [("CACHE_NEAR", "false")];
    let (one, two) = (stage.worker_with(&apart).await, stage.worker_with(&apart).await);
    for round in 1..100 {
        for reader in [&one, &two] {
            assert_eq!(reader.get("7").await.value, (round - 1).to_string());
        }
        stage.write("7", &round.to_string());
        let strike = ["namespace users", "all", "clear"][round % 3];
        assert_eq!(one.ask(strike).await, "Applied");
        assert_eq!(two.get("7").await.value, round.to_string(), "{strike}");
    }
}

#[tokio::test]
async fn what_one_process_strikes_the_others_forget() {
    let stage = Stage::new();
    let (one, two) = (stage.worker_with(&[]).await, stage.worker_with(&[]).await);
    for (round, strike) in ["update 7 b", "namespace users", "all", "clear"].iter().enumerate() {
        let (old, new) = (format!("old{round}"), format!("new{round}"));
        stage.write("7", &old);
        one.ask("clear").await;
        assert_eq!(one.get("7").await.value, old);
        becomes(&two, "7", if round == 0 { &old } else { "b" }, &old).await;
        stage.write("7", &new);
        let strike = strike.replace("7 b", &format!("7 {new}"));
        assert_eq!(one.ask(&strike).await, "Applied");
        assert_eq!(one.get("7").await.value, new, "{strike}: at once where it is struck");
        becomes(&two, "7", &old, &new).await;
        stage.write("7", "b");
        one.ask("clear").await;
        becomes(&two, "7", &new, "b").await;
        becomes(&one, "7", &new, "b").await;
    }
}

#[tokio::test]
async fn what_redis_loses_memory_forgets() {
    let stage = Stage::new();
    stage.write("7", "a");
    let worker = stage.worker_with(&[]).await;
    for (round, lose) in ["FLUSHALL", "FLUSHDB"].iter().enumerate() {
        worker.get("7").await;
        let runs = worker.get("7").await.runs;
        let _: String = stage.server.ask(&[lose]);
        let again = Instant::now();
        while worker.get("7").await.runs == runs {
            assert!(again.elapsed() < Duration::from_secs(20), "round {round}");
        }
    }
}

/// What a server evicts to make room for a command, it does not tell whose command it is, if that one asked not to be told
/// of its own writes (`NOLOOP`).
#[tokio::test]
async fn what_redis_evicts_for_a_process_that_process_forgets() {
    let stage = Stage::new();
    stage.write("7", "a");
    stage.write("8", "a");
    let (one, two) = (stage.worker_with(&[]).await, stage.worker_with(&[]).await);
    is(&one.get("7").await, "a", 1);
    is(&one.get("7").await, "a", 1);
    // Nobody's commands evict anything until there is a policy.
    stage.server.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
    stage.server.ask::<()>(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    one.get("8").await;
    stage.server.ask::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(stage.server.keys(":v:users:get:7"), Vec::<String>::new());
    assert_eq!(two.ask("update 7 b").await, "Applied");
    becomes(&one, "7", "a", "b").await;
}

#[tokio::test]
async fn memory_does_not_speak_for_a_server_that_gives_no_sign_of_life() {
    let stage = Stage::new();
    stage.write("7", "a");
    let proxy = Proxy::to(stage.server.port());
    let behind =
        stage.worker_with(&[("REDIS_PORT", &proxy.port().to_string()), ("REDIS_TIMEOUT", "100ms")]).await;
    let direct = stage.worker_with(&[]).await;
    is(&behind.get("7").await, "a", 1);
    is(&direct.get("7").await, "a", 0);
    // Nothing comes through any more, and nothing says so.
    proxy.hold();
    let held = Instant::now();
    assert_eq!(direct.ask("update 7 b").await, "Applied");
    let late = becomes(&behind, "7", "a", "b").await;
    assert!(held.elapsed() < Duration::from_millis(2_500), "{late:?}");
    proxy.release();
    says(&behind, "connected=true").await;
    assert_eq!(behind.get("7").await.value, "b");
}

#[tokio::test]
async fn with_the_near_cache_off_every_hit_asks_redis() {
    let stage = Stage::new();
    stage.write("7", "a");
    let worker = stage.worker_with(&[("CACHE_NEAR", "false")]).await;
    // The second reads the generations that the first has made.
    for _ in 0..2 {
        worker.get("7").await;
    }
    let before = questions(&stage);
    for _ in 0..10 {
        worker.get("7").await;
    }
    assert_eq!(questions(&stage), before + 10);
}

#[tokio::test]
async fn where_redis_does_not_say_what_changes_every_hit_asks_it() {
    let options =
        Options::default().line(&["user", "default", "on", "nopass", "~*", "&*", "+@all", "-client"]);
    let stage = Stage::with(options);
    stage.write("7", "a");
    let worker = stage.worker_with(&[]).await;
    worker.get("7").await;
    let before = questions(&stage);
    for _ in 0..10 {
        worker.get("7").await;
    }
    assert_eq!(questions(&stage), before + 10);
    assert_eq!(worker.ask("log INFO Redis does not tell what changes").await, "1");
}

#[tokio::test]
async fn a_value_that_its_own_process_replaces_is_replaced_in_memory() {
    let stage = Stage::new();
    stage.write("7", "a");
    let worker = stage.worker_with(&[]).await;
    worker.get("7").await;
    for round in 0..20 {
        let value = format!("v{round}");
        assert_eq!(worker.ask(&format!("update 7 {value}")).await, "Applied");
        assert_eq!(worker.get("7").await.value, value);
        assert_eq!(worker.get("7").await.value, value);
    }
    pause(Duration::from_millis(20)).await;
    assert_eq!(worker.get("7").await.value, "v19");
}
