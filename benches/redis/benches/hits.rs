//! Hits in Redis mode beside a bare `GET` of redis-rs with postcard: one caller, and 64 at a time; and the invalidation
//! of a namespace of a million entries beside one of ten.
//!
//! ```text
//! bare, here       the driver of the connection runs on the caller's own runtime
//! bare, elsewhere  it runs on another thread, as that of cachefn does
//! ```
//!
//! Needs a redis-server; see `cachefn-tests` for where it is looked for.

use std::future::Future;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use cachefn::{Config, cached};
use cachefn_benches::measure::median;
use cachefn_tests::RedisServer;
use redis::aio::MultiplexedConnection;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

const KEYS: u64 = 1_000;
const CALLERS: u64 = 64;
const ROUNDS: usize = 7;
/// How long one variant runs in a round.
const TURN: Duration = Duration::from_millis(150);
const ENTRIES: u64 = 1_000_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
    scores: [u32; 4],
}

fn user(id: u64) -> User {
    User { id, name: format!("user {id}"), scores: [7; 4] }
}

#[cached(expire = 3600, namespace = "bench", key = id)]
async fn ours(id: u64) -> User {
    user(id)
}

#[cached(expire = 3600, namespace = "many", key = id)]
async fn many(id: u64) -> u64 {
    id
}

#[cached(expire = 3600, namespace = "few", key = id)]
async fn few(id: u64) -> u64 {
    id
}

/// A thread that only drives the connection.
static ELSEWHERE: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("it starts")
});

async fn connect(port: u16) -> MultiplexedConnection {
    let client =
        redis::Client::open(format!("redis://127.0.0.1:{port}/?protocol=resp3")).expect("it is a URL");
    client.get_multiplexed_async_connection().await.expect("the server is there")
}

async fn bare(mut connection: MultiplexedConnection, id: u64) -> User {
    let bytes: Vec<u8> = redis::cmd("GET").arg(id).query_async(&mut connection).await.expect("it answers");
    postcard::from_bytes(&bytes).expect("it is one")
}

fn config(port: u16, near: bool) -> Config {
    let config = Config::builder().enabled(true).redis_enabled(true).redis_host("127.0.0.1").redis_port(port);
    config.near(near).max_bytes(1 << 30).redis_timeout(Duration::from_secs(10)).build().expect("it is one")
}

/// Calls for a while, `callers` at a time: nanoseconds for one, all callers together.
async fn measure<F, T>(callers: u64, call: impl Fn(u64) -> F + Clone + Send + 'static) -> f64
where
    F: Future<Output = T> + Send + 'static,
{
    let begun = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let call = call.clone();
            tokio::spawn(async move {
                let mut calls = 0_u64;
                while begun.elapsed() < TURN {
                    for _ in 0..8 {
                        call((caller * 7919 + calls) % KEYS).await;
                        calls += 1;
                    }
                }
                calls
            })
        })
        .collect();
    let mut calls = 0;
    for task in tasks {
        calls += task.await.expect("it does not panic");
    }
    #[expect(clippy::cast_precision_loss, reason = "there are not that many")]
    let each = begun.elapsed().as_secs_f64() * 1e9 / calls as f64;
    each
}

async fn fill(near: bool, port: u16) {
    cachefn::init_with(config(port, near)).await.expect("it is off");
    for id in 0..KEYS {
        assert_eq!(ours(id).await, user(id));
    }
}

fn hits(server: &RedisServer) {
    let port = server.port();
    let mut raw = server.connection();
    for id in 0..KEYS {
        let bytes = postcard::to_allocvec(&user(id)).expect("it is written");
        let () = redis::cmd("SET").arg(id).arg(bytes).query(&mut raw).expect("it is stored");
    }
    for callers in [1, CALLERS] {
        let workers = if callers == 1 { 1 } else { 2 };
        let here = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .enable_all()
            .build()
            .expect("it starts");
        let (local, remote) = (here.block_on(connect(port)), ELSEWHERE.block_on(connect(port)));
        let mut samples: [Vec<f64>; 4] = Default::default();
        for _ in 0..ROUNDS {
            here.block_on(async {
                let (local, remote) = (local.clone(), remote.clone());
                samples[0].push(measure(callers, move |id| bare(local.clone(), id)).await);
                samples[1].push(measure(callers, move |id| bare(remote.clone(), id)).await);
                fill(false, port).await;
                samples[2].push(measure(callers, ours).await);
                cachefn::shutdown().await;
                fill(true, port).await;
                samples[3].push(measure(callers, ours).await);
                cachefn::shutdown().await;
            });
        }
        let [here, elsewhere, asking, near] = samples.map(|mut samples| median(&mut samples));
        println!(
            "\n{callers} at a time                     ns a call   calls a second   beside bare, elsewhere"
        );
        for (name, each) in [
            ("bare GET, here", here),
            ("bare GET, elsewhere", elsewhere),
            ("cachefn, CACHE_NEAR=false", asking),
            ("cachefn, near", near),
        ] {
            println!(
                "{name:28} {each:14.0} {:16.0} {:15.3}x time {:9.2}x throughput",
                1e9 / each,
                each / elsewhere,
                elsewhere / each
            );
        }
    }
}

/// How long an invalidation takes whatever it strikes.
fn invalidations(server: &RedisServer) {
    let here = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("it starts");
    here.block_on(async {
        cachefn::init_with(config(server.port(), true)).await.expect("it is off");
        let (mut of_many, mut of_few) = (Vec::new(), Vec::new());
        for round in 0..5 {
            // The first round strikes a million, the others what one call after another has stored since.
            let fillers: Vec<_> = (0..CALLERS)
                .map(|filler| {
                    tokio::spawn(async move {
                        let count = if round == 0 { ENTRIES } else { 10_000 };
                        for id in (filler..count).step_by(64) {
                            many(id).await;
                        }
                    })
                })
                .collect();
            for filler in fillers {
                filler.await.expect("it does not panic");
            }
            for id in 0..10 {
                few(id).await;
            }
            for (namespace, times) in [("many", &mut of_many), ("few", &mut of_few)] {
                let begun = Instant::now();
                cachefn::invalidate_namespace(namespace).await;
                times.push(begun.elapsed().as_secs_f64() * 1e6);
            }
            if round == 0 {
                println!("\nentries struck   microseconds until applied");
                println!("{ENTRIES:14} {:12.0}", of_many[0]);
            }
        }
        println!("{:14} {:12.0}   (median of the later rounds)", 10_000, median(&mut of_many[1..]));
        println!("{:14} {:12.0}   (median)", 10, median(&mut of_few));
        cachefn::shutdown().await;
    });
}

fn main() {
    let server = RedisServer::start();
    hits(&server);
    invalidations(&server);
}
