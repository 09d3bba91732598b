//! When tags were last invalidated.
//!
//! A fill whose value names its tags learns only at its end which invalidations concern it. So they are remembered, tag
//! by tag, with a number that grows with each. What is remembered is bounded: past [`MOST`] the earliest is forgotten,
//! and fills that began before it are refused whatever their tags are. At 200 invalidations a second that is a body of 20
//! seconds.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::RandomState;

use crate::place::Group;

/// So many invalidations are remembered, some 160 KB.
const MOST: usize = 4_096;

/// The last invalidation of each tag, by its number.
#[derive(Debug, Default)]
pub(super) struct StruckTags {
    last: HashMap<[u8; 8], u64, RandomState>,
    /// All that are remembered, earliest first, a tag as often as it was invalidated.
    order: VecDeque<([u8; 8], u64)>,
    /// The number of the latest that is forgotten.
    forgotten: u64,
}

impl StruckTags {
    /// Notes that `tag` is invalidated, with a `number` greater than any before.
    pub(super) fn note(&mut self, tag: &Group, number: u64) {
        let tag = tag.tag_hash();
        self.last.insert(tag, number);
        self.order.push_back((tag, number));
        if self.order.len() > MOST
            && let Some((earliest, number)) = self.order.pop_front()
        {
            self.forgotten = number;
            if self.last.get(&earliest) == Some(&number) {
                self.last.remove(&earliest);
            }
        }
    }

    /// Whether one of `tags` was invalidated with a number greater than `number`, or that is no longer known.
    pub(super) fn any_since(&self, number: u64, tags: &[Group]) -> bool {
        let since = |tag: &Group| self.last.get(&tag.tag_hash()).is_some_and(|last| *last > number);
        !tags.is_empty() && (self.forgotten > number || tags.iter().any(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(number: u64) -> Group {
        Group::tag(&number.to_string())
    }

    #[test]
    fn what_is_forgotten_refuses_whoever_began_before_it_and_nobody_else() {
        let mut struck = StruckTags::default();
        let most = MOST as u64;
        (1..=most).for_each(|number| struck.note(&tag(number), number));
        assert!(struck.any_since(0, &[tag(1)]) && !struck.any_since(0, &[tag(0)]));
        assert!(!struck.any_since(1, &[tag(1)]));
        struck.note(&tag(2), most + 1);
        assert!(struck.any_since(0, &[tag(0)]) && !struck.any_since(0, &[]));
        assert!(!struck.any_since(1, &[tag(0), tag(1)]) && struck.any_since(1, &[tag(0), tag(2)]));
        struck.note(&tag(0), most + 2);
        assert!(
            struck.any_since(most, &[tag(2)]),
            "the later invalidation of a tag outlives its earlier one"
        );
        assert_eq!((struck.order.len(), struck.last.len()), (MOST, MOST));
    }

    #[test]
    fn a_tag_that_is_invalidated_all_the_time_takes_the_room_of_its_invalidations_only() {
        let mut struck = StruckTags::default();
        (1..=100_000).for_each(|number| struck.note(&tag(number % 3), number));
        assert_eq!((struck.order.len(), struck.last.len()), (MOST, 3));
        assert!(struck.any_since(99_999, &[tag(1)]) && !struck.any_since(99_999, &[tag(2)]));
    }
}
