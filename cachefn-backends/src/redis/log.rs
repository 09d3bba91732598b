//! The log of invalidated tags, and what an invalidation sends.
//!
//! A fill whose value names its tags learns only at its end which invalidations concern it. So each bucket has a log, one
//! string, of the tags that were invalidated of late:
//!
//! ```text
//! head(8) ‖ earlier(8) ‖ tags(8n)      head: random, first bit set; earlier: how many tags were cut off in front;
//!                                      a tag: the short form of its name, first bit clear
//! ```
//!
//! `acquire` of an open place notes head and position, and makes a log where there is none. An invalidation appends its tag
//! **before** it unlinks the tag's generation. `settle` refuses a value if one of its tags stands behind the position, or
//! if the log is another one, or none, or no longer reaches back so far.
//!
//! - *Why the order matters.* A fill reads the generations of its tags after its body. If that is before the tag's
//!   generation goes, the generation has changed when the value is stored; if it is after, the tag stands in the log.
//! - *Nothing is lost with the log.* An invalidation that cannot append, for want of memory or of permission, unlinks the log
//!   and then, once more, the generations: every fill of an open place that is under way is refused. So are they if the log
//!   is evicted or expires. What an invalidation appends where there is no log has no head, and is replaced.
//! - *It can be repeated.* A tag that is appended late or twice refuses fills that began before, nothing worse.
//! - *It is bounded.* `acquire` cuts a log of more than [`LOG_BYTES`] to half of that; an invalidation that finds it twice as
//!   long unlinks it. Without invalidations it is gone after [`LOG_LIFE`].

use std::time::Duration;

use redis::{Cmd, Pipeline, Value};

use super::script::LEASE_LIFE;

/// How long a log may become before it is cut, in bytes. Half of it, the 1024 latest tags, stays.
pub(super) const LOG_BYTES: usize = 16 << 10;

/// How long a log lives that nothing is appended to: longer than any fill, which must find it.
pub(super) const LOG_LIFE: Duration = LEASE_LIFE.saturating_mul(2);

/// More tags than this are not appended at one time: the log is unlinked.
const MOST: usize = LOG_BYTES / 16;

/// How many keys one `UNLINK` names.
const UNLINK_KEYS: usize = 500;

/// What an invalidation has to do in one bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Strike {
    /// The name of the log, and the tags that it is to have, if there are any.
    pub(super) log: Option<(String, Vec<[u8; 8]>)>,
    /// What has to go, in this order, once the log has the tags.
    pub(super) names: Vec<String>,
}

/// One command of an invalidation, about names of one bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The name of a log, and what it is to end with.
    Append(String, Vec<u8>),
    /// The log is needed for so long again.
    Keep(String),
    Unlink(Vec<String>),
}

impl Strike {
    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.log.is_none() && self.names.is_empty()
    }

    /// The commands, in their order. Without `appends` the log goes.
    pub(super) fn steps(self, appends: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        match self.log {
            Some((log, tags)) if appends && tags.len() <= MOST => {
                steps.extend([Step::Append(log.clone(), tags.concat()), Step::Keep(log)]);
            }
            Some((log, _)) => steps.push(Step::Unlink(vec![log])),
            None => {}
        }
        steps.extend(self.names.chunks(UNLINK_KEYS).map(|names| Step::Unlink(names.to_vec())));
        steps
    }
}

impl Step {
    pub(super) fn command(&self) -> Cmd {
        match self {
            Self::Append(log, tags) => redis::cmd("APPEND").arg(log).arg(tags).clone(),
            Self::Keep(log) => redis::cmd("EXPIRE").arg(log).arg(LOG_LIFE.as_secs()).clone(),
            Self::Unlink(names) => redis::cmd("UNLINK").arg(names).clone(),
        }
    }

    /// What is to follow if this was not done, and if it was answered: all that makes a log go that has not what it should,
    /// or is too long.
    pub(super) fn remedy(&self, answer: &Value) -> Option<Self> {
        let Self::Append(log, _) = self else { return None };
        let is_fine = matches!(answer, Value::Int(length) if usize::try_from(*length).is_ok_and(|length| length <= 2 * LOG_BYTES));
        (!is_fine).then(|| Self::Unlink(vec![log.clone()]))
    }
}

/// The commands as they are sent together.
pub(super) fn pipeline<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Pipeline {
    let mut commands = redis::pipe();
    for step in steps {
        commands.add_command(step.command());
    }
    commands
}
