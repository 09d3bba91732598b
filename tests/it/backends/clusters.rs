//! Real clusters: three masters, of which one is killed, replaced, or given less to serve.

use std::time::Instant;

use cachefn_backends::backend::Invalidated;
use cachefn_backends::place::Group;
use cachefn_tests::{Authority, Cluster, Options, logs};
use tracing::Level;

use super::login::{PASSWORD, is_said_clearly, refused, texts};
use super::*;

fn root() -> Vec<Target> {
    vec![Target::Group(Group::root())]
}

/// Keys enough for every bucket.
fn keys() -> impl Iterator<Item = String> {
    (0..400).map(|id| format!("users:7:get:{id}"))
}

async fn fill(backend: &Direct) {
    for key in keys() {
        assert_eq!(put(backend, &key, &key).await, Ok(Filled::Stored));
    }
}

/// How many of the keys are found.
async fn found(backend: &Direct) -> usize {
    let mut found = 0;
    for key in keys() {
        match read(backend, &key).await {
            Some(value) if value == key => found += 1,
            Some(other) => panic!("{key} is {other}"),
            None => {}
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_keeps_every_contract() {
    let cluster = Cluster::start().await;
    let stores = AtomicUsize::new(0);
    let make = async || {
        let prefix = format!("store{}", stores.fetch_add(1, Ordering::Relaxed));
        connected(Settings { prefix, ..cluster.settings() }).await
    };
    contract::check(make, async |_, time| tokio::time::sleep(time).await).await;
}

#[tokio::test]
async fn everything_about_a_key_stands_in_the_slot_of_its_bucket_and_keys_are_everywhere() {
    let cluster = Cluster::start().await;
    let backend = connected(cluster.settings()).await;
    fill(&backend).await;
    let lease = begin(&backend, "users:7:get:0").await.unwrap();
    for master in &cluster.masters {
        assert!(master.keys(":v:").len() > 80, "each has its share");
        let clients: String = master.ask(&["CLIENT", "LIST", "TYPE", "normal"]);
        assert_eq!(clients.lines().count(), 2, "one beside the one that asks: {clients}");
    }
    let (names, values) = (cluster.keys(""), cluster.keys(":v:"));
    assert!(names.iter().all(|name| name.starts_with('{') && name.contains("}test@:")), "{names:?}");
    let buckets: std::collections::HashSet<_> =
        values.iter().filter_map(|name| name.split('}').next()).collect();
    assert_eq!((values.len(), buckets.len()), (400, 64));
    // Root, two levels of the namespace, the function.
    assert_eq!(cluster.keys(":g:").len(), 4 * 64);
    drop(lease);
}

#[tokio::test]
async fn what_is_invalidated_anywhere_is_gone_everywhere() {
    let cluster = Cluster::start().await;
    let one = connected(cluster.settings()).await;
    let two = connected(Settings { port: cluster.masters[2].port(), ..cluster.settings() }).await;
    let groups = [Group::namespace("users"), Group::namespace("users:7"), Group::function("app::get")];
    for group in groups.into_iter().chain([Group::root()]) {
        fill(&one).await;
        assert_eq!(found(&two).await, 400);
        let running = begin(&one, "running").await.unwrap();
        assert_eq!(two.0.invalidate(vec![Target::Group(group)]).await, Invalidated::Applied);
        assert_eq!(found(&one).await, 0);
        let late = one.fill(&place("running"), running, draft("late"), LIFE).await;
        assert_eq!(late, Ok(Filled::Refused));
    }
    fill(&one).await;
    let half: Vec<_> = keys().step_by(2).map(|key| Target::Key(key.into())).collect();
    assert_eq!(two.0.invalidate(half).await, Invalidated::Applied);
    assert_eq!(found(&one).await, 200);
    let other = vec![Target::Group(Group::namespace("users:8"))];
    assert_eq!(two.0.invalidate(other).await, Invalidated::Applied);
    assert_eq!(found(&one).await, 200);
}

#[tokio::test]
async fn a_group_costs_the_same_with_one_entry_or_many_and_no_more_than_one_round() {
    let cluster = Cluster::start().await;
    let backend = connected(cluster.settings()).await;
    let processed = |command: &str| -> usize {
        let stat = |master: &RedisServer| {
            let stats: String = master.ask(&["INFO", "commandstats"]);
            let line = stats.lines().find(|line| line.starts_with(&format!("cmdstat_{command}:")));
            line.and_then(|line| line.split(['=', ',']).nth(1)?.parse().ok()).unwrap_or(0)
        };
        cluster.masters.iter().map(stat).sum()
    };
    fill(&backend).await;
    let before = processed("unlink");
    assert_eq!(backend.0.invalidate(root()).await, Invalidated::Applied);
    assert_eq!(processed("unlink") - before, 64);
}

#[tokio::test]
async fn when_a_master_is_killed_invalidations_wait_and_what_it_kept_from_before_is_not_revived() {
    logs::capture();
    let mut cluster = Cluster::start().await;
    let (forgotten, forget) = counter();
    let redis = Redis::start(cluster.settings(), forget);
    redis.settled().await;
    let backend = Direct(redis);
    fill(&backend).await;
    for master in &cluster.masters {
        master.ask::<()>(&["SAVE"]);
    }
    // Applied, and then lost with the process that had applied it.
    assert_eq!(backend.0.invalidate(key("users:7:get:0")).await, Invalidated::Applied);
    let before = forgotten.load(Ordering::SeqCst);
    for number in [0, 2] {
        cluster.masters[number].kill();
        until("it is noticed", || backend.0.state() == State::Degraded).await;
        assert!(forgotten.load(Ordering::SeqCst) > before);
        assert_eq!(backend.0.invalidate(key("users:7:get:1")).await, Invalidated::Queued);
        assert_eq!(backend.0.invalidate(root()).await, Invalidated::Queued);
        assert!(backend.0.link().is_none());
        cluster.masters[number].restart();
        used_again(&backend).await;
        assert_eq!(found(&backend).await, 0, "what stood in the snapshot is struck");
        assert_eq!(backend.0.journal_len(), 0);
        fill(&backend).await;
        assert_eq!(found(&backend).await, 400);
    }
    let warnings = texts(backend.0.address(), Level::WARN);
    assert_eq!(warnings.len(), 2, "one for an outage: {warnings:?}");
}

#[tokio::test]
async fn a_restarted_master_is_a_cold_cache_though_nothing_was_queued() {
    let mut cluster = Cluster::start().await;
    let backend = connected(cluster.settings()).await;
    fill(&backend).await;
    for master in &cluster.masters {
        master.ask::<()>(&["SAVE"]);
    }
    for key in keys() {
        assert_eq!(backend.0.invalidate(self::key(&key)).await, Invalidated::Applied);
    }
    cluster.masters[1].restart();
    until("it is noticed", || backend.0.link().is_none()).await;
    used_again(&backend).await;
    assert_eq!(found(&backend).await, 0);
}

#[tokio::test]
async fn a_replica_that_takes_over_is_used_and_found_without_the_first_node() {
    let mut cluster = Cluster::start().await;
    let replica = cluster.replica(0).await;
    let backend = connected(cluster.settings()).await;
    fill(&backend).await;
    let began = Instant::now();
    cluster.masters[0].kill();
    until("it is noticed", || backend.0.link().is_none()).await;
    assert_eq!(backend.0.invalidate(key("users:7:get:1")).await, Invalidated::Queued);
    used_again(&backend).await;
    println!("used again after {:?}", began.elapsed());
    assert!(replica.ask::<String>(&["INFO", "replication"]).contains("role:master"));
    assert_eq!(found(&backend).await, 0, "it may not have heard of everything");
    fill(&backend).await;
    assert_eq!(found(&backend).await, 400);
    assert!(replica.keys(":v:").len() > 80);
}

#[tokio::test]
async fn a_master_that_steps_down_is_left_for_its_successor() {
    let cluster = Cluster::start().await;
    let replica = cluster.replica(1).await;
    let backend = connected(cluster.settings()).await;
    fill(&backend).await;
    replica.ask::<()>(&["CLUSTER", "FAILOVER"]);
    until("it has taken over", || replica.ask::<String>(&["INFO", "replication"]).contains("role:master"))
        .await;
    // Nothing broke: the first command that is sent on tells.
    let targets: Vec<_> = keys().map(|key| Target::Key(key.into())).collect();
    let told = backend.0.invalidate(targets).await;
    used_again(&backend).await;
    assert_eq!(found(&backend).await, 0, "{told:?}");
    fill(&backend).await;
    assert_eq!(found(&backend).await, 400);
}

#[tokio::test]
async fn slots_that_move_between_masters_are_followed_and_nothing_is_lost_or_revived() {
    logs::capture();
    let cluster = Cluster::start().await;
    let [one, two] = [connected(cluster.settings()).await, connected(cluster.settings()).await];
    fill(&one).await;
    let slots: std::collections::HashSet<_> =
        cluster.keys(":v:").iter().map(|name| cluster.slot(name)).collect();
    for slot in slots {
        let (from, to) = (&cluster.masters[Cluster::first_server(slot)], &cluster.masters[2]);
        if from.port() != to.port() {
            cluster.begin_moving(slot, from, to);
            cluster.finish_moving(slot, from, to);
        }
    }
    cluster.agrees().await;
    assert_eq!((found(&one).await, found(&two).await), (400, 400));
    let half: Vec<_> = keys().step_by(2).map(|key| Target::Key(key.into())).collect();
    assert_eq!(two.0.invalidate(half).await, Invalidated::Applied);
    assert_eq!(found(&one).await, 200);
    assert_eq!(one.0.invalidate(root()).await, Invalidated::Applied);
    assert_eq!(found(&two).await, 0);
    fill(&two).await;
    assert_eq!(found(&one).await, 400);
    assert_eq!(texts(one.0.address(), Level::WARN), [""; 0], "trust was never lost");
}

#[tokio::test]
async fn while_a_slot_is_on_its_way_invalidations_reach_it_and_fills_do_not() {
    logs::capture();
    let cluster = Cluster::start().await;
    let backend = connected(cluster.settings()).await;
    // What has moved already: nothing, the value, the generations, everything but one of them.
    for (round, part) in ["none", ":v:", ":g:", "users", ""].into_iter().enumerate() {
        assert_eq!(put(&backend, "users:1", "old").await, Ok(Filled::Stored));
        let lease = begin(&backend, "users:1").await.unwrap();
        let name = cluster.keys(":v:users:1").remove(0);
        let slot = cluster.slot(&name);
        let (from, to) = match Cluster::first_server(slot) {
            first if round % 2 == 0 => (first, (first + 1) % 3),
            first => ((first + 1) % 3, first),
        };
        let (from, to) = (&cluster.masters[from], &cluster.masters[to]);
        cluster.begin_moving(slot, from, to);
        let tag = name.split('}').next().unwrap().to_owned() + "}";
        let moved: Vec<_> = from
            .keys(part)
            .into_iter()
            .filter(|name| name.starts_with(&tag) && (part != "users" || name.contains(":n:users")))
            .collect();
        if !moved.is_empty() {
            cluster.move_keys(&moved, from, to);
        }
        let targets = if round % 2 == 0 { key("users:1") } else { root() };
        assert_eq!(backend.0.invalidate(targets).await, Invalidated::Applied, "{part}");
        let found = backend.lookup(&place("users:1")).await;
        assert!(!matches!(found, Ok(Lookup::Hit(_))), "{part}: {found:?}");
        let late = backend.fill(&place("users:1"), lease, draft("late"), LIFE).await;
        assert_ne!(late, Ok(Filled::Stored), "{part}");
        assert!(!matches!(backend.lookup(&place("users:1")).await, Ok(Lookup::Hit(_))), "{part}");
        cluster.finish_moving(slot, from, to);
        cluster.agrees().await;
        assert_eq!(read(&backend, "users:1").await, None, "{part}");
    }
    assert_eq!(put(&backend, "users:1", "new").await, Ok(Filled::Stored));
    assert_eq!(read(&backend, "users:1").await.as_deref(), Some("new"));
    assert_eq!(texts(backend.0.address(), Level::WARN), [""; 0], "trust was never lost");
}

#[tokio::test]
async fn a_master_that_joins_is_found_by_the_first_slot_that_it_is_given() {
    let cluster = Cluster::start().await;
    let backend = connected(cluster.settings()).await;
    fill(&backend).await;
    let joined = cluster.add(Options::default()).await;
    let slots: std::collections::HashSet<_> =
        cluster.masters[1].keys(":v:").iter().map(|name| cluster.slot(name)).collect();
    for slot in slots {
        cluster.begin_moving(slot, &cluster.masters[1], &joined);
        cluster.finish_moving(slot, &cluster.masters[1], &joined);
    }
    cluster.agrees().await;
    // The first command that is sent on to it tells, and makes the connection anew.
    while backend.0.invalidate(root()).await == Invalidated::Queued {
        used_again(&backend).await;
    }
    fill(&backend).await;
    assert_eq!(found(&backend).await, 400);
    assert!(joined.keys(":v:").len() > 80);
}

#[tokio::test]
async fn a_cluster_that_is_not_whole_is_not_used() {
    logs::capture();
    let cluster = Cluster::start().await;
    let backend = connected(cluster.settings()).await;
    cluster.masters[2].ask::<()>(&["CLUSTER", "DELSLOTSRANGE", "16000", "16383"]);
    let info = || cluster.masters[2].ask::<String>(&["CLUSTER", "INFO"]);
    until("it is down", || info().contains("state:fail")).await;
    assert_eq!(backend.0.invalidate(root()).await, Invalidated::Queued);
    let address = backend.0.address().to_owned();
    until("it is said", || !texts(&address, Level::WARN).is_empty()).await;
    assert!(texts(&address, Level::WARN)[0].contains("cluster is down"));
    cluster.masters[2].ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", "16000", "16383"]);
    used_again(&backend).await;
    assert_eq!(put(&backend, "k", "1").await, Ok(Filled::Stored));
}

#[tokio::test]
async fn a_server_alone_and_a_cluster_are_told_from_each_other() {
    let (server, cluster) = (RedisServer::start(), Cluster::start().await);
    let asked = Settings { cluster: true, ..server.settings() };
    is_said_clearly(asked, "server is no node of a cluster, see REDIS_CLUSTER").await;
    let asked = Settings { cluster: false, ..cluster.settings() };
    is_said_clearly(asked, "server is a cluster node, see REDIS_CLUSTER").await;
}

#[tokio::test]
async fn a_wrong_password_is_said_and_not_shown() {
    let cluster = Cluster::with(Options { password: Some(PASSWORD.into()), ..Options::default() }).await;
    let backend = connected(cluster.settings()).await;
    assert_eq!(put(&backend, "k", "1").await, Ok(Filled::Stored));
    let wrong = Settings { password: Some("sesame-wrong".into()), ..cluster.settings() };
    is_said_clearly(wrong, "see REDIS_USERNAME and REDIS_PASSWORD").await;
    assert!(logs::lines("sesame-wrong").is_empty());
    assert!(logs::lines("p@s:s").is_empty());
}

#[tokio::test]
async fn a_user_needs_little_and_what_is_missing_is_named() {
    logs::capture();
    let needed = [
        "~{*}test@*",
        "+ping",
        "+time",
        "+mget",
        "+set",
        "+unlink",
        "+ttl",
        "+pttl",
        "+expire",
        "+evalsha",
        "+script|load",
        "+asking",
        "+cluster|slots",
    ];
    let (all, name) = ("+info", "guest");
    let password = format!(">{PASSWORD}");
    let with = |rules: Vec<&'static str>| {
        let words = ["user", name, "on", &password, "-@all"].into_iter().chain(rules);
        Options::default().line(&words.collect::<Vec<_>>())
    };
    let cluster = Cluster::with(with(needed.into_iter().chain([all]).collect())).await;
    let guest =
        Settings { username: Some(name.into()), password: Some(PASSWORD.into()), ..cluster.settings() };
    let backend = connected(guest.clone()).await;
    fill(&backend).await;
    assert_eq!(backend.0.invalidate(root()).await, Invalidated::Applied);
    assert_eq!(found(&backend).await, 0);
    drop(backend);
    let set = |rule: &str| {
        for master in &cluster.masters {
            master.ask::<()>(&["ACL", "SETUSER", name, rule]);
        }
    };
    for (without, with, said) in [
        ("-asking", "+asking", "user lacks +asking, "),
        ("-cluster|slots", "+cluster|slots", "user lacks +cluster|slots, "),
        ("-mget", "+mget", "user lacks +mget, "),
        ("resetkeys", needed[0], "user lacks ~{*}PREFIX@*, "),
    ] {
        set(without);
        let (_redis, address) = refused(guest.clone()).await;
        until(said, || texts(&address, Level::ERROR).iter().any(|text| text.contains(said))).await;
        set(with);
    }
    assert_eq!(connected(guest).await.0.state(), State::Connected);
}

#[tokio::test]
async fn a_cluster_is_reached_by_tls() {
    let authority = Authority::new();
    let options = Options { certificate: Some(authority.vouch("127.0.0.1")), ..Options::default() }
        .line(&["tls-cluster", "yes"]);
    let cluster = Cluster::with(options).await;
    let tls = Some(cachefn_backends::redis::Tls { ca_file: Some(authority.file()) });
    let backend =
        connected(Settings { port: cluster.masters[0].tls_port(), tls, ..cluster.settings() }).await;
    fill(&backend).await;
    assert_eq!(found(&backend).await, 400);
}

#[tokio::test]
async fn memory_does_not_speak_for_a_cluster_and_that_is_said_once() {
    logs::capture();
    let cluster = Cluster::start().await;
    let backend = connected(cluster.settings()).await;
    assert!(!backend.0.may_be_near() && !backend.0.is_near());
    let said = logs::lines(backend.0.address());
    assert_eq!(said.iter().filter(|line| line.text.contains("memory does not speak")).count(), 1);
}

#[tokio::test]
async fn a_journal_of_many_groups_is_struck_in_time() {
    let mut cluster = Cluster::start().await;
    let backend = connected(cluster.settings()).await;
    cluster.masters[1].kill();
    until("it is noticed", || backend.0.link().is_none()).await;
    let tag = |id: usize| Target::Group(Group::tag(&format!("user:{id}")));
    let tags = (0..9_000).map(tag).collect();
    assert_eq!(backend.0.invalidate(tags).await, Invalidated::Queued);
    assert_eq!(backend.0.journal_len(), 9_000);
    let began = Instant::now();
    cluster.masters[1].restart();
    used_again(&backend).await;
    println!("9000 groups: used again after {:?}", began.elapsed());
}
