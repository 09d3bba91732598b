//! Values that are given and not stored yet, and whether this process has invalidated one of them since.
//!
//! Memory cannot tell: Redis also says that a key has changed which this process has just stored, and that generations
//! have which it has just made.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cachefn_backends::place::{Place, Target};

/// Those of one cache.
#[derive(Default)]
pub(crate) struct Given(Mutex<Notes>);

#[derive(Default)]
struct Notes {
    under_way: HashMap<u64, Arc<Note>>,
    begun: u64,
}

struct Note {
    place: Place,
    struck: AtomicBool,
    /// Whether a value that was given later is where it is to stand.
    superseded: AtomicBool,
}

/// When a value was given.
pub(crate) struct Moment {
    note: Arc<Note>,
    number: u64,
}

impl Given {
    /// A value is given for `place`.
    pub(crate) fn begin(&self, place: Place) -> Moment {
        let note =
            Arc::new(Note { place, struck: AtomicBool::new(false), superseded: AtomicBool::new(false) });
        let mut notes = self.lock();
        notes.begun += 1;
        let number = notes.begun;
        notes.under_way.insert(number, Arc::clone(&note));
        Moment { note, number }
    }

    /// Its value is where it is to stand, or nowhere.
    pub(crate) fn end(&self, moment: &Moment) {
        self.lock().under_way.remove(&moment.number);
    }

    /// The value of `moment` is where it is to stand: those that were given for the same key before are not to replace it.
    pub(crate) fn supersede(&self, moment: &Moment) {
        let notes = self.lock();
        let earlier = notes.under_way.iter().filter(|(number, _)| **number < moment.number);
        for (_, note) in earlier.filter(|(_, note)| note.place.key == moment.note.place.key) {
            note.superseded.store(true, Ordering::Release);
        }
    }

    /// This process invalidates `target`.
    pub(crate) fn strike(&self, target: &Target) {
        for note in self.lock().under_way.values().filter(|note| target.strikes(&note.place)) {
            note.struck.store(true, Ordering::Release);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        // Each change is a single step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Moment {
    /// Whether nothing of it has been invalidated since.
    pub(crate) fn lasts(&self) -> bool {
        !self.note.struck.load(Ordering::Acquire)
    }

    /// Whether a value that was given later is where it is to stand.
    pub(crate) fn is_superseded(&self) -> bool {
        self.note.superseded.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use cachefn_backends::place::{Group, Lineage};

    use super::*;

    #[test]
    fn a_value_supersedes_those_that_were_given_for_its_key_before() {
        let given = Given::default();
        let begin = |key: &str| given.begin(Place::new(key, Lineage::new("users", "f", [])));
        let (first, other, second, third) = (begin("7"), begin("8"), begin("7"), begin("7"));
        given.supersede(&second);
        let superseded = [&first, &other, &second, &third].map(Moment::is_superseded);
        assert_eq!(superseded, [true, false, false, false]);
        assert!(first.lasts(), "nothing was invalidated");
    }

    #[test]
    fn only_what_is_invalidated_of_it_ends_its_moment() {
        let given = Given::default();
        let place = || Place::new("users:7", Lineage::new("users", "f", [Group::tag("org:1")]));
        let strikes = |target: Target| {
            let moment = given.begin(place());
            given.strike(&target);
            given.end(&moment);
            !moment.lasts()
        };
        let groups = [Group::root(), Group::namespace("users"), Group::function("f"), Group::tag("org:1")];
        assert!(groups.into_iter().all(|group| strikes(Target::Group(group))));
        assert!(strikes(Target::Key("users:7".into())));
        assert!(!strikes(Target::Key("users:8".into())) && !strikes(Target::Group(Group::tag("org:2"))));
        assert!(given.lock().under_way.is_empty());
    }
}
