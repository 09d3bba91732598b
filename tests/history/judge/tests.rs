//! Histories by hand: what is found, and what is not held against anybody.

use super::*;
use crate::record::How;
use crate::record::{Note, Sample};
use crate::row::Function;
use crate::schedule::Fault;

const MS: u64 = 1_000_000;
const SECONDS: u64 = 5;

fn row() -> Row {
    Row::of(Function::ByKey, 3)
}

/// A read of a value that was born at a time; it takes a millisecond.
fn read(begin: u64, born: u64) -> Read {
    let (begin, end, born) = (begin * MS, (begin + 1) * MS, born * MS);
    Read { row: row(), begin, end, version: 4, born, connected: false }
}

/// An invalidation that takes a millisecond, and holds in its own process after half of it.
fn strike(begin: u64, outcome: Outcome) -> Strike {
    let (begin, struck, end) = (begin * MS, begin * MS + MS / 2, begin * MS + MS);
    Strike { target: Target::Key(row()), begin, struck, end, outcome }
}

fn stored(begin: u64, how: How) -> Stored {
    Stored { row: row(), begin: begin * MS, end: (begin + 2) * MS, how }
}

/// Two processes and a judge who knows when both used Redis: always but for a time.
struct Case {
    judge: Judge,
    away: std::ops::Range<u64>,
    /// When a process was not running.
    stalled: [std::ops::Range<u64>; 2],
    facts: Vec<(u64, Fact)>,
}

impl Case {
    fn new(near: bool) -> Self {
        let mut judge = Judge::new(near, 0);
        for process in 0..2 {
            judge.take(Fact::Begin { process, link: process, at: 0 });
        }
        Self { judge, away: 0..0, stalled: [0..0, 0..0], facts: Vec::new() }
    }

    fn away(mut self, away: std::ops::Range<u64>) -> Self {
        self.away = away;
        self
    }

    fn stalled(mut self, process: usize, span: std::ops::Range<u64>) -> Self {
        self.stalled[process] = span;
        self
    }

    fn fault(mut self, fault: Fault, link: Option<usize>, span: std::ops::Range<u64>) -> Self {
        let (begin, end) = (span.start * MS, span.end * MS);
        self.facts.push((begin, Fact::Happened(Happened { fault, link, begin, end: u64::MAX })));
        self.facts.push((end, Fact::Happened(Happened { fault, link, begin, end })));
        self
    }

    fn record(mut self, process: usize, record: Record) -> Self {
        let at = match record {
            Record::Read(Read { end, .. })
            | Record::Strike(Strike { end, .. })
            | Record::Stored(Stored { end, .. }) => end,
            Record::Write(_, at) => at,
            Record::Sample(Sample { before, .. }) => before,
            Record::Note(_) => 0,
        };
        self.facts.push((at, Fact::Record { process, record }));
        self
    }

    fn strike(self, process: usize, strike: Strike) -> Self {
        self.record(process, Record::Strike(strike))
    }

    fn read(self, process: usize, read: Read) -> Self {
        self.record(process, Record::Read(read))
    }

    /// Tells the judge everything in order, as it would come.
    fn judge(mut self) -> Judge {
        for process in 0..2 {
            for at in (0..SECONDS * 1_000).filter(|at| !self.stalled[process].contains(at)) {
                let connected = !self.away.contains(&at);
                let sample = Sample { before: at * MS, after: at * MS + 1, connected };
                self.facts.push((at * MS, Fact::Record { process, record: Record::Sample(sample) }));
            }
        }
        self.facts.sort_by_key(|(at, _)| *at);
        let Self { mut judge, facts, .. } = self;
        for (_, fact) in facts {
            judge.take(fact);
        }
        judge.finish();
        judge
    }

    fn found(self) -> Vec<Check> {
        self.judge().verdict().violations.iter().map(|violation| violation.check).collect()
    }
}

/// What another process may return at a time of what was born before the invalidation.
fn other(case: Case, at: u64) -> Vec<Check> {
    case.read(1, read(at, 9)).found()
}

#[test]
fn what_is_new_enough_is_right_and_so_is_what_was_begun_before() {
    let case = Case::new(false).strike(0, strike(10, Outcome::Applied));
    let case = case.read(0, read(12, 11)).read(0, read(9, 8)).read(1, read(13, 11)).read(1, read(10, 4));
    assert_eq!(case.found(), []);
}

#[test]
fn in_its_own_process_an_invalidation_holds_at_once_whatever_became_of_it() {
    for outcome in [Outcome::Applied, Outcome::Queued, Outcome::Unknown, Outcome::Ended] {
        for near in [true, false] {
            let case = Case::new(near).away(0..4_000).strike(0, strike(10, outcome));
            assert_eq!(case.read(0, read(11, 9)).found(), [Check::Own], "{outcome:?}");
        }
    }
}

