//! Which keys there are, a step at a time.
//!
//! `SCAN` looks at a bounded number of names and never holds the server up. It is not among the commands that calls need:
//! a user who may not give it loses nothing else, least of all the trust in the server.

use redis::Value;

use super::fault::Fault;
use super::link::Link;
use super::node::Node;
use crate::error::{Error, ErrorKind};

/// How many names one command looks at.
const NAMES: usize = 500;

/// How far a walk over the keys has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Which of the servers.
    pub node: usize,
    /// How far in it.
    pub cursor: u64,
}

/// One step of a walk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Keys of values; what an invalidation has struck may be among them until it expires or is read.
    pub keys: Vec<String>,
    /// Where to go on; nothing if that was all.
    pub next: Option<Position>,
}

impl Link {
    /// The keys of values, from `at` on. A key that stands there during the whole walk is listed; one may be listed
    /// twice where the server's table shrinks meanwhile.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Denied`] where the user may not `SCAN`, or the server does not know it; else as for a lookup.
    pub async fn list(&self, at: Position) -> Result<Listed, Error> {
        let line = self.line.clone();
        let step = async move {
            let nodes = line.nodes();
            let Some(node) = nodes.get(at.node) else { return Ok(Some(Listed::default())) };
            let Some((cursor, names)) = scan(node, &line.pattern(), at.cursor).await? else {
                return Ok(None);
            };
            let keys = names.iter().filter_map(|name| line.key_of_value(name)).map(str::to_owned).collect();
            let next = match cursor {
                0 => Position { node: at.node + 1, cursor: 0 },
                cursor => Position { cursor, ..at },
            };
            Ok(Some(Listed { keys, next: (next.node < nodes.len()).then_some(next) }))
        };
        self.run(step).await?.ok_or(Error::new(ErrorKind::Denied))
    }
}

/// The next cursor, and the names; nothing where that is refused.
async fn scan(node: &Node, pattern: &str, cursor: u64) -> Result<Option<(u64, Vec<String>)>, Fault> {
    let mut command = redis::cmd("SCAN");
    command.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(NAMES);
    let answer = match node.ask(&command).await {
        Ok(answer) => answer,
        Err(Fault::Permission(_) | Fault::Answer(_) | Fault::Unknown(_)) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let (cursor, names): (u64, Vec<Value>) =
        redis::from_redis_value(answer).map_err(|_| Fault::Answer("SCAN"))?;
    let text = |name| match name {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        _ => None,
    };
    Ok(Some((cursor, names.into_iter().filter_map(text).collect())))
}
