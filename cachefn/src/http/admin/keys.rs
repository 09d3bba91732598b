//! Which keys there are, a page at a time.

use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use cachefn_backends::background;
use cachefn_backends::error::ErrorKind;
use serde::Serialize;

use super::find;
use super::query::Query;
use super::reply::{self, Refusal};
use crate::global::Cache;
use crate::key::Covered;
use crate::remote::{Link, Position};

const USUAL: usize = 100;
const MOST: usize = 1_000;

/// So many steps a page takes on Redis, each of which looks at a bounded number of names.
const STEPS: usize = 8;

#[derive(Serialize)]
struct Page {
    keys: Vec<Listed>,
    /// What to ask for as `cursor`; nothing if there are no more.
    next: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    key: String,
    /// Whose it is; like the rest known of what is in memory.
    function: Option<&'static str>,
    ttl: Option<f64>,
    bytes: Option<u64>,
}

/// Where a page begins.
enum Cursor {
    /// Behind this key of memory.
    Behind(String),
    /// From here on in Redis.
    At(Position),
}

/// `GET /keys`
pub(super) async fn list(query: Query) -> Result<Response, Refusal> {
    let [namespace, cursor, limit] = query.take(["namespace", "cursor", "limit"])?;
    let limit = limit.map_or(Ok(USUAL), |limit| count(&limit))?;
    let cursor = cursor.map(|cursor| Cursor::read(&cursor).ok_or_else(lost)).transpose()?;
    let cache = reply::cache()?;
    let covered = namespace.map(|namespace| Covered::by(&namespace));
    let wanted = move |key: &str| covered.as_ref().is_none_or(|covered| covered.covers(key));
    let page = match (cache.link(), cursor) {
        (Some(link), Some(Cursor::At(position))) => of_redis(&cache, &link, position, limit, wanted).await?,
        (Some(link), None) => of_redis(&cache, &link, Position::default(), limit, wanted).await?,
        (None, _) if cache.redis.is_some() => return Err(Refusal::unavailable("Redis is away")),
        (None, Some(Cursor::Behind(key))) => of_memory(cache, Some(key), limit, wanted).await?,
        (None, None) => of_memory(cache, None, limit, wanted).await?,
        _ => return Err(lost()),
    };
    Ok(Json(page).into_response())
}

fn count(limit: &str) -> Result<usize, Refusal> {
    let count = limit.parse().ok().filter(|count| (1..=MOST).contains(count));
    count.ok_or_else(|| Refusal::odd(format!("`limit` is a number from 1 to {MOST}")))
}

fn lost() -> Refusal {
    Refusal::odd("`cursor` is not one that a page ended with: begin without it")
}

/// On a thread that may wait, for it walks over all entries.
async fn of_memory(
    cache: Arc<Cache>,
    after: Option<String>,
    limit: usize,
    wanted: impl Fn(&str) -> bool + Send + 'static,
) -> Result<Page, Refusal> {
    // Here, for on another thread there may be another cache.
    let functions: Vec<_> = find::known().map(|known| known.instance).collect();
    let walk = move || {
        // One more tells whether there are more.
        let mut seen = cache.memory.page(after.as_deref(), limit + 1, |key| wanted(find::logical(key)));
        let more = seen.len() > limit;
        seen.truncate(limit);
        let next = seen.last().filter(|_| more).map(|last| Cursor::Behind(last.key.to_string()).to_string());
        let listed = |seen: &cachefn_backends::memory::Seen| Listed {
            key: format!("{}:{}", cache.prefix, find::logical(&seen.key)),
            function: functions
                .iter()
                .find(|one| one.owner == seen.owner)
                .map(|one| one.identity.path.as_str()),
            ttl: Some(find::seconds(seen.remaining)),
            bytes: Some(seen.bytes),
        };
        Page { keys: seen.iter().map(listed).collect(), next }
    };
    background::handle().spawn_blocking(walk).await.map_err(|_| Refusal::unavailable("the walk was given up"))
}

async fn of_redis(
    cache: &Cache,
    link: &Link,
    from: Position,
    limit: usize,
    wanted: impl Fn(&str) -> bool,
) -> Result<Page, Refusal> {
    let (mut keys, mut next) = (Vec::new(), Some(from));
    for _ in 0..STEPS {
        let Some(position) = next.filter(|_| keys.len() < limit) else { break };
        let listed = link.afresh().list(position).await.map_err(|error| match error.kind() {
            ErrorKind::Denied => Refusal::unavailable("the user of Redis may not `SCAN`: grant `+scan`"),
            _ => Refusal::redis(&error),
        })?;
        let logical = listed.keys.iter().map(|key| find::logical(key)).filter(|key| wanted(key));
        keys.extend(logical.map(|key| format!("{}:{key}", cache.prefix)));
        next = listed.next;
    }
    keys.sort_unstable();
    keys.dedup();
    let listed = |key| Listed { key, function: None, ttl: None, bytes: None };
    let next = next.map(|position| Cursor::At(position).to_string());
    Ok(Page { keys: keys.into_iter().map(listed).collect(), next })
}

impl Cursor {
    fn read(text: &str) -> Option<Self> {
        if let Some(key) = text.strip_prefix('k') {
            // Digits alone, for numbers may have a sign.
            let digits = |two: &&str| two.bytes().all(|digit| digit.is_ascii_hexdigit());
            let byte = |at| u8::from_str_radix(key.get(at..at + 2).filter(digits)?, 16).ok();
            let bytes: Option<Vec<u8>> = (0..key.len()).step_by(2).map(byte).collect();
            return String::from_utf8(bytes?).ok().map(Self::Behind);
        }
        let (node, cursor) = text.split_once('.')?;
        Some(Self::At(Position { node: node.parse().ok()?, cursor: cursor.parse().ok()? }))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Behind(key) => {
                f.write_str("k")?;
                key.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::At(position) => write!(f, "{}.{}", position.node, position.cursor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_one() {
        for text in ["k", "k757365723a37", "kc3a4", "0.0", "3.18446744073709551615"] {
            assert_eq!(Cursor::read(text).map(|cursor| cursor.to_string()).as_deref(), Some(text));
        }
        for odd in ["", "7", "k7", "kgg", "kff", "k+7", "a.1", "1.b", "-1.0", "0.18446744073709551616", "kä"]
        {
            assert!(Cursor::read(odd).is_none(), "{odd}");
        }
    }
}
