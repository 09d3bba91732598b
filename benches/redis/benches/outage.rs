//! What callers notice when Redis fails: how long their calls take while it is gone, and how long after its return it is
//! used again.
//!
//! Eight callers ask for a thousand keys, each a call a millisecond; bodies take no time. A fault lasts three seconds.
//!
//! ```text
//! killed       the process is gone: connections are refused
//! stopped      the process hangs: connections stand, nothing is answered
//! black hole   nothing arrives any more, in either direction, and nothing says so
//! refusing     it answers every command with an error
//! slow         every answer is late by 100 ms, which is less than REDIS_TIMEOUT
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cachefn::{Config, cached};
use cachefn_tests::{Options, Proxy, RedisServer};

const CALLERS: u64 = 8;
const KEYS: u64 = 1_000;
const LASTS: Duration = Duration::from_secs(3);

#[cached(expire = 3600, namespace = "outage", key = id)]
async fn get(id: u64) -> u64 {
    id
}

struct Stage {
    server: RedisServer,
    proxy: Proxy,
}

#[derive(Clone, Copy)]
struct Fault {
    name: &'static str,
    begin: fn(&mut Stage),
    end: fn(&mut Stage),
}

const FAULTS: [Fault; 5] = [
    Fault { name: "killed", begin: |stage| stage.server.kill(), end: |stage| stage.server.restart() },
    Fault { name: "stopped", begin: |stage| stage.server.stop(), end: |stage| stage.server.cont() },
    Fault { name: "black hole", begin: |stage| stage.proxy.hold(), end: |stage| stage.proxy.release() },
    Fault {
        name: "refusing",
        begin: |stage| stage.server.ask(&["ACL", "SETUSER", "cache", "-@all"]),
        end: |stage| stage.server.ask(&["ACL", "SETUSER", "cache", "+@all"]),
    },
    Fault {
        name: "slow",
        begin: |stage| stage.proxy.delay(Duration::from_millis(100)),
        end: |stage| stage.proxy.delay(Duration::ZERO),
    },
];

fn is_connected() -> bool {
    cachefn::status().redis.is_some_and(|redis| redis.connected)
}

async fn measure(fault: Fault, near: bool) {
    let user = Options::default().line(&["user", "cache", "on", ">word", "~*", "&*", "+@all"]);
    let server = RedisServer::with(user);
    let proxy = Proxy::to(server.port());
    let config =
        Config::builder().enabled(true).redis_enabled(true).redis_host("127.0.0.1").redis_port(proxy.port());
    let config = config.redis_username("cache").redis_password("word").near(near).build().expect("it is one");
    cachefn::init_with(config).await.expect("it is off");
    let mut stage = Stage { server, proxy };
    for id in 0..KEYS {
        get(id).await;
    }
    let (over, faulty) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (over, faulty) = (Arc::clone(&over), Arc::clone(&faulty));
            tokio::spawn(async move {
                let mut took = Vec::new();
                for call in 0.. {
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                    let counts = faulty.load(Ordering::SeqCst);
                    let begun = Instant::now();
                    let id = (caller * 7919 + call) % KEYS;
                    assert_eq!(get(id).await, id);
                    if counts {
                        took.push(begun.elapsed());
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                took
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    faulty.store(true, Ordering::SeqCst);
    (fault.begin)(&mut stage);
    tokio::time::sleep(LASTS).await;
    faulty.store(false, Ordering::SeqCst);
    let lost = !is_connected();
    (fault.end)(&mut stage);
    let returned = Instant::now();
    while !is_connected() {
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert!(returned.elapsed() < Duration::from_secs(60), "it is never used again");
    }
    let back = returned.elapsed();
    over.store(true, Ordering::SeqCst);
    let mut took = Vec::new();
    for caller in callers {
        took.extend(caller.await.expect("no call fails"));
    }
    took.sort();
    let at = |part: usize| took[(took.len() - 1) * part / 1000].as_secs_f64() * 1e3;
    let again = if lost { format!("{:.0} ms", back.as_secs_f64() * 1e3) } else { "never left".into() };
    let mode = if near { "near" } else { "CACHE_NEAR=false" };
    println!(
        "{:12} {mode:17} {:6} calls   p50 {:8.3}   p99 {:8.3}   max {:8.3} ms   used again after {again}",
        fault.name,
        took.len(),
        at(500),
        at(990),
        at(1000),
    );
    cachefn::shutdown().await;
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("it starts");
    for fault in FAULTS {
        for near in [true, false] {
            runtime.block_on(measure(fault, near));
        }
    }
}
