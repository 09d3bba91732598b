//! The log of invalidated tags: what a fill whose value names its tags looks at in the end.
//!
//! `head(8) ‖ earlier(8) ‖ tags(8n)`: `head` is random, and `earlier` counts the tags that were cut off in front. An
//! invalidation puts its tag there before it deletes the tag's record, if there is a log; a fill that began has made one.

use crate::envelope::Token;
use crate::place::Group;

/// A log of more tags is cut to the later half.
const MOST: usize = 2_048;

/// The log as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Log {
    head: Token,
    earlier: u64,
    tags: Vec<[u8; 8]>,
}

/// A place in a log: its head, and how many tags it has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogEnd {
    head: Token,
    count: u64,
}

impl Log {
    /// One that nobody else can have begun.
    pub(super) fn fresh() -> Self {
        let mut head = Token::default();
        getrandom::fill(&mut head).expect("the operating system provides random numbers");
        Self { head, earlier: 0, tags: Vec::new() }
    }

    /// What stands there; nothing if it is not a log.
    pub(super) fn read(bytes: Option<&[u8]>) -> Option<Self> {
        let ([head, earlier, tags @ ..], []) = bytes?.as_chunks::<8>() else { return None };
        Some(Self { head: *head, earlier: u64::from_le_bytes(*earlier), tags: tags.to_vec() })
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let tags = self.tags.iter().copied();
        [self.head, self.earlier.to_le_bytes()].into_iter().chain(tags).flatten().collect()
    }

    /// Its end.
    pub(super) fn end(&self) -> LogEnd {
        LogEnd { head: self.head, count: self.earlier + self.tags.len() as u64 }
    }

    /// Adds tags at the end.
    pub(super) fn append(&mut self, tags: &[[u8; 8]]) {
        self.tags.extend(tags);
        if self.tags.len() > MOST {
            let cut = self.tags.len() - MOST / 2;
            self.tags.drain(..cut);
            self.earlier += cut as u64;
        }
    }

    /// Whether it tells that none of `tags` was invalidated since it ended at `end`.
    pub(super) fn clears(&self, end: LogEnd, tags: &[Group]) -> bool {
        let seen = end.count.checked_sub(self.earlier).and_then(|seen| usize::try_from(seen).ok());
        let since = seen.filter(|_| end.head == self.head).and_then(|seen| self.tags.get(seen..));
        since.is_some_and(|since| !tags.iter().any(|tag| since.contains(&tag.tag_hash())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(numbers: std::ops::Range<usize>) -> Vec<Group> {
        numbers.map(|number| Group::tag(&number.to_string())).collect()
    }

    fn append(log: &mut Log, tags: &[Group]) {
        log.append(&tags.iter().map(Group::tag_hash).collect::<Vec<_>>());
    }

    #[test]
    fn a_log_clears_every_tag_but_those_behind_the_end_that_was_noted() {
        let mut log = Log::fresh();
        append(&mut log, &tags(0..3));
        let end = log.end();
        append(&mut log, &tags(3..5));
        let log = Log::read(Some(&log.bytes())).unwrap();
        assert!(log.clears(end, &tags(0..3)) && log.clears(end, &tags(5..9)));
        assert!(!log.clears(end, &tags(0..4)) && !log.clears(end, &tags(4..9)));
        assert!(log.clears(log.end(), &tags(0..9)));
        assert!(!Log::fresh().clears(end, &tags(9..10)), "another log tells nothing");
    }

    #[test]
    fn a_log_is_bounded_and_clears_nothing_for_whom_it_does_not_reach_back_to() {
        let mut log = Log::fresh();
        let start = log.end();
        append(&mut log, &tags(0..MOST));
        assert!(log.clears(start, &tags(MOST..MOST + 1)));
        let end = log.end();
        append(&mut log, &tags(MOST..MOST + 2));
        assert_eq!(log.tags.len(), MOST / 2);
        assert!(!log.clears(start, &tags(9_999..10_000)));
        assert!(log.clears(end, &tags(0..MOST)) && !log.clears(end, &tags(MOST..MOST + 1)));
        assert_eq!(log.end().count, MOST as u64 + 2);
    }

    #[test]
    fn other_bytes_are_no_log() {
        for bytes in [&[][..], &[0; 8], &[0; 15], &[0; 17]] {
            assert_eq!(Log::read(Some(bytes)), None);
        }
    }
}
