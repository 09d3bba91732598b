//! The generation of every group, as one shared cell each.
//!
//! An entry holds pointers to the cells of its lineage and what they said when its load began, so a
//! hit compares a few integers and looks nothing up. The registry holds cells weakly: a cell lives
//! as long as an entry or a running fill refers to it. When it is made anew, nobody remembers the
//! old one, so nobody can mistake one for the other.
//!
//! Groups are known by a hash of 64 bits: an entry may have many of its own, and their names would take more memory than
//! all the rest. Two that have one hash share a cell, so invalidating either invalidates both, and nothing is missed.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use foldhash::quality::RandomState;

use super::struck::StruckTags;
use crate::place::{Group, Lineage};
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};

type Cell = AtomicU64;

/// The registry of cells.
pub(super) struct Generations {
    cells: Mutex<Registry>,
    /// How many strikes of tags have begun. Changed under the lock of `cells`.
    strikes: AtomicU64,
    /// How many groups were struck, counted after each strike: while it stands, whatever was found current is.
    bumps: AtomicU64,
}

#[derive(Default)]
struct Registry {
    by_group: HashMap<u64, Weak<Cell>, RandomState>,
    /// What was last captured of each [lasting](Lineage::lasting) lineage, so that its entries share it.
    by_lineage: HashMap<Lineage, Weak<[Point]>, RandomState>,
    /// Sweep the dead when there are this many in both.
    sweep_at: usize,
    /// When tags were last invalidated, for fills that learn only from their value which they have.
    struck: StruckTags,
}

/// The generations of a lineage at one moment. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Captured(Arc<[Point]>);

/// One group's cell, and what it said.
type Point = (Arc<Cell>, u64);

/// What a group costs as long as something hangs on it, in bytes: its cell, an allocation of 24, and its slot among at
/// most as many that are empty or dead.
const GROUP: usize = 72;

impl Generations {
    /// What the generations of `lineage` are now.
    pub(super) fn capture(&self, lineage: &Lineage) -> Captured {
        let mut registry = self.lock();
        let Some(trunk) = lineage.trunk() else { return registry.shared(lineage) };
        // Nearly every such entry is the only one of its lineage: nothing is remembered but the trunk.
        let shared = registry.shared(trunk);
        let own = registry.capture(&lineage.groups()[trunk.groups().len()..]);
        shared.0.iter().cloned().chain(own).collect()
    }

    /// How many strikes of tags have begun.
    pub(super) fn strikes(&self) -> u64 {
        self.strikes.load(Ordering::SeqCst)
    }

    /// `captured` and the generations of `tags`; nothing if one of them was struck since there were `strikes`.
    ///
    /// A strike is counted, noted under the tag and brought to the tag's cell under the lock that is held here,
    /// so each is seen whole or comes later, to the cells that are captured here. One that is seen was counted
    /// before `strikes` was read, and then the load began after it, or its note is greater.
    pub(super) fn extend(&self, captured: &Captured, tags: &[Group], strikes: u64) -> Option<Captured> {
        let mut registry = self.lock();
        if registry.struck.any_since(strikes, tags) {
            return None;
        }
        Some(captured.0.iter().cloned().chain(registry.capture(tags)).collect())
    }

    /// Ends the current generation of `group`: every entry captured before is dead when this returns.
    pub(super) fn bump(&self, group: &Group) {
        let mut registry = self.lock();
        if group.is_tag() {
            let number = self.strikes.fetch_add(1, Ordering::SeqCst) + 1;
            registry.struck.note(group, number);
        }
        if let Some(cell) = registry.by_group.get(&hash(group)).and_then(Weak::upgrade) {
            cell.fetch_add(1, Ordering::SeqCst);
        }
        self.bumps.fetch_add(1, Ordering::SeqCst);
    }

    /// How many groups were struck. To be read before an entry is verified.
    #[inline]
    pub(super) fn bumps(&self) -> u64 {
        self.bumps.load(Ordering::Acquire)
    }

    /// Forgets the cells that nothing refers to.
    pub(super) fn sweep(&self) {
        self.lock().sweep();
    }

    /// How many cells and captures are registered, dead ones included.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let registry = self.lock();
        registry.by_group.len() + registry.by_lineage.len()
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        // Every change below is a single step, so a panic elsewhere cannot leave it half-done.
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Generations {
    fn default() -> Self {
        Self { cells: Mutex::default(), strikes: AtomicU64::new(0), bumps: AtomicU64::new(0) }
    }
}

impl FromIterator<Point> for Captured {
    fn from_iter<I: IntoIterator<Item = Point>>(cells: I) -> Self {
        Self(cells.into_iter().collect())
    }
}

impl Registry {
    /// The generations of a lineage, in one place for all who capture it while none of them changes.
    fn shared(&mut self, lineage: &Lineage) -> Captured {
        let known = self.by_lineage.get(lineage).and_then(Weak::upgrade).map(Captured);
        if let Some(known) = known.filter(Captured::is_current) {
            return known;
        }
        let captured: Captured = self.capture(lineage.groups()).collect();
        self.remember(lineage, &captured);
        captured
    }

