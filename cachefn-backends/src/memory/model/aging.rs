//! Entries that are served past their expiry, and whose turn it is to refresh them.

use std::sync::Mutex;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Due after a second, and expired after two; stale for two, and for another two where bodies fail.
const AGING: Life = Life {
    fresh: SECOND.saturating_mul(2),
    due: SECOND,
    stale: SECOND.saturating_mul(2),
    error: SECOND.saturating_mul(4),
    age: Duration::ZERO,
};

/// What calls were told: the value, and whose turn it is.
type Told = (u32, Turn);

/// A store with the value 1, of such an age.
fn aged(age: Duration) -> Memory {
    let memory = Memory::new(1 << 16, Clock::manual());
    let ticket = memory.begin(&place());
    assert_eq!(ticket.store(ticket.entry(1_u32, owner(), 4, AGING)), Filled::Stored);
    memory.clock().advance(age);
    memory
}

/// What a call is told: at a glance, or else by its key.
fn told(memory: &Memory) -> Option<Told> {
    let words = 7_u64.to_ne_bytes();
    let call = || memory.short(owner(), &words);
    let value = |entry: &Entry| *entry.value().downcast_ref::<u32>().expect("it is one");
    let glance = memory.glance(call(), |entry, age| (value(entry), Turn { age, refreshes: false }));
    glance.or_else(|| memory.read("k", Some(call()), owner(), |entry, turn| (value(entry), turn)).ok())
}

/// Runs two callers who call twice, and `meanwhile`: whatever all of them were told.
fn callers(memory: &Memory, meanwhile: impl FnOnce(&Memory)) -> Vec<Told> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let threads = [(); 2].map(|()| {
        let all = Arc::clone(&all);
        spawn(memory, move |memory| {
            for _ in 0..2 {
                // Locked for no longer than a step.
                let told = told(memory);
                all.lock().expect("nothing panics under it").extend(told);
            }
        })
    });
    meanwhile(memory);
    join(threads);
    let all = all.lock().expect("nothing panics under it");
    all.clone()
}

fn turns(told: &[Told], of: u32) -> usize {
    told.iter().filter(|(value, turn)| *value == of && turn.refreshes).count()
}

#[test]
fn of_all_who_find_it_due_one_is_to_refresh_it() {
    for age in [SECOND, SECOND * 3] {
        let program = move || {
            let memory = aged(age);
            let told = callers(&memory, |_| ());
            assert_eq!((told.len(), turns(&told, 1)), (4, 1));
        };
        shuttle::check_dfs(program, Some(SCHEDULES));
        shuttle::check_random(program, RANDOM);
        shuttle::check_pct(program, RANDOM, 4);
    }
}

#[test]
fn and_one_more_when_a_second_has_passed() {
    check(|| {
        let memory = aged(SECOND);
        let told = callers(&memory, |memory| {
            thread::yield_now();
            memory.clock().advance(SECOND);
        });
        assert!((1..=2).contains(&turns(&told, 1)), "{told:?}");
        assert!(told.iter().all(|(_, turn)| matches!(turn.age, Age::Fresh | Age::Stale)));
    });
}

#[test]
fn what_is_spent_is_nobodys_to_refresh() {
    check(|| {
        let memory = aged(SECOND * 4);
        let told = callers(&memory, |_| ());
        assert_eq!(told, [(1, Turn { age: Age::Spent, refreshes: false }); 4]);
    });
}

#[test]
fn what_is_refreshed_is_found_by_everybody_and_is_nobodys_turn() {
    check(|| {
        let memory = aged(SECOND * 3);
        let told = callers(&memory, |memory| {
            let ticket = memory.begin(&place());
            assert_eq!(ticket.store(ticket.entry(2_u32, owner(), 4, AGING)), Filled::Stored);
            let fresh = Some((2, Turn { age: Age::Fresh, refreshes: false }));
            assert_eq!([told(memory), told(memory)], [fresh; 2]);
        });
        assert!(turns(&told, 1) <= 1 && turns(&told, 2) == 0, "{told:?}");
    });
}

#[test]
fn of_what_is_refreshed_with_a_value_that_is_due_each_has_a_turn() {
    check(|| {
        let memory = aged(SECOND);
        let mine = Arc::new(Mutex::new(Vec::new()));
        let told = callers(&memory, |memory| {
            let ticket = memory.begin(&place());
            let due = Life { due: Duration::ZERO, ..AGING };
            assert_eq!(ticket.store(ticket.entry(2_u32, owner(), 4, due)), Filled::Stored);
            let told = told(memory);
            mine.lock().expect("nothing panics under it").extend(told);
        });
        let all: Vec<_> =
            told.into_iter().chain(mine.lock().expect("nothing panics under it").drain(..)).collect();
        assert!(turns(&all, 1) <= 1 && turns(&all, 2) == 1, "{all:?}");
    });
}

#[test]
fn what_is_stale_is_not_found_once_it_was_invalidated() {
    let (key, group) = (Target::Key("k".into()), Target::Group(Group::namespace("n")));
    for (age, target) in [(SECOND * 3, key), (SECOND * 4, group)] {
        let program = move || {
            let memory = aged(age);
            let told = callers(&memory, |memory| {
                memory.invalidate(&target);
                assert_eq!([told(memory), told(memory)], [None; 2]);
            });
            assert!(turns(&told, 1) <= 1, "{told:?}");
            assert_eq!(self::told(&memory), None);
        };
        let again = program.clone();
        shuttle::check_dfs(program, Some(SCHEDULES));
        shuttle::check_random(again, RANDOM);
    }
}

/// A refresh that began before is told so, and what it has is found by nobody.
#[test]
fn nor_is_what_was_to_refresh_it() {
    check(|| {
        for target in [Target::Key("k".into()), Target::Group(Group::namespace("n"))] {
            let memory = aged(SECOND * 3);
            let refresh = spawn(&memory, |memory| {
                if let Some((_, Turn { refreshes: true, .. })) = told(memory) {
                    let ticket = memory.begin(&place());
                    step();
                    let _ = ticket.store(ticket.entry(2_u32, owner(), 4, AGING));
                    told(memory);
                }
            });
            memory.invalidate(&target);
            let found = told(&memory).map(|(value, _)| value);
            assert_ne!(found, Some(1));
            join([refresh]);
            assert_ne!(told(&memory).map(|(value, _)| value), Some(1));
        }
    });
}
