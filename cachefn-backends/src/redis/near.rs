//! What keeps this process's memory in step with the server: the near cache.
//!
//! The server notes which names this connection has read and says when one of them changes (`CLIENT TRACKING`, default
//! mode: Redis documentation, "Client-side caching reference"). Not with `NOLOOP`: then it would not say what it evicts
//! while it serves this very connection, and of what it holds no longer it never says anything again. Of each change whoever keeps values in memory is
//! told before the answer to anything that was asked after it: pushes and answers come in the order of the stream.
//!
//! - *What is read.* Whoever puts a value into memory has begun a fill there **before** the question was sent; a change
//!   that is told of voids the fills under it. So a value that changed after it was read does not get in, whichever of
//!   answer and push is looked at first.
//! - *What this process strikes itself.* It strikes its memory before it sends, and again when the server has answered:
//!   what was read between the two is gone too, whatever the server says of it and when.
//! - *What is written here.* A write makes the server forget that we read the name, so the scripts read it again. It is told
//!   of too, so that a value that this process has stored is read once before memory answers with it.
//! - *What is not told.* While the connection cannot be relied on nothing in memory counts as the server's, and where
//!   there was no sign of life for [`SILENCE`] nothing is served from memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::Value;

use super::keys::Keys;
use crate::clock::{Clock, Tick};
use crate::place::{Group, Target};

/// So long after the last sign of life memory may still speak for the server.
pub const SILENCE: Duration = Duration::from_secs(2);

/// Who keeps values in memory, and has to know when they may have changed.
///
/// It is called under locks and by the task that reads from the connection: it must be quick, must not panic and must not
/// use the [`Redis`](super::Redis) that it is told by.
pub trait Listener: Send + Sync + 'static {
    /// Trust in the server was lost, before anybody sees that; or is about to begin.
    fn forget(&self);

    /// What stands under `target` has changed.
    fn strike(&self, target: &Target);
}

/// Keeps nothing that another process could change.
impl<F: Fn() + Send + Sync + 'static> Listener for F {
    fn forget(&self) {
        self();
    }

    fn strike(&self, _: &Target) {}
}

/// For how long memory may speak for the server.
#[derive(Debug)]
pub(super) struct Near {
    clock: Clock,
    until: AtomicU64,
}

impl Near {
    pub(super) fn new() -> Self {
        Self { clock: Clock::system(), until: AtomicU64::new(0) }
    }

    /// The moment that a sign of life is asked for.
    pub(super) fn now(&self) -> Tick {
        self.clock.now()
    }

    /// There was a sign of life, asked for at `asked`.
    pub(super) fn is_alive(&self, asked: Tick) {
        self.until.store(asked.after(SILENCE).nanos(), Ordering::Release);
    }

    /// Memory does not speak for the server any more.
    pub(super) fn end(&self) {
        self.until.store(0, Ordering::Release);
    }

    /// Whether memory may speak for the server. One load and a look at the clock.
    #[inline]
    pub(super) fn is_live(&self) -> bool {
        self.clock.now().nanos() < self.until.load(Ordering::Acquire)
    }
}

/// Something that has changed in the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// What is no longer as it was in memory.
    pub(super) target: Option<Target>,
    /// The key whose value or lease it is.
    pub(super) key: Option<Arc<str>>,
}

/// What a push says to have changed; everything, where it names nothing.
pub(super) fn changed(keys: &Keys, push: Vec<Value>) -> Vec<Change> {
    let Some(Value::Array(names)) = push.into_iter().next() else {
        return vec![Change { target: Some(Target::Group(Group::root())), key: None }];
    };
    let change = |name: Value| {
        let name = match name {
            Value::BulkString(name) => String::from_utf8(name).ok()?,
            Value::SimpleString(name) => name,
            _ => return None,
        };
        Some(Change { target: keys.target(&name), key: keys.key(&name).map(Arc::from) })
    };
    names.into_iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(names: &[&str]) -> Vec<Value> {
        vec![Value::Array(names.iter().map(|name| Value::BulkString((*name).into())).collect())]
    }

    #[test]
    fn a_push_names_what_has_changed() {
        let keys = Keys::new("app", Some("01234567"));
        let names = [
            "app@01234567:v:users:get:7",
            "app@01234567:l:users:get:7",
            "app@01234567:g:n:users",
            "other@1:v:x",
        ];
        let key = || Some("users:get:7".into());
        let expected = [
            Change { target: key().map(Target::Key), key: key() },
            Change { target: None, key: key() },
            Change { target: Some(Target::Group(Group::namespace("users"))), key: None },
            Change { target: None, key: None },
        ];
        assert_eq!(changed(&keys, push(&names)), expected);
        let all = Change { target: Some(Target::Group(Group::root())), key: None };
        assert_eq!(changed(&keys, vec![Value::Nil]), [all]);
    }

    #[test]
    fn memory_speaks_for_the_server_as_long_as_that_gives_a_sign_of_life() {
        let near = Near { clock: Clock::manual(), until: AtomicU64::new(0) };
        assert!(!near.is_live());
        near.is_alive(near.now());
        near.clock.advance(SILENCE.saturating_sub(Duration::from_millis(1)));
        assert!(near.is_live());
        near.clock.advance(Duration::from_millis(1));
        assert!(!near.is_live());
        near.is_alive(near.now());
        near.end();
        assert!(!near.is_live());
    }
}
