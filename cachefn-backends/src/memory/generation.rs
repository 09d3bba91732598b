//! The generation of every group, as one shared cell each.
//!
//! An entry holds pointers to the cells of its lineage and what they said when its load began, so a
//! hit compares a few integers and looks nothing up. The registry holds cells weakly: a cell lives
//! as long as an entry or a running fill refers to it. When it is made anew, nobody remembers the
//! old one, so nobody can mistake one for the other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::place::{Group, Lineage};

type Cell = AtomicU64;

/// The registry of cells.
#[derive(Default)]
pub(super) struct Generations {
    cells: Mutex<Registry>,
}

#[derive(Default)]
struct Registry {
    by_group: HashMap<Group, Weak<Cell>>,
    /// Sweep the dead when there are this many.
    sweep_at: usize,
}

/// The generations of a lineage at one moment.
#[derive(Clone, Debug)]
pub(super) struct Captured(Box<[(Arc<Cell>, u64)]>);

impl Generations {
    /// What the generations of `lineage` are now.
    pub(super) fn capture(&self, lineage: &Lineage) -> Captured {
        let mut registry = self.lock();
        let cells = lineage.groups().iter().map(|group| registry.cell(group));
        Captured(cells.map(|cell| (Arc::clone(&cell), cell.load(Ordering::SeqCst))).collect())
    }

    /// Ends the current generation of `group`: every entry captured before is dead when this returns.
    pub(super) fn bump(&self, group: &Group) {
        if let Some(cell) = self.lock().by_group.get(group).and_then(Weak::upgrade) {
            cell.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// How many cells are registered, dead ones included.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().by_group.len()
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        // Every change below is a single step, so a panic elsewhere cannot leave it half-done.
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    fn cell(&mut self, group: &Group) -> Arc<Cell> {
        if let Some(cell) = self.by_group.get(group).and_then(Weak::upgrade) {
            return cell;
        }
        if self.by_group.len() >= self.sweep_at {
            self.by_group.retain(|_, cell| cell.strong_count() > 0);
            self.sweep_at = (self.by_group.len() * 2).max(1024);
        }
        let cell = Arc::new(Cell::new(0));
        self.by_group.insert(group.clone(), Arc::downgrade(&cell));
        cell
    }
}

impl Captured {
    /// Whether every generation is still the one that was captured.
    pub(super) fn is_current(&self) -> bool {
        self.0.iter().all(|(cell, seen)| cell.load(Ordering::Acquire) == *seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bump_ends_what_was_captured_below_it_and_nothing_else() {
        let generations = Generations::default();
        let seven = generations.capture(&Lineage::new("users:7", "f", []));
        let eight = generations.capture(&Lineage::new("users:8", "f", []));
        generations.bump(&Group::namespace("users:7"));
        assert!(!seven.is_current());
        assert!(eight.is_current());
        generations.bump(&Group::namespace("users"));
        assert!(!eight.is_current());
        let again = generations.capture(&Lineage::new("users:7", "f", []));
        assert!(again.is_current());
    }

    #[test]
    fn cells_that_nobody_refers_to_are_swept() {
        let generations = Generations::default();
        for id in 0..100_000 {
            generations.capture(&Lineage::new(&format!("users:{id}"), "f", []));
        }
        assert!(generations.len() < 5_000, "{} cells for nobody", generations.len());
    }
}
