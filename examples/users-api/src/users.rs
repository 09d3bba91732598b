//! Users, and what is cached of them.
//!
//! ```text
//! users:7:single              a change of user 7 invalidates it
//! users:list:page:1:size:10   any change of a user does, by the tag
//! ```

use cachefn::{cached, invalidates};
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::{Deserialize, Serialize};

use crate::db::Db;
use crate::error::ApiError;

/// What all lists of users are tagged with.
pub const LISTS: &str = "users:lists";

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its number.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// Where it is written to; nobody else has the same.
    pub email: String,
}

/// What a user is made of, or becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// What it is called.
    pub name: String,
    /// Where it is written to.
    pub email: String,
}

/// Some of the users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// How many there are in all.
    pub total: u32,
    /// Those of the page.
    pub users: Vec<User>,
}

/// One page of all users. Nothing is cached of it here: the route keeps the finished response.
pub async fn list(page: u32, size: u32, db: &Db) -> Result<Listing, ApiError> {
    let listing = db.run(move |connection| {
        let total = connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
        let mut query =
            connection.prepare_cached("SELECT id, name, email FROM users ORDER BY id LIMIT ? OFFSET ?")?;
        let first = i64::from(page - 1) * i64::from(size);
        let users = query.query_map((size, first), user)?.collect::<Result<_, _>>()?;
        Ok(Listing { total, users })
    });
    Ok(listing.await?)
}

/// One user. That there is none is not stored: there may be one a moment later.
#[cached(expire = 300, stale = 60, refresh = caller, namespace = "users", key = "{id}:single")]
pub async fn find(id: i64, db: &Db) -> Result<Option<User>, ApiError> {
    Ok(db.run(move |connection| by_id(connection, id)).await?)
}

/// Adds a user.
#[invalidates(tag(LISTS))]
pub async fn create(profile: Profile, db: &Db) -> Result<User, ApiError> {
    let created = db.run(move |connection| {
        connection
            .execute("INSERT INTO users (name, email) VALUES (?, ?)", [&profile.name, &profile.email])?;
        Ok(User { id: connection.last_insert_rowid(), name: profile.name, email: profile.email })
    });
    Ok(created.await?)
}

/// Changes a user.
#[invalidates(find(id), tag(LISTS))]
pub async fn update(id: i64, profile: Profile, db: &Db) -> Result<User, ApiError> {
    let updated = db.run(move |connection| {
        let sql = "UPDATE users SET name = ?, email = ? WHERE id = ?";
        let changed = connection.execute(sql, (&profile.name, &profile.email, id))?;
        Ok((changed > 0).then_some(User { id, name: profile.name, email: profile.email }))
    });
    updated.await?.ok_or(ApiError::NotFound)
}

/// Removes a user, with what hangs on it.
#[invalidates(find(id), tag(LISTS), namespace("users:{id}"), namespace("callers"))]
pub async fn delete(id: i64, db: &Db) -> Result<(), ApiError> {
    let sql = "DELETE FROM users WHERE id = ?";
    let deleted = db.run(move |connection| connection.execute(sql, [id])).await?;
    if deleted > 0 { Ok(()) } else { Err(ApiError::NotFound) }
}

fn by_id(connection: &Connection, id: i64) -> rusqlite::Result<Option<User>> {
    let mut query = connection.prepare_cached("SELECT id, name, email FROM users WHERE id = ?")?;
    query.query_row([id], user).optional()
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User { id: row.get(0)?, name: row.get(1)?, email: row.get(2)? })
}
