//! Compares the secrets of the processes under one prefix, by a check value that each of them leaves in Redis.
//!
//! Processes with different secrets give one argument different names, and do not hear of each other's invalidations of
//! it. Nothing rests on the check value: what goes wrong with it is tried again, and no call ever waits for it.
//!
//! Each connection leaves its own value, so that after the secret was changed everywhere the first process warns and no
//! later one. Those that are connected already look again from time to time.

use std::sync::Arc;
use std::time::Duration;

use redis::Value;

use super::connect::{Bucket, Connection};

/// How long a check value stays that nobody leaves again: until then a process may be away.
const LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Leaves `check` at the server. Returns true if another value stood there.
pub(super) async fn announce(line: &Arc<Connection>, check: &str, limit: Duration) -> bool {
    let bucket = Bucket::first(line);
    let name = bucket.keys().secret();
    let mut commands = redis::pipe();
    // Commands that every user is permitted anyway, as they are on one name.
    commands.cmd("MGET").arg(&name);
    commands.cmd("SET").arg(&name).arg(check).arg("EX").arg(LIFE.as_secs());
    match line.hear(limit, bucket.ask_all(&commands)).await {
        Some(Ok(answers)) => answers.first().and_then(stood).is_some_and(|other| other != check.as_bytes()),
        _ => false,
    }
}

/// Returns true if another value than `check` stands at the server, and leaves it there if none does.
pub(super) async fn compare(line: &Arc<Connection>, check: &str, limit: Duration) -> bool {
    let bucket = Bucket::first(line);
    let mut command = redis::cmd("MGET");
    command.arg(bucket.keys().secret());
    match line.hear(limit, bucket.ask(&command)).await {
        Some(Ok(answer)) => match stood(&answer) {
            Some(other) => other != check.as_bytes(),
            None => announce(line, check, limit).await,
        },
        _ => false,
    }
}

/// The one value of an answer to `MGET`.
fn stood(answer: &Value) -> Option<&[u8]> {
    match answer {
        Value::Array(values) => match values.as_slice() {
            [Value::BulkString(value)] => Some(value),
            _ => None,
        },
        _ => None,
    }
}
