//! Hits in Redis mode beside a bare `GET` of redis-rs with postcard: one caller, and 64 at a time; and the invalidation
//! of a namespace of a million entries beside one of ten.
//!
//! ```text
//! bare, here       the driver of the connection runs on the caller's own runtime
//! bare, elsewhere  it runs on another thread, as that of cachefn does
//! ```
//!
//! Each variant has a process of its own for its turn, as a service has; the turns alternate.
//!
//! Needs a redis-server; see `cachefn-tests` for where it is looked for.

use std::env;
use std::future::Future;
use std::process::{Command, Stdio};
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
const ROUNDS: usize = 15;
/// How long a variant runs in a round, after each key has been read once.
const TURN: Duration = Duration::from_millis(300);
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

/// What is measured, each time in a process of its own: a service has one cache, and calls nothing else meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variant {
    BareHere,
    BareElsewhere,
    Asking,
    Near,
}

impl Variant {
    const ALL: [Self; 4] = [Self::BareHere, Self::BareElsewhere, Self::Asking, Self::Near];

    fn name(self) -> &'static str {
        match self {
            Self::BareHere => "bare GET, here",
            Self::BareElsewhere => "bare GET, elsewhere",
            Self::Asking => "cachefn, CACHE_NEAR=false",
            Self::Near => "cachefn, near",
        }
    }

    /// Nanoseconds for a call in this very process, `callers` at a time.
    async fn run(self, callers: u64, port: u16) -> f64 {
        let near = match self {
            Self::BareHere | Self::BareElsewhere => {
                let elsewhere = self == Self::BareElsewhere;
                let connection =
                    if elsewhere { ELSEWHERE.spawn(connect(port)).await } else { Ok(connect(port).await) };
                let connection = connection.expect("it does not panic");
                for id in 0..KEYS {
                    assert_eq!(bare(connection.clone(), id).await, user(id));
                }
                return measure(callers, move |id| bare(connection.clone(), id)).await;
            }
            Self::Asking => false,
            Self::Near => true,
        };
        cachefn::init_with(config(port, near)).await.expect("it is off");
        for id in 0..KEYS {
            assert_eq!(ours(id).await, user(id));
        }
        let each = measure(callers, ours).await;
        cachefn::shutdown().await;
        each
    }

    /// The same in another process.
    fn measured(self, callers: u64, port: u16) -> f64 {
        let program = env::current_exe().expect("it runs");
        let arguments = [MEASURE, self.name(), &callers.to_string(), &port.to_string()];
        let output = Command::new(program).args(arguments).stderr(Stdio::inherit()).output();
        let output = output.expect("it runs once more");
        assert!(output.status.success(), "{}: {}", self.name(), output.status);
        let words = String::from_utf8(output.stdout).expect("it prints a number");
        words.trim().parse().expect("it prints a number")
    }
}

/// What a process of one variant is called with.
const MEASURE: &str = "--measure";

/// Such a process.
fn measure_one(name: &str, callers: &str, port: &str) {
    let variant = Variant::ALL.into_iter().find(|variant| variant.name() == name).expect("it has a name");
    let callers: u64 = callers.parse().expect("a number");
    let here = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(if callers == 1 { 1 } else { 2 })
        .enable_all()
        .build()
        .expect("it starts");
    println!("{}", here.block_on(variant.run(callers, port.parse().expect("a number"))));
}

fn hits(server: &RedisServer) {
    let mut raw = server.connection();
    for id in 0..KEYS {
        let bytes = postcard::to_allocvec(&user(id)).expect("it is written");
        let () = redis::cmd("SET").arg(id).arg(bytes).query(&mut raw).expect("it is stored");
    }
    for callers in [1, CALLERS] {
        let mut samples: [Vec<f64>; 4] = Default::default();
        for _ in 0..ROUNDS {
            for (variant, samples) in Variant::ALL.into_iter().zip(&mut samples) {
                samples.push(variant.measured(callers, server.port()));
            }
        }
        let times = samples.map(|mut samples| median(&mut samples));
        let elsewhere = times[1];
        println!(
            "\n{callers} at a time                     ns a call   calls a second   beside bare, elsewhere"
        );
        for (variant, each) in Variant::ALL.into_iter().zip(times) {
            println!(
                "{:28} {each:14.0} {:16.0} {:15.3}x time {:9.2}x throughput",
                variant.name(),
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
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let [MEASURE, name, callers, port] = words[..] {
        return measure_one(name, callers, port);
    }
    let server = RedisServer::start();
    hits(&server);
    invalidations(&server);
}
