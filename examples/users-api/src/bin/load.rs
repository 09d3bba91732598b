//! What caching saves: the same requests against the service without a cache, with memory, and with Redis.
//!
//! ```text
//! cargo run --release -p users-api --bin load -- --seconds 5 --connections 16 --users 10000
//! ```
//!
//! Of a thousand requests ten change a user, a fifth asks for one of the first pages, and the rest for a single user, of
//! whom few are asked for often. Without `REDIS_URL` a redis-server of its own is started, and ended.

use std::path::Path;
use std::time::{Duration, Instant};

use cachefn_examples::{Client, Problem, Redis, Service};
use clap::Parser;
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

/// Loads the service without a cache, with memory, and with Redis.
#[derive(Debug, Clone, Copy, Parser)]
struct Arguments {
    /// How long each is loaded.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many requests are on their way at a time, each on a connection of its own.
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// How many users there are.
    #[arg(long, default_value_t = 10_000)]
    users: u32,
    /// How many of a thousand requests change something.
    #[arg(long, default_value_t = 10)]
    writes: u32,
}

/// What one mode has come to.
struct Outcome {
    latencies: Histogram<u64>,
    seconds: f64,
    queries: u64,
}

#[tokio::main]
async fn main() -> Result<(), Problem> {
    let arguments = Arguments::parse();
    let directory = tempfile::tempdir()?;
    let redis = Redis::find_or_start(directory.path()).map_err(|error| error.to_string())?;
    println!(
        "{:<10}{:>12}{:>12}{:>12}{:>18}",
        "cache", "requests/s", "p50 ms", "p99 ms", "queries a request"
    );
    let modes: [(&str, Vec<(&str, &str)>); 3] = [
        ("off", vec![]),
        ("memory", vec![("CACHE_ENABLED", "true")]),
        ("Redis", vec![("CACHE_ENABLED", "true"), ("REDIS_ENABLED", "true"), ("REDIS_URL", redis.url())]),
    ];
    for (name, environment) in modes {
        let service = start(&directory.path().join(name), arguments.users, environment)?;
        let Outcome { latencies, seconds, queries } = load(service.address(), arguments).await?;
        #[expect(clippy::cast_precision_loss, reason = "there are not that many")]
        let (requests, queries) = (latencies.len() as f64, queries as f64);
        println!(
            "{name:<10}{:>12.0}{:>12.3}{:>12.3}{:>18.3}",
            requests / seconds,
            millis(latencies.value_at_quantile(0.5)),
            millis(latencies.value_at_quantile(0.99)),
            queries / requests,
        );
    }
    Ok(())
}

/// The service with a database of its own.
fn start(database: &Path, users: u32, environment: Vec<(&str, &str)>) -> Result<Service, Problem> {
    let program = std::env::current_exe()?.with_file_name("users-api");
    let (users, database) = (users.to_string(), database.to_string_lossy());
    let arguments = ["--quiet", "--port", "0", "--users", &users, "--database", &database];
    Service::start(&program, arguments, environment)
}

async fn load(address: &str, arguments: Arguments) -> Result<Outcome, Problem> {
    let begun = Instant::now();
    let until = begun + Duration::from_secs(arguments.seconds);
    let mut users = JoinSet::new();
    for number in 0..arguments.connections {
        let mut user = User::new(address, number, arguments).await?;
        users.spawn(async move {
            while Instant::now() < until {
                user.request().await?;
            }
            Ok::<_, Problem>(user.latencies)
        });
    }
    let mut latencies = histogram();
    while let Some(user) = users.join_next().await {
        latencies.add(user??)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let queries = Client::connect(address).await?.send("GET", "/queries", &[], "").await?;
    Ok(Outcome { latencies, seconds, queries: queries.text().parse()? })
}

/// Somebody who sends one request after the other.
struct User {
    client: Client,
    latencies: Histogram<u64>,
    random: u64,
    users: u64,
    writes: u64,
}

impl User {
    async fn new(address: &str, number: u32, arguments: Arguments) -> Result<Self, Problem> {
        Ok(Self {
            client: Client::connect(address).await?,
            latencies: histogram(),
            random: u64::from(number) + 1,
            users: arguments.users.into(),
            writes: arguments.writes.into(),
        })
    }

    async fn request(&mut self) -> Result<(), Problem> {
        let (id, chance) = (self.user(), self.below(1000));
        let profile = format!(r#"{{"name":"User {id}","email":"user{id}@example.com"}}"#);
        let path = if chance % 5 == 0 {
            format!("/users?page={}", 1 + self.below(5))
        } else {
            format!("/users/{id}")
        };
        let begun = Instant::now();
        let answer = if chance < self.writes {
            self.client.send("PUT", &format!("/users/{id}"), &[("x-api-key", "key-1")], &profile).await?
        } else {
            self.client.send("GET", &path, &[], "").await?
        };
        self.latencies.record(u64::try_from(begun.elapsed().as_nanos())?)?;
        if answer.status.is_success() {
            Ok(())
        } else {
            Err(format!("{}: {}", answer.status, answer.text()).into())
        }
    }

    /// One of all users, the lower its number the more likely.
    fn user(&mut self) -> u64 {
        let most = 1 + self.below(self.users);
        1 + self.below(most)
    }

    fn below(&mut self, bound: u64) -> u64 {
        // Xorshift: Marsaglia, "Xorshift RNGs", 2003.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are few enough")
}

#[expect(clippy::cast_precision_loss, reason = "they are short")]
fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}
