//! The same for flights of which somebody has something older to return.

use cachefn_backends::life::{Age, Life};
use cachefn_backends::place::Group;

use super::*;

/// The value that everybody finds.
const OLD: u32 = 9;

impl Airport {
    /// With an entry that expired just now. It is stale for a second, and for another minute it is there where bodies fail.
    fn stale() -> Self {
        let (airport, second) = (Self::new(), Duration::from_secs(1));
        let life = Life { stale: second, error: second * 60, ..Life::from(second) };
        let ticket = airport.memory.begin(&airport.place);
        ticket.store(ticket.entry(OLD, TypeId::of::<u8>(), 4, life));
        airport.memory.clock().advance(second);
        airport
    }

    /// With one that is there only where bodies fail.
    fn spent() -> Self {
        let airport = Self::stale();
        airport.memory.clock().advance(Duration::from_secs(1));
        airport
    }

    /// A call from its beginning, as `refresh = caller` has it.
    fn whole_call(&self, ends: impl Fn(usize) -> End) -> Option<u32> {
        let look = |entry: &AnyEntry, turn| (value(entry), turn);
        match self.memory.read(&self.place.key, None, TypeId::of::<u8>(), look) {
            Ok((old, turn)) if turn.refreshes => self.refresh(old, true, ends),
            Ok((old, turn)) if turn.age == Age::Spent => self.call_with(Some(old), ends),
            Ok((old, _)) => Some(old),
            Err(_) => self.call(ends),
        }
    }

    /// A call to whom it falls to refresh what it has found.
    fn refresh(&self, old: u32, looks_again: bool, ends: impl Fn(usize) -> End) -> Option<u32> {
        match self.flights.lead(self.key(), || self.memory.begin(&self.place)) {
            Some(seat) if looks_again => self.fill(seat, Some(old), ends),
            Some(seat) => self.body(seat, Some(old), ends),
            None => Some(old),
        }
    }
}

/// Runs all `calls` at once, and then nothing may be left of them.
fn all<const N: usize>(
    airport: &Airport,
    calls: [fn(&Airport) -> Option<u32>; N],
    meanwhile: impl FnOnce(&Airport),
) -> [Option<u32>; N] {
    let threads = calls.map(|call| {
        let airport = airport.clone();
        thread::spawn(move || call(&airport))
    });
    meanwhile(airport);
    let answers = threads.map(|thread| thread.join().expect("it does not panic"));
    assert_eq!((airport.flights.len(), airport.memory.fills()), (0, 0), "something is left");
    answers
}

fn bodies(airport: &Airport) -> usize {
    airport.bodies.load(Ordering::SeqCst)
}

fn assert_one_at_a_time(airport: &Airport) {
    assert!(airport.most.load(Ordering::SeqCst) <= 1, "one after the other");
}

fn first_is(end: End) -> impl Fn(usize) -> End {
    move |body| if body == 0 { end } else { End::Value }
}

/// Two that are to refresh a value, and one that has none.
fn refreshed_and_missed(looks_again: bool) {
    let airport = Airport::stale();
    let refresh: fn(&Airport) -> _ = if looks_again {
        |airport| airport.refresh(OLD, true, |_| End::Value)
    } else {
        |airport| airport.refresh(OLD, false, |_| End::Value)
    };
    let [one, other, missed] =
        all(&airport, [refresh, refresh, |airport| airport.call(|_| End::Value)], |_| ());
    assert_eq!(bodies(&airport), 1, "one body for all of them");
    assert_one_at_a_time(&airport);
    assert!([one, other].iter().all(|answer| matches!(answer, Some(0 | OLD))));
    assert_eq!((missed, airport.found()), (Some(0), Some(0)));
}

#[test]
fn one_body_refreshes_a_value_and_answers_who_has_none() {
    check(|| refreshed_and_missed(true));
}

/// A flight may have come and gone between the look at the value and the lead.
#[test]
#[should_panic(expected = "one body for all of them")]
fn a_refresh_that_does_not_look_again_is_found_out() {
    check(|| refreshed_and_missed(false));
}