    fn capture(&mut self, groups: &[Group]) -> impl Iterator<Item = Point> {
        groups.iter().map(|group| {
            let cell = self.cell(group);
            let now = cell.load(Ordering::SeqCst);
            (cell, now)
        })
    }

    fn remember(&mut self, lineage: &Lineage, captured: &Captured) {
        self.sweep_if_due();
        self.by_lineage.insert(lineage.clone(), Arc::downgrade(&captured.0));
    }

    /// Forgets the dead, once there may be as many of them as of the living.
    fn sweep_if_due(&mut self) {
        if self.by_group.len() + self.by_lineage.len() >= self.sweep_at {
            self.sweep();
        }
    }

    fn sweep(&mut self) {
        self.by_lineage.retain(|_, captured| captured.strong_count() > 0);
        self.by_group.retain(|_, cell| cell.strong_count() > 0);
        self.by_lineage.shrink_to(self.by_lineage.len() * 2);
        self.by_group.shrink_to(self.by_group.len() * 2);
        self.sweep_at = ((self.by_group.len() + self.by_lineage.len()) * 2).max(1024);
    }

    fn cell(&mut self, group: &Group) -> Arc<Cell> {
        let hash = hash(group);
        if let Some(cell) = self.by_group.get(&hash).and_then(Weak::upgrade) {
            return cell;
        }
        self.sweep_if_due();
        let cell = Arc::new(Cell::new(0));
        self.by_group.insert(hash, Arc::downgrade(&cell));
        cell
    }
}

fn hash(group: &Group) -> u64 {
    xxhash_rust::xxh3::xxh3_64(group.name().as_bytes())
}

impl Captured {
    /// Whether every generation is still the one that was captured.
    pub(super) fn is_current(&self) -> bool {
        self.0.iter().all(|(cell, seen)| cell.load(Ordering::Acquire) == *seen)
    }

    /// What an entry that holds this costs for it, in bytes. What others hold as well is shared with them: a group of one
    /// entry counts for all that it costs, one of thousands for nothing.
    pub(super) fn cost(&self) -> usize {
        let groups: usize = self.0.iter().map(|(cell, _)| GROUP / Arc::strong_count(cell)).sum();
        // The ticket of the fill holds it too.
        let holders = Arc::strong_count(&self.0).saturating_sub(1).max(1);
        (groups + 32 + size_of_val(&*self.0)) / holders
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
    fn a_tag_that_was_struck_since_is_noticed_though_nothing_referred_to_it() {
        let generations = Generations::default();
        let base = generations.capture(&Lineage::new("users", "f", []));
        let (seven, eight) = ([Group::tag("org:7")], [Group::tag("org:8")]);
        generations.bump(&seven[0]);
        let began = generations.strikes();
        assert!(generations.extend(&base, &seven, began).is_some_and(|both| both.is_current()));
        generations.bump(&seven[0]);
        assert!(generations.extend(&base, &seven, began).is_none());
        let tagged = generations.extend(&base, &eight, began).expect("another tag was struck");
        generations.bump(&eight[0]);
        assert!(!tagged.is_current() && base.is_current());
    }

    #[test]
    fn a_value_is_refused_for_its_own_tags_and_however_many_others_are_struck_for_no_other() {
        let generations = Generations::default();
        let base = generations.capture(&Lineage::new("users", "f", []));
        let began = generations.strikes();
        let tags: Vec<_> = (0..1_001).map(|org| Group::tag(&format!("org:{org}"))).collect();
        tags[1..].iter().for_each(|tag| generations.bump(tag));
        assert!(generations.extend(&base, &tags[..1], began).is_some_and(|both| both.is_current()));
        for tag in &tags[1..] {
            assert!(generations.extend(&base, &[tags[0].clone(), tag.clone()], began).is_none(), "{tag:?}");
        }
    }

    #[test]
    fn cells_that_nobody_refers_to_are_swept() {
        let generations = Generations::default();
        for id in 0..100_000 {
            generations.capture(&Lineage::new(&format!("users:{id}"), "f", []));
            generations.capture(&Lineage::new(&format!("orgs:{id}"), "f", []));
        }
        assert!(generations.len() < 5_000, "{} cells for nobody", generations.len());
        generations.sweep();
        assert_eq!(generations.len(), 0);
    }

    #[test]
    fn entries_of_a_lasting_lineage_share_what_is_captured() {
        let generations = Generations::default();
        let lineage = Lineage::new("users", "f", []);
        let [one, other] = [(); 2].map(|()| generations.capture(&lineage));
        assert!(Arc::ptr_eq(&one.0, &other.0));
        generations.bump(&Group::namespace("users"));
        let later = generations.capture(&lineage);
        assert!(!Arc::ptr_eq(&one.0, &later.0) && later.is_current() && !one.is_current());
    }
}
