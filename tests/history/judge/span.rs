//! Spans of time that do not overlap, in order.

use std::collections::VecDeque;

#[derive(Debug, Default)]
pub(super) struct Spans(VecDeque<(u64, u64)>);

impl Spans {
    /// Adds a span that begins after the others have.
    pub(super) fn add(&mut self, from: u64, to: u64) {
        match self.0.back_mut() {
            Some(last) if last.1 >= from => last.1 = last.1.max(to),
            _ => self.0.push_back((from, to)),
        }
    }

    /// What of them lies in a span.
    pub(super) fn within(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, u64)> {
        let first = self.0.partition_point(|span| span.1 <= from);
        let spans = self.0.iter().skip(first).take_while(move |span| span.0 < to);
        spans.map(move |span| (span.0.max(from), span.1.min(to)))
    }

    pub(super) fn forget(&mut self, before: u64) {
        while self.0.front().is_some_and(|span| span.1 < before) {
            self.0.pop_front();
        }
    }
}

/// How long two lists of spans are together: what they have in common counts once.
pub(super) fn union(one: impl Iterator<Item = (u64, u64)>, other: impl Iterator<Item = (u64, u64)>) -> u64 {
    let mut spans: Vec<_> = one.chain(other).collect();
    spans.sort_unstable();
    let (mut sum, mut last) = (0, 0);
    for (from, to) in spans {
        sum += to.saturating_sub(from.max(last));
        last = last.max(to);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_lists_have_in_common_counts_once() {
        let (mut one, mut other) = (Spans::default(), Spans::default());
        one.add(10, 20);
        one.add(15, 30);
        one.add(40, 50);
        other.add(25, 45);
        assert_eq!(union(one.within(0, 100), other.within(0, 100)), 40);
        assert_eq!(union(one.within(28, 42), other.within(28, 42)), 14);
        one.forget(35);
        assert_eq!(union(one.within(0, 100), std::iter::empty()), 10);
    }
}
