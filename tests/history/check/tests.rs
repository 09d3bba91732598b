//! Histories by hand: what is found, and what is not held against anybody.

use super::*;
use crate::record::Sample;
use crate::schedule::Fault;

const MS: u64 = 1_000_000;
const ROW: Row = Row(3);

fn read(begin: u64, version: u64) -> Read {
    Read { row: ROW, begin: begin * MS, end: (begin + 1) * MS, version, connected: false }
}

fn strike(begin: u64, floor: u64, outcome: Outcome) -> Strike {
    let (begin, struck, end) = (begin * MS, begin * MS + MS / 2, begin * MS + MS);
    Strike { target: Target::Key(ROW), begin, struck, end, outcome, floors: vec![(ROW, floor)] }
}

/// Samples of every millisecond; Redis is in use but for the time that is given.
fn samples(away: std::ops::Range<u64>) -> Vec<Sample> {
    let sample = |at: u64| Sample { before: at * MS, after: at * MS + 1, connected: !away.contains(&at) };
    (0..5_000).map(sample).collect()
}

fn judge(
    near: bool,
    away: std::ops::Range<u64>,
    happened: &[Happened],
    strike: Strike,
    own: &[Read],
    other: &[Read],
) -> Vec<Check> {
    let one = History {
        strikes: vec![strike],
        reads: own.to_vec(),
        samples: samples(away.clone()),
        ..History::default()
    };
    let two = History { reads: other.to_vec(), samples: samples(away), ..History::default() };
    let trial = Trial { near, begun: 0, histories: &[one, two], happened, pauses: &[] };
    trial.judge().violations.iter().map(|violation| violation.check).collect()
}

#[test]
fn what_is_new_enough_is_right_and_so_is_what_was_begun_before() {
    let (own, other) = ([read(11, 5), read(9, 4)], [read(12, 5), read(10, 4)]);
    assert_eq!(judge(false, 0..0, &[], strike(10, 5, Outcome::Applied), &own, &other), []);
}

#[test]
fn in_its_own_process_an_invalidation_holds_at_once_whatever_became_of_it() {
    for outcome in [Outcome::Applied, Outcome::Queued, Outcome::Unknown] {
        for near in [true, false] {
            let found = judge(near, 0..4_000, &[], strike(10, 5, outcome), &[read(11, 4)], &[]);
            assert_eq!(found, [Check::Own]);
        }
    }
}

#[test]
fn without_near_cache_what_is_applied_holds_at_once_in_other_processes() {
    let found = |at| judge(false, 0..0, &[], strike(10, 5, Outcome::Applied), &[], &[read(at, 4)]);
    assert_eq!((found(11), found(14)), (vec![], vec![Check::Applied]));
}

#[test]
fn with_near_cache_a_push_may_be_on_its_way_but_not_for_long() {
    let found = |at| judge(true, 0..0, &[], strike(10, 5, Outcome::Applied), &[], &[read(at, 4)]);
    assert_eq!((found(100), found(120)), (vec![], vec![Check::Applied]));
    let held = Happened { fault: Fault::Answers, link: Some(1), begin: 5 * MS, end: 3_000 * MS };
    let found = |at| judge(true, 0..0, &[held], strike(10, 5, Outcome::Applied), &[], &[read(at, 4)]);
    assert_eq!((found(2_000), found(2_300)), (vec![], vec![Check::Applied]));
    let over = Happened { end: 500 * MS, ..held };
    let found = |at| judge(true, 0..0, &[over], strike(10, 5, Outcome::Applied), &[], &[read(at, 4)]);
    assert_eq!((found(550), found(700)), (vec![], vec![Check::Applied]));
}

#[test]
fn with_near_cache_a_push_has_come_when_something_later_was_answered() {
    let one = History {
        strikes: vec![strike(10, 5, Outcome::Applied)],
        samples: samples(0..0),
        ..History::default()
    };
    let later = Strike { target: Target::Key(Row(0)), floors: vec![], ..strike(12, 0, Outcome::Applied) };
    let two = |at| History {
        strikes: vec![later.clone()],
        reads: vec![read(at, 4)],
        samples: samples(0..0),
        ..History::default()
    };
    let found = |at| {
        let histories = [one.clone(), two(at)];
        Trial { near: true, begun: 0, histories: &histories, happened: &[], pauses: &[] }
            .judge()
            .violations
            .len()
    };
    assert_eq!((found(13), found(15)), (0, 1));
}

#[test]
fn who_does_not_use_redis_is_behind_for_as_long_as_a_fallback_lives() {
    let found = |at| judge(false, 0..4_000, &[], strike(10, 5, Outcome::Applied), &[], &[read(at, 4)]);
    assert_eq!((found(800), found(900)), (vec![], vec![Check::Applied]));
}

#[test]
fn what_is_queued_holds_for_others_once_it_is_replayed() {
    let found = |at| judge(false, 0..100, &[], strike(10, 5, Outcome::Queued), &[], &[read(at, 4)]);
    assert_eq!((found(99), found(103)), (vec![], vec![Check::Replayed]));
}

#[test]
fn a_state_is_struck_in_the_values_that_are_in_it() {
    let row = (0..ROWS).map(Row).find(|row| Target::State(0).covers(*row).is_some()).unwrap();
    let strike = |state| Strike {
        target: Target::State(state),
        floors: vec![(row, 5)],
        ..strike(10, 5, Outcome::Applied)
    };
    let read = Read { row, ..read(20, 4) };
    assert_eq!(judge(false, 0..0, &[], strike(1), std::slice::from_ref(&read), &[]), [Check::Own]);
    assert_eq!(judge(false, 0..0, &[], strike(2), &[read], &[]), []);
}

#[test]
fn in_the_end_every_row_is_what_the_database_has() {
    let mut database = vec![0; ROWS];
    database[3] = 7;
    let said: Vec<String> = database.iter().map(u64::to_string).collect();
    assert_eq!(judge_end("one", &said.join(" "), &database).len(), 0);
    assert_eq!(judge_end("one", &"0 ".repeat(ROWS), &database).len(), 1);
    assert_eq!(judge_end("one", "", &database).len(), ROWS);
}