#[test]
fn a_value_that_was_born_before_and_has_not_changed_is_too_old_all_the_same() {
    let case = Case::new(false).strike(0, strike(10, Outcome::Applied));
    assert_eq!(case.read(1, Read { version: u64::MAX, ..read(20, 9) }).found(), [Check::Applied]);
}

#[test]
fn without_near_cache_what_is_applied_holds_at_once_in_other_processes() {
    let found = |at| other(Case::new(false).strike(0, strike(10, Outcome::Applied)), at);
    assert_eq!((found(11), found(14)), (vec![], vec![Check::Applied]));
}

#[test]
fn who_was_seen_to_use_redis_just_before_is_not_behind_either() {
    let case = |connected| {
        let read = Read { connected, ..read(30, 9) };
        Case::new(false).away(5..60).strike(0, strike(10, Outcome::Applied)).read(1, read)
    };
    assert_eq!((case(false).found(), case(true).found()), (vec![], vec![Check::Applied]));
}

#[test]
fn with_near_cache_a_push_may_be_on_its_way_but_not_for_long() {
    let case = || Case::new(true).strike(0, strike(10, Outcome::Applied));
    assert_eq!((other(case(), 100), other(case(), 120)), (vec![], vec![Check::Applied]));
    let held = |end| case().fault(Fault::Answers, Some(1), 5..end);
    assert_eq!((other(held(3_000), 2_000), other(held(3_000), 2_300)), (vec![], vec![Check::Applied]));
    assert_eq!((other(held(500), 550), other(held(500), 700)), (vec![], vec![Check::Applied]));
    let elsewhere = case().fault(Fault::Answers, Some(0), 5..3_000);
    assert_eq!(other(elsewhere, 120), [Check::Applied]);
    let no_delay = case().fault(Fault::Flushed, None, 5..3_000);
    assert_eq!(other(no_delay, 120), [Check::Applied]);
}

#[test]
fn with_near_cache_a_push_has_come_when_something_later_was_answered() {
    let later = Strike { target: Target::Key(Row(0)), ..strike(12, Outcome::Applied) };
    let case = || Case::new(true).strike(0, strike(10, Outcome::Applied)).strike(1, later);
    assert_eq!((other(case(), 12), other(case(), 15)), (vec![], vec![Check::Applied]));
    // What was queued has not been answered by Redis.
    let queued = Strike { outcome: Outcome::Queued, ..later };
    let case = Case::new(true).strike(0, strike(10, Outcome::Applied)).strike(1, queued);
    assert_eq!(other(case, 15), []);
}

#[test]
fn who_does_not_use_redis_is_behind_for_as_long_as_a_fallback_lives() {
    let case = || Case::new(false).away(0..4_000).strike(0, strike(10, Outcome::Applied));
    assert_eq!((other(case(), 800), other(case(), 900)), (vec![], vec![Check::Applied]));
}

#[test]
fn what_is_queued_holds_for_others_once_it_is_replayed() {
    for outcome in [Outcome::Queued, Outcome::Ended] {
        let case = || Case::new(false).away(0..100).strike(0, strike(10, outcome));
        assert_eq!((other(case(), 99), other(case(), 103)), (vec![], vec![Check::Replayed]));
    }
}

#[test]
fn what_nobody_waits_for_holds_for_others_when_it_has_been_handed_over() {
    let case = || Case::new(false).strike(0, strike(10, Outcome::Unknown));
    assert_eq!((other(case(), 300), other(case(), 400)), (vec![], vec![Check::Replayed]));
    let away = || case().away(0..1_000);
    assert_eq!((other(away(), 900), other(away(), 1_010)), (vec![], vec![Check::Replayed]));
}

#[test]
fn time_in_which_a_process_did_not_run_does_not_count() {
    let case = || Case::new(true).strike(0, strike(10, Outcome::Applied));
    assert_eq!(other(case(), 200), [Check::Applied]);
    assert_eq!(other(case().stalled(1, 20..180), 200), []);
    assert_eq!(other(case().stalled(1, 20..80), 200), [Check::Applied]);
    assert_eq!(other(case().stalled(0, 20..180), 200), [Check::Applied]);
    let mut paused = case();
    paused.facts.push((180 * MS, Fact::Pause(20 * MS, 180 * MS)));
    assert_eq!(other(paused, 200), []);
}

#[test]
fn a_state_is_struck_in_the_values_that_are_in_it() {
    let row = Row::of(Function::ByValue, 0);
    let found = |state| {
        let strike = Strike { target: Target::State(state), ..strike(10, Outcome::Applied) };
        Case::new(false).strike(0, strike).read(0, Read { row, ..read(20, 4) }).found()
    };
    assert_eq!((found(1), found(2)), (vec![Check::Own], vec![]));
}

