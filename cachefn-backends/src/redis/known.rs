//! The generations that the server has, as this process knows them without asking.
//!
//! A server that says what changes says so of generations too: what was read of them stands until it says otherwise, and
//! what it says of a change stands in the stream before the answer to anything that was asked after the change. So a value
//! that has been read may be compared with what is known once its answer is here, and need not be asked for together with
//! its generations. Only there: before the question is sent, something may be on its way.
//!
//! What has been read is learned only if nothing was struck since before the question was sent, for the answer may be looked
//! at after a change that followed it.
//!
//! All of this belongs to one connection, and ends with it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use smallvec::SmallVec;

use crate::envelope::Token;
use crate::place::{Group, Target};

/// So many are remembered, a few megabytes; then all are forgotten, and read again where they are needed.
const MOST: usize = 32_768;

/// The generations of some groups, in their order.
pub(super) type Tokens = SmallVec<[Token; 6]>;

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    tokens: HashMap<Group, Token, RandomState>,
    /// Counts what was struck.
    strikes: u64,
}

/// A moment before a question was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(u64);

impl Known {
    /// To be taken before a question is sent whose answer is to be learned.
    pub(super) fn moment(&self) -> Moment {
        Moment(self.lock().strikes)
    }

    /// Takes in that `tokens` were read for `groups`, unless something was struck since `moment`.
    pub(super) fn learn(&self, moment: Moment, groups: &[Group], tokens: &[Token]) {
        let mut table = self.lock();
        if table.strikes != moment.0 {
            return;
        }
        if table.tokens.len() + groups.len() > MOST {
            table.tokens.clear();
        }
        table.tokens.extend(groups.iter().cloned().zip(tokens.iter().copied()));
    }

    /// The generations of `groups`, if all are known.
    pub(super) fn of(&self, groups: &[Group]) -> Option<Tokens> {
        let table = self.lock();
        groups.iter().map(|group| table.tokens.get(group).copied()).collect()
    }

    /// The generations of those of `groups` that are known.
    pub(super) fn some_of(&self, groups: &[Group]) -> SmallVec<[Option<Token>; 6]> {
        let table = self.lock();
        groups.iter().map(|group| table.tokens.get(group).copied()).collect()
    }

    /// Forgets what has changed.
    pub(super) fn strike(&self, target: &Target) {
        let Target::Group(group) = target else { return };
        let mut table = self.lock();
        table.strikes += 1;
        if *group == Group::root() {
            table.tokens.clear();
        } else {
            table.tokens.remove(group);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Every change is complete before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups() -> [Group; 2] {
        [Group::root(), Group::namespace("users")]
    }

    #[test]
    fn what_was_read_is_known_until_it_is_struck() {
        let known = Known::default();
        assert_eq!(known.of(&groups()), None);
        known.learn(known.moment(), &groups(), &[[1; 8], [2; 8]]);
        assert_eq!(known.of(&groups()), Some([[1; 8], [2; 8]].as_slice().into()));
        known.strike(&Target::Key("users".into()));
        known.strike(&Target::Group(Group::namespace("orders")));
        assert_eq!(known.of(&groups()), Some([[1; 8], [2; 8]].as_slice().into()));
        known.strike(&Target::Group(Group::namespace("users")));
        assert_eq!((known.of(&groups()), known.of(&groups()[..1])), (None, Some([[1; 8]].as_slice().into())));
        known.strike(&Target::Group(Group::root()));
        assert_eq!(known.of(&groups()[..1]), None);
    }

    #[test]
    fn what_is_known_of_some_is_known_beside_what_is_not() {
        let known = Known::default();
        known.learn(known.moment(), &groups()[1..], &[[2; 8]]);
        assert_eq!(known.some_of(&groups()).as_slice(), [None, Some([2; 8])]);
        assert_eq!(known.of(&groups()), None);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_learned_after_it() {
        let known = Known::default();
        let moment = known.moment();
        known.strike(&Target::Group(Group::namespace("users")));
        known.learn(moment, &groups(), &[[1; 8], [2; 8]]);
        assert_eq!(known.of(&groups()), None);
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let known = Known::default();
        for number in 0..MOST + 2 {
            known.learn(known.moment(), &[Group::tag(&number.to_string())], &[[1; 8]]);
        }
        assert_eq!(known.lock().tokens.len(), 2);
    }
}
