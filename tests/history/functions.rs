//! The cached functions whose histories are checked, and what their bodies read.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cachefn::{Store, cached, invalidates};
use serde::{Deserialize, Serialize};

use crate::clock::now;
use crate::database;
use crate::row::{Function, HALVES, Row, STATES};

pub(crate) const FUNCTIONS: [Function; 17] = [
    Function::ByKey,
    Function::InShop,
    Function::Tagged,
    Function::ByValue,
    Function::Leased,
    Function::Brief,
    Function::Stale,
    Function::Called,
    Function::IfError,
    Function::Ahead,
    Function::Timed,
    Function::Chosen,
    Function::Bypassed,
    Function::Store,
    Function::StoreTagged,
    Function::Page,
    Function::Level,
];

/// The longest pause of a body, in milliseconds.
const BODY: u64 = 2;
/// Bodies that fail do so for so long, and then work for as long.
const BROKEN: u64 = 900_000_000;

/// No body fails any more.
pub(crate) static CALM: AtomicBool = AtomicBool::new(false);

/// What a function returns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Value {
    pub(crate) row: usize,
    pub(crate) version: u64,
    /// When it was about to be read from the database, which is even, or given to `set`, which is odd.
    pub(crate) born: u64,
}

#[cached(expire = 300, namespace = "plain", key = id)]
pub(crate) async fn by_key(id: usize) -> io::Result<Value> {
    body(Function::ByKey, id).await
}

#[cached(expire = 300, namespace = "shops:{shop}", key = id)]
pub(crate) async fn in_shop(shop: usize, id: usize) -> io::Result<Value> {
    debug_assert_eq!(shop, id % HALVES);
    body(Function::InShop, id).await
}

#[cached(expire = 300, namespace = "tagged", key = id, tags = ["half:{half}"])]
pub(crate) async fn tagged(half: usize, id: usize) -> io::Result<Value> {
    debug_assert_eq!(half, id % HALVES);
    body(Function::Tagged, id).await
}

#[cached(expire = 300, namespace = "valued", key = id, tags_with = |value: &Value| [format!("state:{}", value.version % STATES)])]
pub(crate) async fn by_value(id: usize) -> io::Result<Value> {
    body(Function::ByValue, id).await
}

#[cached(expire = 300, namespace = "leased", key = id, lease = true)]
pub(crate) async fn leased(id: usize) -> io::Result<Value> {
    body(Function::Leased, id).await
}

#[cached(expire = "50ms", namespace = "brief", key = id)]
pub(crate) async fn brief(id: usize) -> io::Result<Value> {
    body(Function::Brief, id).await
}

#[cached(expire = "40ms", stale = "150ms", namespace = "stale", key = id)]
pub(crate) async fn stale(id: usize) -> io::Result<Value> {
    body(Function::Stale, id).await
}

#[cached(expire = "40ms", stale = "150ms", refresh = caller, namespace = "called", key = id)]
pub(crate) async fn called(id: usize) -> io::Result<Value> {
    body(Function::Called, id).await
}

#[cached(expire = "60ms", stale_if_error = "250ms", namespace = "if-error", key = id)]
pub(crate) async fn if_error(id: usize) -> io::Result<Value> {
    body(Function::IfError, id).await
}

#[cached(expire = "120ms", refresh_ahead = 0.5, namespace = "ahead", key = id)]
pub(crate) async fn ahead(id: usize) -> io::Result<Value> {
    body(Function::Ahead, id).await
}

#[cached(expire = "40ms", stale_if_error = "200ms", timeout = "1ms", namespace = "timed", key = id)]
pub(crate) async fn timed(id: usize) -> io::Result<Value> {
    body(Function::Timed, id).await
}

#[cached(expire = 300, namespace = "chosen", key = id, when = |value: &Value| !Function::Chosen.rejects(value.version))]
pub(crate) async fn chosen(id: usize) -> io::Result<Value> {
    body(Function::Chosen, id).await
}

#[cached(expire = 300, namespace = "bypassed", key = id, bypass = anew)]
pub(crate) async fn bypassed(id: usize, anew: bool) -> io::Result<Value> {
    body(Function::Bypassed, id).await
}

#[cached(expire = 300, namespace = "level", key = "{id}:single")]
pub(crate) async fn level(id: usize) -> io::Result<Value> {
    body(Function::Level, id).await
}

/// The store of the rows of `Store` and `StoreTagged`.
pub(crate) fn store(row: Row) -> Store {
    let life = Duration::from_secs(300);
    match row.function() {
        Function::StoreTagged => {
            cachefn::cache().namespace("keepers").expire(life).tag(format!("keeper:{}", row.half()))
        }
        _ => cachefn::cache().namespace("kept").expire(life),
    }
}

/// Notes when the body of a writer has ended; 0 while it has not.
#[derive(Debug, Default)]
pub(crate) struct Written(AtomicU64);

impl Written {
    pub(crate) fn at(&self) -> Option<u64> {
        Some(self.0.load(Ordering::SeqCst)).filter(|at| *at > 0)
    }
}

#[invalidates(by_key(id))]
pub(crate) async fn write_by_key(id: usize, written: &Written) -> io::Result<()> {
    write(Row::of(Function::ByKey, id), written).await
}

#[invalidates(namespace("shops:{shop}"))]
pub(crate) async fn write_in_shop(shop: usize, id: usize, written: &Written) -> io::Result<()> {
    debug_assert_eq!(shop, id % HALVES);
    write(Row::of(Function::InShop, id), written).await
}

#[invalidates(tag("half:{half}"))]
pub(crate) async fn write_tagged(half: usize, id: usize, written: &Written) -> io::Result<()> {
    debug_assert_eq!(half, id % HALVES);
    write(Row::of(Function::Tagged, id), written).await
}

async fn write(row: Row, written: &Written) -> io::Result<()> {
    tokio::task::yield_now().await;
    database::write(row.0)?;
    written.0.store(now(), Ordering::SeqCst);
    Ok(())
}

/// What every function does to get a value.
pub(crate) async fn body(function: Function, id: usize) -> io::Result<Value> {
    let row = Row::of(function, id);
    let value = read(row)?;
    match fastrand::u64(..4) {
        0 | 1 => tokio::task::yield_now().await,
        _ => tokio::time::sleep(Duration::from_millis(fastrand::u64(1..=BODY))).await,
    }
    if is_broken(row) { Err(io::Error::other("out of order")) } else { Ok(value) }
}

/// Reads the database.
pub(crate) fn read(row: Row) -> io::Result<Value> {
    let born = now() & !1;
    Ok(Value { row: row.0, version: database::version(row.0)?, born })
}

/// Reads the database for a value that is given at once: of what is invalidated before that, the cache cannot know.
pub(crate) fn read_to_give(row: Row) -> io::Result<Value> {
    let value = read(row)?;
    Ok(Value { born: now() | 1, ..value })
}

/// Whether the body of a row fails at the moment.
fn is_broken(row: Row) -> bool {
    let turn = now() / BROKEN + row.0 as u64;
    row.function().fails() && turn.is_multiple_of(2) && !CALM.load(Ordering::Relaxed)
}