#[test]
fn of_several_invalidations_each_counts_from_when_it_was_there() {
    // The second is there before the first, which begins earlier.
    let first = Strike { end: 50 * MS, ..strike(10, Outcome::Applied) };
    let case = || Case::new(false).strike(0, first).strike(0, strike(20, Outcome::Applied));
    assert_eq!(case().read(1, read(30, 15)).found(), [Check::Applied]);
    assert_eq!(case().read(1, read(60, 20)).found(), []);
    let second = Strike { end: 80 * MS, ..strike(20, Outcome::Applied) };
    let case = || Case::new(false).strike(0, first).strike(0, second);
    assert_eq!(case().read(1, read(60, 15)).found(), []);
    assert_eq!(case().read(1, read(60, 5)).found(), [Check::Applied]);
}

#[test]
fn what_is_forgotten_but_for_the_last_is_still_found() {
    let mut case = Case::new(false);
    for begin in 0..2_000 {
        case = case.strike(0, strike(begin * 2, Outcome::Applied));
    }
    case = case.read(1, read(4_500, 3_900));
    let mut judge = case.judge();
    judge.horizon = 0;
    judge.forget(4_800 * MS);
    assert!(judge.there.get(Target::Key(row())).last_begin().is_some());
    judge.judge(1, &read(4_900, 3));
    assert_eq!(judge.verdict().found[&Check::Applied], 2);
}

#[test]
fn a_stored_value_replaces_older_ones_if_nothing_went_wrong() {
    for how in [How::Refresh, How::Bypass, How::NoCache, How::Set] {
        let case = || Case::new(false).record(0, Record::Stored(stored(500, how)));
        assert_eq!(other(case(), 510), [Check::Refreshed]);
        assert_eq!(case().read(0, read(510, 499)).found(), [Check::Refreshed]);
        let given = Read { born: 499 * MS + 1, ..read(510, 499) };
        assert_eq!(case().read(0, given).found(), [], "another process may set it late");
        assert_eq!(case().read(0, read(510, 501)).read(1, read(501, 4)).found(), []);
    }
}

#[test]
fn a_value_that_is_given_is_older_than_what_its_own_process_invalidates_later() {
    let given = |begin, end| Read { end: end * MS, born: 450 * MS + 1, ..read(begin, 450) };
    let found = |invalidated_by: usize| {
        let case =
            Case::new(false).read(0, given(449, 470)).strike(invalidated_by, strike(460, Outcome::Applied));
        case.read(1, given(500, 501)).found()
    };
    assert_eq!((found(0), found(1)), (vec![Check::Applied], vec![]));
}

#[test]
fn a_value_that_could_not_be_stored_replaces_older_ones_too() {
    for (how, fault) in [(How::Set, Fault::Full), (How::Refresh, Fault::Full), (How::Bypass, Fault::Held)] {
        let case = || {
            let case = Case::new(false).fault(fault, None, 400..600);
            case.record(0, Record::Stored(stored(500, how)))
        };
        let expected = [Check::Refreshed];
        assert_eq!(case().read(0, read(510, 499)).found(), expected, "{how:?}");
        assert_eq!(other(case(), 600), []);
        assert_eq!(other(case(), 900), expected, "{how:?}");
    }
}

#[test]
fn what_memory_keeps_for_a_full_redis_may_outlive_an_invalidation_elsewhere_for_so_long() {
    let late = |born, at| {
        let case =
            Case::new(true).fault(Fault::Full, None, 400..600).strike(0, strike(500, Outcome::Applied));
        case.read(1, read(at, born)).found()
    };
    assert_eq!((late(450, 1_300), late(450, 1_400)), (vec![], vec![Check::Applied]));
    assert_eq!(late(100, 1_300), [Check::Applied], "it was stored before");
}

#[test]
fn what_redis_had_no_time_for_may_outlive_the_invalidation_of_its_key_where_it_was_loaded() {
    let late = |loaded_by: usize, fault: Fault, at| {
        let load = Read { end: 455 * MS, ..read(449, 450) };
        let case = Case::new(true).fault(fault, Some(1), 300..400).read(loaded_by, load);
        case.strike(0, strike(500, Outcome::Applied)).read(1, read(at, 450)).found()
    };
    assert_eq!((late(1, Fault::Slow, 1_300), late(1, Fault::Slow, 1_400)), (vec![], vec![Check::Applied]));
    assert_eq!(late(0, Fault::Slow, 1_300), [Check::Applied], "it was stored, and read there");
    let case = Case::new(true).read(1, Read { end: 455 * MS, ..read(449, 450) });
    let case = case.strike(0, strike(500, Outcome::Applied)).read(1, read(1_300, 450));
    assert_eq!(case.found(), [Check::Applied], "there was time");
}

