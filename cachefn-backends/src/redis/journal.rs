//! Invalidations that wait for Redis.
//!
//! Striking a target twice is striking it once and the order is of no account, so the journal is a
//! set. It is bounded: when it would grow over [`MAX_TARGETS`] or [`MAX_BYTES`] it widens to the
//! root group, which covers every target there can be. More than was asked for is then invalid, but
//! nothing is ever forgotten, except with the process: then time to live bounds what is stale.

use std::collections::HashSet;

use crate::place::{Group, Target};

/// How many targets are kept apart.
const MAX_TARGETS: usize = 10_000;
/// How many bytes of keys and group names are kept.
const MAX_BYTES: usize = 1 << 20;

/// The set of targets still to be struck.
#[derive(Debug, Default)]
pub(super) struct Journal {
    targets: HashSet<Target>,
    bytes: usize,
}

impl Journal {
    /// Adds targets.
    pub(super) fn add(&mut self, targets: impl IntoIterator<Item = Target>) {
        for target in targets {
            let size = size(&target);
            if !self.covers_all() && self.targets.insert(target) {
                self.bytes += size;
            }
            if self.targets.len() > MAX_TARGETS || self.bytes > MAX_BYTES {
                self.widen();
            }
        }
    }

    /// Takes out up to `count` targets.
    pub(super) fn take(&mut self, count: usize) -> Vec<Target> {
        let batch: Vec<_> = self.targets.iter().take(count).cloned().collect();
        for target in &batch {
            self.targets.remove(target);
            self.bytes -= size(target);
        }
        batch
    }

    /// How many targets are waiting.
    pub(super) fn len(&self) -> usize {
        self.targets.len()
    }

    fn covers_all(&self) -> bool {
        self.targets.contains(&Target::Group(Group::root()))
    }

    fn widen(&mut self) {
        let root = Target::Group(Group::root());
        self.bytes = size(&root);
        self.targets = HashSet::from([root]);
    }
}

fn size(target: &Target) -> usize {
    match target {
        Target::Key(key) => key.len(),
        Target::Group(group) => group.name().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: usize) -> Target {
        Target::Key(format!("key{id}").into())
    }

    #[test]
    fn the_same_target_is_kept_once_and_taken_once() {
        let mut journal = Journal::default();
        journal.add([key(1), key(2), key(1)]);
        assert_eq!(journal.len(), 2);
        assert_eq!(journal.take(10).len(), 2);
        assert_eq!((journal.len(), journal.bytes), (0, 0));
    }

    #[test]
    fn too_many_targets_widen_to_everything() {
        let mut journal = Journal::default();
        journal.add((0..=MAX_TARGETS).map(key));
        journal.add([key(0)]);
        assert_eq!(journal.take(10), [Target::Group(Group::root())]);
        assert_eq!((journal.len(), journal.bytes), (0, 0));
    }

    #[test]
    fn too_many_bytes_widen_to_everything() {
        let mut journal = Journal::default();
        journal.add((0..20).map(|id| Target::Key(format!("{id}{}", "x".repeat(100_000)).into())));
        assert_eq!(journal.take(10), [Target::Group(Group::root())]);
    }
}
