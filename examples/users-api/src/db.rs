//! The database: SQLite in a file, read by several connections at a time. It counts its queries and knows nothing of the
//! cache.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Result};

const CONNECTIONS: usize = 4;

/// A handle that is cheap to clone.
#[derive(Clone, Debug)]
pub struct Db(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connections: Vec<Mutex<Connection>>,
    queries: AtomicU64,
}

impl Db {
    /// Opens the file; if it is new it gets so many users, every fifth of whom has an API key.
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub fn open(file: &Path, users: u32) -> Result<Self> {
        let first = connect(file)?;
        if !first.table_exists(None, "users")? {
            seed(&first, users)?;
        }
        let others = (1..CONNECTIONS).map(|_| connect(file));
        let connections = [Ok(first)].into_iter().chain(others).map(|one| one.map(Mutex::new));
        let connections = connections.collect::<Result<_>>()?;
        Ok(Self(Arc::new(Inner { connections, queries: AtomicU64::new(0) })))
    }

    /// Runs one query or change, where it keeps no task waiting.
    ///
    /// # Errors
    ///
    /// Those of `work`.
    ///
    /// # Panics
    ///
    /// If `work` does.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.0);
        let query = tokio::task::spawn_blocking(move || {
            let number = inner.queries.fetch_add(1, Ordering::Relaxed);
            let turn = usize::try_from(number % CONNECTIONS as u64).expect("there are few connections");
            work(&inner.connections[turn].lock().unwrap_or_else(PoisonError::into_inner))
        });
        query.await.expect("no query panics")
    }

    /// How many queries and changes it has run.
    pub fn queries(&self) -> u64 {
        self.0.queries.load(Ordering::Relaxed)
    }
}

fn connect(file: &Path) -> Result<Connection> {
    let connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;",
    )?;
    Ok(connection)
}

fn seed(connection: &Connection, users: u32) -> Result<()> {
    connection.execute_batch(&format!(
        "BEGIN;
         CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE);
         CREATE TABLE api_keys (
             id INTEGER PRIMARY KEY,
             user INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
             name TEXT NOT NULL,
             key TEXT NOT NULL UNIQUE
         );
         CREATE INDEX api_keys_of_user ON api_keys (user);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {users})
         INSERT INTO users SELECT i, 'User ' || i, 'user' || i || '@example.com' FROM n;
         INSERT INTO api_keys (user, name, key) SELECT id, 'laptop', 'key-' || id FROM users WHERE id % 5 = 1;
         COMMIT;"
    ))
}