#[test]
fn a_value_with_late_tags_may_be_refused_while_a_tag_is_struck() {
    let row = Row::of(Function::ByValue, 0);
    let case = |at| {
        let tag = Strike { target: Target::Half(0), ..strike(at, Outcome::Applied) };
        let case = Case::new(false).strike(1, tag);
        let case = case.record(0, Record::Stored(Stored { row, ..stored(500, How::Refresh) }));
        case.read(1, Read { row, ..read(510, 4) })
    };
    assert_eq!((case(499).found(), case(50).found()), (vec![], vec![Check::Refreshed]));
}

#[test]
fn no_value_is_served_past_its_life() {
    let row = Row::of(Function::Stale, 0);
    let case = |age: u64| Case::new(true).read(0, Read { row, ..read(1_000, 1_000 - age) });
    assert_eq!((case(430).found(), case(450).found()), (vec![], vec![Check::Bound]));
    assert_eq!(case(450).stalled(0, 900..950).found(), []);
    assert_eq!(case(450).fault(Fault::Held, Some(1), 900..950).found(), [], "it was stored late");
    let before = case(450).fault(Fault::Held, Some(1), 400..550);
    assert_eq!(before.found(), [Check::Bound], "it was read after that");
    assert_eq!(Case::new(true).read(0, read(1_000, 1)).found(), [], "it lives for minutes");
}

#[test]
fn what_when_rejects_is_not_kept() {
    let row = Row::of(Function::Chosen, 0);
    let case = |version| Case::new(true).read(0, Read { row, version, ..read(1_000, 600) }).found();
    assert_eq!((case(2), case(3)), (vec![], vec![Check::Kept]));
}

#[test]
fn no_call_takes_too_long_but_for_one_that_waits_for_a_lease() {
    let slow = |row| Read { row, end: 2_000 * MS, ..read(1_000, 1_500) };
    assert_eq!(Case::new(true).read(0, slow(row())).found(), [Check::Slow]);
    assert_eq!(Case::new(true).read(0, slow(Row::of(Function::Leased, 0))).found(), []);
    assert_eq!(Case::new(true).read(0, slow(row())).stalled(0, 1_100..1_500).found(), []);
    let long = Strike { end: 2_000 * MS, ..strike(1_000, Outcome::Applied) };
    assert_eq!(Case::new(true).strike(0, long).judge().verdict().longest_strike, 1_000 * MS);
}

#[test]
fn in_the_end_every_row_is_what_the_database_has() {
    let mut database = vec![0; ROWS];
    database[3] = 7;
    let right: Vec<String> = database.iter().map(u64::to_string).collect();
    for (said, wrong) in [(right.join(" "), 0), ("0 ".repeat(ROWS), 1), (String::new(), ROWS)] {
        let mut judge = Case::new(true).judge();
        judge.judge_end("one", &said, &database);
        assert_eq!(judge.verdict().found.get(&Check::End).copied().unwrap_or(0), wrong);
    }
}

#[test]
fn what_a_killed_process_wrote_may_stay_until_somebody_invalidates_it() {
    let mut database = vec![0; ROWS];
    database[row().0] = 7;
    let found = |killed: bool, invalidated: Option<u64>| {
        let mut case = Case::new(true).record(0, Record::Write(row(), 100 * MS));
        if let Some(at) = invalidated {
            case = case.strike(1, strike(at, Outcome::Applied));
        }
        if killed {
            case.facts.push((200 * MS, Fact::Killed { process: 0 }));
        }
        let mut judge = case.judge();
        judge.judge_end("one", &"0 ".repeat(ROWS), &database);
        judge.verdict().found.contains_key(&Check::End)
    };
    assert!(found(false, None));
    assert!(!found(true, None));
    assert!(!found(true, Some(50)));
    assert!(found(true, Some(150)));
}

#[test]
fn reads_are_judged_while_the_history_goes_on_and_nothing_piles_up() {
    let mut case = Case::new(true);
    for at in 0..4_000 {
        case = case.read(0, read(at, at)).strike(1, strike(at, Outcome::Applied));
    }
    let mut judge = case.record(0, Record::Note(Note::Absent)).judge();
    judge.take(Fact::Begin { process: 2, link: 0, at: 5_000 * MS });
    assert_eq!(judge.processes[0].reads.len(), 0);
    let verdict = judge.verdict();
    assert_eq!((verdict.reads, verdict.operations()), (4_000, 8_001));
}
