//! Lookups that are asked together, and generations that are known.

use cachefn_backends::backend::Invalidated;
use cachefn_backends::place::Group;
use cachefn_tests::Proxy;

use super::*;

/// Two processes' worth of one server: who writes, and who reads through a proxy.
async fn pair(server: &RedisServer, near: bool) -> (Direct, Direct, Proxy) {
    let proxy = Proxy::to(server.port());
    let writer = connected(server.settings()).await;
    let reader = connected(Settings { port: proxy.port(), near, ..server.settings() }).await;
    (writer, reader, proxy)
}

/// Reads a value that stands there until nothing but the value itself is looked at.
async fn get_to_know(server: &RedisServer, reader: &Direct, key: &str) {
    for _ in 0..100 {
        let before = server.looked_at();
        assert!(read(reader, key).await.is_some());
        if server.looked_at() - before == 1 {
            return;
        }
    }
    panic!("its generations are never known");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_while_a_value_is_on_its_way_is_noticed() {
    let server = RedisServer::start();
    for near in [true, false] {
        let (writer, reader, proxy) = pair(&server, near).await;
        let reader = Arc::new(reader);
        for group in [Group::root(), Group::namespace("users"), Group::function("app::get")] {
            put(&writer, "k", "1").await.unwrap();
            get_to_know(&server, &reader, "k").await;
            // What the server says of the change and what it answers after that arrive together.
            proxy.hold_answers();
            let struck = vec![Target::Group(group.clone())];
            assert_eq!(writer.0.invalidate(struck).await, Invalidated::Applied);
            let before = server.looked_at();
            let asking = Arc::clone(&reader);
            let asked = tokio::spawn(async move { read(&asking, "k").await });
            until("it is asked for", || server.looked_at() > before).await;
            proxy.release();
            assert_eq!(asked.await.unwrap(), None, "{group:?}, near: {near}");
        }
    }
}

#[tokio::test]
async fn what_the_server_loses_is_known_no_longer() {
    let server = RedisServer::start();
    for near in [true, false] {
        let (writer, reader, _proxy) = pair(&server, near).await;
        put(&writer, "k", "1").await.unwrap();
        get_to_know(&server, &reader, "k").await;
        let old = server.keys(":v:").remove(0);
        let bytes: Vec<u8> = server.ask(&["GET", &old]);
        server.ask::<()>(&["FLUSHALL"]);
        // As if the value alone had been kept.
        let mut connection = server.connection();
        let () = redis::cmd("SET").arg(&old).arg(bytes).query(&mut connection).unwrap();
        assert_eq!(read(&reader, "k").await, None, "near: {near}");
        put(&writer, "k", "2").await.unwrap();
        assert_eq!(read(&reader, "k").await.as_deref(), Some("2"));
    }
}

#[tokio::test]
async fn tags_of_a_value_are_known_until_one_is_struck() {
    let server = RedisServer::start();
    for near in [true, false] {
        let (writer, reader, _proxy) = pair(&server, near).await;
        let (place, tags) = (place("k").open(), vec![Group::tag("a"), Group::tag("b")]);
        let Acquired::Granted(lease) = writer.acquire(&place, false).await.unwrap() else {
            panic!("it is free")
        };
        let draft = Draft { tags, ..draft("1") };
        assert_eq!(writer.fill(&place, lease, draft, LIFE).await, Ok(Filled::Stored));
        get_to_know(&server, &reader, "k").await;
        let struck = vec![Target::Group(Group::tag("b"))];
        assert_eq!(writer.0.invalidate(struck).await, Invalidated::Applied);
        assert_eq!(read(&reader, "k").await, None, "near: {near}");
        writer.0.invalidate(key("k")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_look_at_one_time_each_is_told_of_its_own() {
    const MANY: usize = 1_000;
    let server = RedisServer::start();
    let (writer, reader, proxy) = pair(&server, true).await;
    let reader = Arc::new(reader);
    for id in 0..MANY {
        put(&writer, &format!("k{id}"), &id.to_string()).await.unwrap();
    }
    get_to_know(&server, &reader, "k0").await;
    let questions = || {
        let stats: String = server.ask(&["INFO", "commandstats"]);
        let calls = stats.lines().find_map(|line| line.strip_prefix("cmdstat_mget:calls="));
        calls.and_then(|line| line.split(',').next()?.parse::<usize>().ok()).unwrap()
    };
    // The first few questions are on their way, and all others wait.
    proxy.hold_answers();
    let before = questions();
    let begun = Arc::new(AtomicUsize::new(0));
    let asked: Vec<_> = (0..MANY)
        .map(|id| {
            let (reader, begun) = (Arc::clone(&reader), Arc::clone(&begun));
            tokio::spawn(async move {
                begun.fetch_add(1, Ordering::SeqCst);
                read(&reader, &format!("k{id}")).await
            })
        })
        .collect();
    let all_begun = || begun.load(Ordering::SeqCst) == MANY;
    until("they are on their way", || all_begun() && questions() - before == 4).await;
    // Some have no patience, before they are asked for and after.
    for impatient in asked.iter().step_by(3) {
        impatient.abort();
    }
    proxy.release();
    for (id, asked) in asked.into_iter().enumerate() {
        match asked.await {
            Ok(found) => assert_eq!(found, Some(id.to_string())),
            Err(ended) => assert!(ended.is_cancelled() && id % 3 == 0, "{id}: {ended}"),
        }
    }
    let asked = questions() - before;
    assert!((8..=20).contains(&asked), "{MANY} lookups, at most 128 at a time: {asked}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_while_it_ends_is_told_within_the_timeout() {
    let server = RedisServer::start();
    let (_, reader, proxy) = pair(&server, true).await;
    let reader = Arc::new(Direct(reader.0));
    proxy.hold_answers();
    let asked: Vec<_> = (0..300)
        .map(|id| {
            let reader = Arc::clone(&reader);
            tokio::spawn(async move { reader.lookup(&place(&format!("k{id}"))).await })
        })
        .collect();
    until("they are on their way", || server.looked_at() >= 4).await;
    let begun = std::time::Instant::now();
    reader.0.close();
    for asked in asked {
        assert!(asked.await.unwrap().is_err());
    }
    assert!(begun.elapsed() < server.settings().timeout + SLACK, "{:?}", begun.elapsed());
}
