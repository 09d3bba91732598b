//! The shop whose queries the examples cache. It knows nothing of the cache.
//!
//! | example | shows | needs |
//! |---|---|---|
//! | `quickstart` | what caching saves; how a change is seen at once | nothing |
//! | `metrics` | what Prometheus is told of it | nothing |
//! | `redis` | two processes that share entries and invalidations | a Redis, or `redis-server` to start one |
//!
//! Each asserts everything it prints.

mod redis;
mod service;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, Result};
use serde::{Deserialize, Serialize};

pub use self::redis::Redis;
pub use self::service::{Answer, Client, Problem, Service};

/// The cities the users live in.
pub const CITIES: [&str; 5] = ["Berlin", "Lagos", "Lima", "Osaka", "Oslo"];

/// A database with users and their orders. Cheap to clone; it counts the queries it runs.
#[derive(Clone, Debug)]
pub struct Shop(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connection: Mutex<Connection>,
    queries: AtomicU64,
}

/// A user, and all their orders together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The user's name.
    pub name: String,
    /// How many orders.
    pub orders: u32,
    /// What they cost together.
    pub cents: i64,
}

impl Shop {
    /// Creates the database: 10 000 users with two orders each, and no index on whose order it is, so that
    /// every query reads all orders.
    pub fn create(file: &Path) -> Result<Self> {
        let connection = Connection::open(file)?;
        connection.execute_batch(
            "BEGIN;
             CREATE TABLE cities (id INTEGER PRIMARY KEY, name TEXT);
             INSERT INTO cities VALUES (0, 'Berlin'), (1, 'Lagos'), (2, 'Lima'), (3, 'Osaka'), (4, 'Oslo');
             CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, city INTEGER);
             CREATE TABLE orders (id INTEGER PRIMARY KEY, user INTEGER, cents INTEGER);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
             INSERT INTO users SELECT i, 'user ' || i, i % 5 FROM n;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             INSERT INTO orders SELECT i, 1 + i % 10000, 100 + i * 7919 % 9900 FROM n;
             COMMIT;",
        )?;
        Ok(Self::over(connection))
    }

    /// Opens a database that was created before.
    pub fn open(file: &Path) -> Result<Self> {
        Connection::open(file).map(Self::over)
    }

    /// One user.
    pub async fn account(&self, id: u32) -> Result<Account> {
        let sql =
            "SELECT name, count(*), sum(cents) FROM users JOIN orders ON user = users.id WHERE users.id = ?";
        let query = move |connection: &Connection| {
            connection.query_row(sql, [id], |row| {
                Ok(Account { name: row.get(0)?, orders: row.get(1)?, cents: row.get(2)? })
            })
        };
        self.run(query).await
    }

    /// What the users of a city have spent, in cents.
    pub async fn revenue(&self, city: &str) -> Result<i64> {
        let sql = "SELECT sum(cents) FROM cities JOIN users ON city = cities.id JOIN orders ON user = users.id WHERE cities.name = ?";
        let city = city.to_owned();
        self.run(move |connection| connection.query_row(sql, [city], |row| row.get(0))).await
    }

    /// Changes something.
    pub async fn execute(&self, sql: &'static str) -> Result<usize> {
        self.run(move |connection| connection.execute(sql, [])).await
    }

    /// How many queries and changes it has run.
    pub fn queries(&self) -> u64 {
        self.0.queries.load(Ordering::Relaxed)
    }

    fn over(connection: Connection) -> Self {
        Self(Arc::new(Inner { connection: Mutex::new(connection), queries: AtomicU64::new(0) }))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.0);
        let query = tokio::task::spawn_blocking(move || {
            inner.queries.fetch_add(1, Ordering::Relaxed);
            work(&inner.connection.lock().expect("no query panics"))
        });
        query.await.expect("no query panics")
    }
}
