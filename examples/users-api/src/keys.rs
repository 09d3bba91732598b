//! API keys: who calls, and the keys that a user has.
//!
//! ```text
//! callers:owner:<digest>   owner   the key itself is in no key of the cache
//! users:7:keys             of      a change of the keys of user 7
//! ```

use cachefn::{cached, invalidates};
use rusqlite::OptionalExtension as _;
use serde::{Deserialize, Serialize};

use crate::db::Db;
use crate::error::ApiError;

/// An API key as its owner sees it, without the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub name: String,
}

/// An API key that has just been made. Nobody is shown it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    /// Its number.
    pub id: i64,
    /// The key.
    pub key: String,
}

/// The user whose key it is. A key that is nobody's is remembered for a moment too.
#[cached(expire = 60, none = 5, namespace = "callers", key = key, sensitive)]
pub async fn owner(key: &str, db: &Db) -> Result<Option<i64>, ApiError> {
    let key = key.to_owned();
    let owner = db.run(move |connection| {
        let mut query = connection.prepare_cached("SELECT user FROM api_keys WHERE key = ?")?;
        query.query_row([key], |row| row.get(0)).optional()
    });
    Ok(owner.await?)
}

/// The keys of a user.
#[cached(expire = 300, namespace = "users:{user}", key = "keys")]
pub async fn of(user: i64, db: &Db) -> Result<Vec<ApiKey>, ApiError> {
    let keys = db.run(move |connection| {
        let mut query =
            connection.prepare_cached("SELECT id, name FROM api_keys WHERE user = ? ORDER BY id")?;
        query.query_map([user], |row| Ok(ApiKey { id: row.get(0)?, name: row.get(1)? }))?.collect()
    });
    Ok(keys.await?)
}

/// Makes a key for a user.
#[invalidates(of(user))]
pub async fn create(user: i64, name: String, db: &Db) -> Result<NewKey, ApiError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).expect("the operating system provides random numbers");
    let key = format!("key-{:032x}", u128::from_ne_bytes(random));
    let created = db.run(move |connection| {
        connection.execute("INSERT INTO api_keys (user, name, key) VALUES (?, ?, ?)", (user, name, &key))?;
        Ok(NewKey { id: connection.last_insert_rowid(), key })
    });
    Ok(created.await?)
}

/// Takes a key from a user. Who has it can call no more.
#[invalidates(of(user), owner(*))]
pub async fn delete(user: i64, id: i64, db: &Db) -> Result<(), ApiError> {
    let sql = "DELETE FROM api_keys WHERE id = ? AND user = ?";
    let deleted = db.run(move |connection| connection.execute(sql, (id, user))).await?;
    if deleted > 0 { Ok(()) } else { Err(ApiError::NotFound) }
}