#[test]
fn a_value_that_is_due_is_refreshed_once_and_served_meanwhile() {
    check(|| {
        let airport = Airport::stale();
        let answers = all(&airport, [|airport| airport.whole_call(|_| End::Value); 3], |_| ());
        assert!(answers.iter().all(|answer| matches!(answer, Some(0 | OLD))));
        assert_eq!((bodies(&airport), airport.found()), (1, Some(0)));
    });
}

#[test]
fn a_refresh_that_is_dropped_strands_nobody() {
    check(|| {
        let airport = Airport::stale();
        let missed = |airport: &Airport| airport.call(first_is(End::Dropped));
        let refresh = |airport: &Airport| airport.refresh(OLD, true, first_is(End::Dropped));
        let answers = all(&airport, [refresh, missed, missed], |_| ());
        // Whoever ran the first body has none.
        assert_eq!(answers.iter().filter(|answer| answer.is_none()).count(), 1);
        assert_eq!((bodies(&airport), airport.found()), (2, Some(0)));
        assert_one_at_a_time(&airport);
    });
}

/// Where a refresh fails, who had something older returns it, and who had nothing runs its own body.
#[test]
fn a_refresh_that_fails_strands_nobody() {
    check(|| {
        let airport = Airport::stale();
        let refresh = |airport: &Airport| airport.refresh(OLD, true, first_is(End::Failure));
        let missed = |airport: &Airport| airport.call(first_is(End::Failure));
        let [refreshed, one, other] = all(&airport, [refresh, missed, missed], |_| ());
        assert!(matches!(refreshed, Some(0 | OLD)));
        let failed = [one, other].iter().filter(|answer| answer.is_none()).count();
        assert!(failed <= 1 && [one, other].iter().flatten().all(|value| *value == 0));
        assert_one_at_a_time(&airport);
    });
}

#[test]
fn a_body_that_fails_over_answers_those_who_have_something_older() {
    check(|| {
        let airport = Airport::spent();
        let answers = all(&airport, [|airport| airport.whole_call(|_| End::Failure); 3], |_| ());
        assert_eq!(answers, [Some(OLD); 3]);
        assert!((1..=3).contains(&bodies(&airport)));
        assert_one_at_a_time(&airport);
    });
}

#[test]
fn who_has_nothing_older_fails_with_a_body_of_its_own() {
    check(|| {
        let airport = Airport::spent();
        let spare = |airport: &Airport| airport.whole_call(|_| End::Failure);
        let nothing = |airport: &Airport| airport.call(|_| End::Failure);
        assert_eq!(all(&airport, [spare, nothing, nothing], |_| ()), [Some(OLD), None, None]);
        assert_one_at_a_time(&airport);
    });
}

/// Strikes the old value, after which a call is answered with nothing older.
fn struck(airport: &Airport, target: &Target, end: End) {
    airport.truth.store(1, Ordering::SeqCst);
    airport.memory.invalidate(target);
    let answer = airport.whole_call(move |_| end);
    assert_eq!(answer, (end == End::Value).then_some(1), "older than the invalidation");
    assert_eq!(airport.found(), answer);
}

fn targets() -> [Target; 2] {
    [Target::Key("k".into()), Target::Group(Group::function("f"))]
}

#[test]
fn a_call_after_an_invalidation_is_given_neither_what_was_stale_nor_what_refreshed_it() {
    check(|| {
        for target in targets() {
            let airport = Airport::stale();
            let whole_call = |airport: &Airport| airport.whole_call(|_| End::Value);
            all(&airport, [whole_call, |airport| airport.call(|_| End::Value)], |airport| {
                struck(airport, &target, End::Value);
            });
            assert_one_at_a_time(&airport);
        }
    });
}

#[test]
fn nor_is_it_where_all_bodies_fail() {
    check(|| {
        for target in targets() {
            let airport = Airport::spent();
            let answers = all(&airport, [|airport| airport.whole_call(|_| End::Failure); 2], |airport| {
                struck(airport, &target, End::Failure);
            });
            assert!(answers.iter().all(|answer| matches!(answer, None | Some(OLD))));
        }
    });
}
