use super::*;
use crate::place::{Group, Lineage};

const LIFE: Duration = Duration::from_secs(60);

fn owner() -> TypeId {
    TypeId::of::<u32>()
}

fn memory() -> Memory {
    Memory::new(1 << 20, Clock::manual())
}

fn place(key: &str) -> Place {
    Place::new(key, Lineage::new("users:7", "app::get", []))
}

fn fill(ticket: &Ticket, value: u32) -> Filled {
    ticket.store(ticket.entry(value, owner(), 4, LIFE))
}

fn read(memory: &Memory, key: &str) -> Result<u32, Absence> {
    memory.get(key, owner()).map(|entry| *entry.value().downcast_ref().unwrap())
}

#[test]
fn a_stored_value_is_read_until_it_expires() {
    let memory = memory();
    assert_eq!(fill(&memory.begin(&place("k")), 1), Filled::Stored);
    assert_eq!(read(&memory, "k"), Ok(1));
    memory.clock().advance(Duration::from_nanos(59_999_999_999));
    assert_eq!(read(&memory, "k"), Ok(1));
    memory.clock().advance(Duration::from_nanos(1));
    assert_eq!(read(&memory, "k"), Err(Absence::Absent));
}

#[test]
fn another_owner_of_the_same_key_sees_nothing() {
    let memory = memory();
    fill(&memory.begin(&place("k")), 1);
    assert_eq!(memory.get("k", TypeId::of::<u64>()).unwrap_err(), Absence::Foreign);
}

#[test]
fn invalidating_the_key_or_any_group_beats_a_running_fill() {
    let targets = [
        Target::Key("k".into()),
        Target::Group(Group::root()),
        Target::Group(Group::namespace("users")),
        Target::Group(Group::namespace("users:7")),
        Target::Group(Group::function("app::get")),
    ];
    for target in targets {
        let memory = memory();
        fill(&memory.begin(&place("k")), 1);
        let running = memory.begin(&place("k"));
        memory.invalidate(&target);
        assert!(read(&memory, "k").is_err(), "{target:?}");
        assert!(!running.is_current());
        assert_eq!(fill(&running, 2), Filled::Refused, "{target:?}");
        assert_eq!(fill(&memory.begin(&place("k")), 3), Filled::Stored);
        assert_eq!(read(&memory, "k"), Ok(3));
    }
}

#[test]
fn of_two_fills_the_one_begun_later_wins() {
    let memory = memory();
    let (early, late) = (memory.begin(&place("k")), memory.begin(&place("k")));
    assert_eq!(fill(&late, 2), Filled::Stored);
    assert_eq!(fill(&early, 1), Filled::Refused);
    assert_eq!(read(&memory, "k"), Ok(2));

    let (early, late) = (memory.begin(&place("k")), memory.begin(&place("k")));
    assert_eq!(fill(&early, 3), Filled::Stored);
    assert_eq!(fill(&late, 4), Filled::Stored);
    assert_eq!(read(&memory, "k"), Ok(4));
}

#[test]
fn a_later_fill_that_found_nothing_removes_the_entry_and_voids_earlier_fills() {
    let memory = memory();
    fill(&memory.begin(&place("k")), 1);
    let (early, late) = (memory.begin(&place("k")), memory.begin(&place("k")));
    assert_eq!(late.vacate(), Filled::Stored);
    assert_eq!(fill(&early, 2), Filled::Refused);
    assert_eq!(read(&memory, "k"), Err(Absence::Absent));
}

#[test]
fn ended_fills_leave_nothing_behind() {
    let memory = memory();
    for _ in 0..1_000 {
        drop(memory.begin(&place("k")));
    }
    assert_eq!(memory.fills(), 0);
}

#[test]
fn a_million_bytes_of_bound_are_not_exceeded() {
    let memory = memory();
    for id in 0..20_000 {
        let ticket = memory.begin(&place(&format!("k{id}")));
        ticket.store(ticket.entry([0_u8; 100], owner(), 100, LIFE));
    }
    assert!(memory.bytes() <= 1 << 20, "{} bytes", memory.bytes());
    assert!(memory.entries() > 1_000);
}

#[test]
fn keys_by_the_million_stay_under_a_bound_of_64_mib_and_what_goes_is_given_back() {
    const BOUND: u64 = 64 << 20;
    // Without optimizations each takes 20 us: then as many as do not fit. The bench `capacity` has a million always.
    const KEYS: u64 = if cfg!(debug_assertions) { 250_000 } else { 1_000_000 };

    let memory = Memory::new(BOUND, Clock::manual());
    let values = Arc::new(());
    for number in 0..KEYS {
        let key = format!("k{number}");
        hold(&memory, &key, &values, LIFE);
        if number % 8 == 0 {
            // The hot table is not to hold on to anything either.
            let _ = memory.read(&key, Some(memory.short(owner(), &words(number))), owner(), |_, _| ());
        }
        if number % 10_000 == 0 {
            assert!(memory.bytes() <= BOUND, "{} bytes after {number} keys", memory.bytes());
        }
    }
    assert!(memory.bytes() <= BOUND, "{} bytes", memory.bytes());
    let one = memory.begin(&place("k100000")).entry(Arc::clone(&values), owner(), 0, LIFE);
    let (held, room) = (memory.entries(), BOUND / u64::from(one.weight()));
    drop(one);
    assert!(room * 9 / 10 < held && held <= room * 11 / 10, "{held} entries");
    until("what was evicted is given back", || {
        memory.reclaim();
        there_are(&values) <= held
    });
}

#[test]
fn the_table_of_what_is_read_now_is_within_the_bound() {
    for bound in [4 << 10, 64 << 10, 1 << 20, 64 << 20] {
        let memory = Memory::new(bound, Clock::manual());
        let table = memory.bytes();
        assert_eq!((memory.bound(), memory.entries()), (bound, 0));
        assert!(0 < table && table <= bound / 5, "{table} bytes of {bound}");
        for id in 0..100 {
            fill(&memory.begin(&place(&format!("k{id}"))), id);
        }
        assert!(memory.entries() > 0 && memory.bytes() > table && memory.bytes() <= bound);
    }
}

fn of_one_group(id: u32) -> Place {
    let trunk = Arc::new(Lineage::new("users", "app::get", []));
    Place::new(format!("k{id}"), Lineage::below(&trunk, [Group::namespace(&format!("users:{id}"))]))
}

#[test]
fn groups_count_for_the_entries_that_they_are_of() {
    let memory = memory();
    let weight = |place: &Place| memory.begin(place).entry(1_u32, owner(), 4, LIFE).weight();
    let lasting = Place::new("k1", Lineage::new("users:1", "app::get", []));
    let held: Vec<_> = (0..100).map(|_| memory.begin(&lasting).entry(1_u32, owner(), 4, LIFE)).collect();
    let shared = weight(&lasting);
    assert!(held[0].weight() > shared, "the first entry pays for what there was not before");
    let own = weight(&of_one_group(2));
    assert!((72..400).contains(&(own - shared)), "{own} bytes beside {shared}");
    let tags: Vec<_> = (0..32).map(|tag| Group::tag(&tag.to_string())).collect();
    let ticket = memory.begin(&lasting);
    let tagged = ticket.entry_tagged(1_u32, owner(), 4, LIFE.into(), &tags).expect("no tag was struck");
    assert!((32 * 72..32 * 120).contains(&(tagged.weight() - shared)), "{} bytes", tagged.weight());
    // One that replaces another shares its groups while both are there.
    let again = ticket.entry_tagged(1_u32, owner(), 4, LIFE.into(), &tags).expect("no tag was struck");
    assert!(again.weight() - shared >= (tagged.weight() - shared) / 2);
}

#[test]
fn groups_are_forgotten_with_their_entries() {
    let memory = memory();
    for id in 0..20_000 {
        fill(&memory.begin(&of_one_group(id)), id);
    }
    let (groups, entries) = (memory.inner.generations.len(), usize::try_from(memory.entries()).unwrap());
    assert!(entries < 2_000 && groups < 3 * entries + 1_024, "{groups} groups of {entries} entries");
    memory.clear();
    until("nothing is left", || {
        memory.reclaim();
        memory.inner.generations.len() == 0
    });
}

#[test]
fn values_larger_than_their_share_do_not_wait_for_moka_to_make_room() {
    let memory = memory();
    let values = Arc::new(());
    for number in 0..60 {
        let ticket = memory.begin(&place(&format!("k{number}")));
        ticket.store(ticket.entry(Arc::clone(&values), owner(), 300 << 10, LIFE));
        // Three have room. More may be there while the background thread is making room itself; moka alone would do so
        // once for all of them.
        assert!(there_are(&values) <= 20, "{} values of 300 KiB under 1 MiB", there_are(&values));
    }
}

#[test]
fn what_has_expired_is_given_back_though_nobody_reads_it() {
    // moka has a clock of its own, the machine's.
    let memory = Memory::new(64 << 20, Clock::system());
    let values = Arc::new(());
    for number in 0..1_000 {
        let key = format!("k{number}");
        hold(&memory, &key, &values, Duration::from_millis(50));
        let _ = memory.read(&key, Some(memory.short(owner(), &words(number))), owner(), |_, _| ());
    }
    hold(&memory, "stays", &values, LIFE);
    until("all but one have expired", || memory.entries() == 1);
    assert!(memory.bytes() > ENTRY_OVERHEAD as u64);
    until("their values are given back", || {
        memory.reclaim();
        there_are(&values) == 1
    });
}

#[test]
fn what_has_expired_is_given_back_while_other_keys_are_called() {
    let memory = Memory::new(64 << 20, Clock::system());
    let values = Arc::new(());
    for number in 0..1_000 {
        hold(&memory, &format!("k{number}"), &values, Duration::from_millis(50));
    }
    hold(&memory, "stays", &values, LIFE);
    until("calls of one key give back the values of others", || {
        let other = words(7);
        let call = memory.short(owner(), &other);
        for _ in 0..1_000 {
            if memory.glance(call, |_, _| ()).is_none() {
                memory.read("stays", Some(call), owner(), |_, _| ()).expect("it lives on");
            }
        }
        there_are(&values) == 1
    });
}

#[test]
fn what_is_served_past_its_expiry_is_given_back_when_that_ends_and_counts_until_then() {
    let past = |error| Life { error, ..Life::from(Duration::from_millis(1)) };
    let memory = Memory::new(64 << 20, Clock::system());
    let values = Arc::new(());
    for number in 0..500 {
        hold(&memory, &format!("short{number}"), &values, past(Duration::from_millis(49)));
        hold(&memory, &format!("long{number}"), &values, past(Duration::from_secs(600)));
    }
    until("half of them have ended, though nobody reads them", || {
        memory.reclaim();
        there_are(&values) == 500
    });
    assert_eq!(memory.entries(), 500, "the others have expired as well, and are served where bodies fail");
    assert!(memory.bytes() > 500 * ENTRY_OVERHEAD as u64);
}

#[test]
fn what_is_served_past_its_expiry_makes_room_like_any_other() {
    let memory = memory();
    let life = Life { stale: LIFE * 60, ..Life::from(Duration::from_millis(1)) };
    let values = Arc::new(());
    for number in 0..20_000 {
        hold(&memory, &format!("k{number}"), &values, life);
        memory.clock().advance(Duration::from_millis(1));
    }
    assert!(memory.bytes() <= 1 << 20, "{} bytes", memory.bytes());
    until("what was evicted is given back", || {
        memory.reclaim();
        there_are(&values) <= memory.entries()
    });
}

/// Stores a value that is counted as long as it is somewhere.
fn hold(memory: &Memory, key: &str, values: &Arc<()>, life: impl Into<Life>) {
    let ticket = memory.begin(&place(key));
    assert_eq!(ticket.store(ticket.entry(Arc::clone(values), owner(), 0, life)), Filled::Stored);
}

/// How many values are somewhere.
fn there_are(values: &Arc<()>) -> u64 {
    Arc::strong_count(values) as u64 - 1
}

/// For what follows the machine's clock, and what is given back when no thread can be looking any more.
fn until(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn clearing_empties_the_store() {
    let memory = memory();
    fill(&memory.begin(&place("k")), 1);
    memory.clear();
    assert_eq!(read(&memory, "k").unwrap_err(), Absence::Absent);
    assert_eq!(memory.entries(), 0);
}

#[test]
fn the_longest_life_is_as_good_as_any() {
    let memory = memory();
    let ticket = memory.begin(&place("k"));
    assert_eq!(ticket.store(ticket.entry(1_u32, owner(), 4, Duration::MAX)), Filled::Stored);
    memory.clock().advance(Duration::from_secs(100 * 365 * 86_400));
    assert_eq!(read(&memory, "k"), Ok(1));
}

/// Words of a call in short.
fn words(number: u64) -> [u8; 8] {
    number.to_ne_bytes()
}

/// What a glance finds.
fn glance(memory: &Memory, number: u64) -> Option<u32> {
    memory.glance(memory.short(owner(), &words(number)), |entry, _| {
        *entry.value().downcast_ref::<u32>().unwrap()
    })
}

/// Looks the key up by a call, which then needs but a glance.
fn look(memory: &Memory, key: &str, number: u64) -> Result<u32, Absence> {
    let (words, value) =
        (words(number), |entry: &AnyEntry, _: Turn| *entry.value().downcast_ref::<u32>().unwrap());
    memory.read(key, Some(memory.short(owner(), &words)), owner(), value)
}

#[test]
fn what_was_read_by_a_call_is_found_by_it_at_a_glance() {
    let memory = memory();
    fill(&memory.begin(&place("k")), 1);
    assert_eq!(glance(&memory, 7), None);
    assert_eq!(look(&memory, "k", 7), Ok(1));
    assert_eq!((glance(&memory, 7), glance(&memory, 8)), (Some(1), None));
    let (words, others) = (words(7), TypeId::of::<u64>());
    assert_eq!(
        memory.glance(memory.short(others, &words), |_, _| ()),
        None,
        "another owner's call is another call"
    );
}

#[test]
fn a_glance_sees_nothing_that_was_invalidated_replaced_or_has_expired() {
    let targets = [
        Target::Key("k".into()),
        Target::Group(Group::root()),
        Target::Group(Group::namespace("users")),
        Target::Group(Group::function("app::get")),
    ];
    for target in targets {
        let memory = memory();
        fill(&memory.begin(&place("k")), 1);
        assert_eq!(look(&memory, "k", 7), Ok(1));
        memory.invalidate(&target);
        assert_eq!(glance(&memory, 7), None, "{target:?}");
        assert!(look(&memory, "k", 7).is_err(), "{target:?}");
        fill(&memory.begin(&place("k")), 2);
        assert_eq!(glance(&memory, 7), None, "{target:?}");
        assert_eq!((look(&memory, "k", 7), glance(&memory, 7)), (Ok(2), Some(2)));
        fill(&memory.begin(&place("k")), 3);
        assert_eq!((glance(&memory, 7), look(&memory, "k", 7), glance(&memory, 7)), (None, Ok(3), Some(3)));
        memory.clock().advance(LIFE);
        assert_eq!(glance(&memory, 7), None);
    }
}

#[test]
fn a_group_that_others_hang_on_leaves_a_glance_alone() {
    let memory = memory();
    fill(&memory.begin(&place("k")), 1);
    assert_eq!(look(&memory, "k", 7), Ok(1));
    memory.invalidate(&Target::Group(Group::namespace("orders")));
    memory.invalidate(&Target::Key("other".into()));
    assert_eq!(glance(&memory, 7), Some(1));
}

#[test]
fn an_entry_that_moka_has_given_up_is_given_up_here_too() {
    let memory = Memory::new(64 << 10, Clock::manual());
    let entries = 2_000;
    for number in 0..entries {
        let key = format!("k{number}");
        fill(&memory.begin(&place(&key)), 1);
        let _ = look(&memory, &key, number);
    }
    let held = memory.entries();
    let looked =
        (0..entries).filter(|&number| look(&memory, &format!("k{number}"), number).is_ok()).count() as u64;
    assert_eq!(looked, held);
    let found = (0..entries).filter(|&number| glance(&memory, number).is_some()).count() as u64;
    assert!(0 < found && found <= held && held < entries / 2, "{found} of {held} entries in 64 KiB");
    memory.clear();
    assert!((0..entries).all(|number| glance(&memory, number).is_none()));
}

#[test]
fn a_large_entry_is_found_though_never_at_a_glance() {
    let memory = memory();
    let ticket = memory.begin(&place("k"));
    ticket.store(ticket.entry(1_u32, owner(), 8 << 10, LIFE));
    assert_eq!((look(&memory, "k", 7), glance(&memory, 7), look(&memory, "k", 7)), (Ok(1), None, Ok(1)));
}

#[test]
fn more_calls_than_there_are_places_are_found_all_the_same() {
    let memory = Memory::new(32 << 20, Clock::manual());
    let calls = 20_000;
    for number in 0..calls {
        let ticket = memory.begin(&place(&format!("k{number}")));
        ticket.store(ticket.entry(u32::try_from(number).unwrap(), owner(), 4, LIFE));
    }
    for number in (0..calls).chain(0..calls) {
        let found = glance(&memory, number).map_or_else(|| look(&memory, &format!("k{number}"), number), Ok);
        assert_eq!(found, Ok(u32::try_from(number).unwrap()));
    }
}

const AGING: Life = Life {
    due: Duration::from_secs(48),
    stale: Duration::from_secs(5),
    error: Duration::from_secs(20),
    fresh: LIFE,
    age: Duration::ZERO,
};

/// A store with one entry that is due after 48 s, expires after 60, is stale until 65 and gone after 80.
fn aging() -> Memory {
    let memory = memory();
    let ticket = memory.begin(&place("k"));
    assert_eq!(ticket.store(ticket.entry(1_u32, owner(), 4, AGING)), Filled::Stored);
    memory
}

/// What a call is told, at a glance or by its key.
fn turn(memory: &Memory) -> Result<(Age, bool), Absence> {
    let words = words(7);
    let call = || memory.short(owner(), &words);
    match memory.glance(call(), |_, age| (age, false)) {
        Some(turn) => Ok(turn),
        None => memory.read("k", Some(call()), owner(), |_, turn| (turn.age, turn.refreshes)),
    }
}

#[test]
fn an_entry_that_is_due_asks_one_call_a_second() {
    let memory = aging();
    let after = |seconds| {
        memory.clock().advance(Duration::from_secs(seconds));
        [turn(&memory), turn(&memory), turn(&memory)]
    };
    assert_eq!(after(47), [Ok((Age::Fresh, false)); 3]);
    assert_eq!(after(1), [Ok((Age::Fresh, true)), Ok((Age::Fresh, false)), Ok((Age::Fresh, false))]);
    assert_eq!(after(1)[0], Ok((Age::Fresh, true)));
    assert_eq!(after(11), [Ok((Age::Stale, true)), Ok((Age::Stale, false)), Ok((Age::Stale, false))]);
    memory.clock().advance(Duration::from_millis(4_500));
    assert_eq!(turn(&memory), Ok((Age::Stale, true)));
    memory.clock().advance(Duration::from_millis(500));
    assert_eq!(glance(&memory, 7), None, "whoever refreshes it");
    assert_eq!([turn(&memory), turn(&memory)], [Ok((Age::Spent, false)); 2]);
    assert_eq!(after(15), [Err(Absence::Absent); 3]);
}

#[test]
fn an_entry_that_is_due_does_not_answer_who_looks_again() {
    let memory = aging();
    memory.clock().advance(Duration::from_secs(48));
    assert_eq!(memory.get("k", owner()).unwrap_err(), Absence::Absent);
    memory.invalidate(&Target::Group(Group::root()));
    assert_eq!(turn(&memory), Err(Absence::Invalidated(None)), "and what is stale dies like any other");
}

#[test]
fn what_is_left_of_a_life_counts_to_its_expiry() {
    let memory = aging();
    let left = |memory: &Memory| memory.read("k", None, owner(), |entry, _| memory.remaining(entry)).unwrap();
    memory.clock().advance(Duration::from_secs(50));
    assert_eq!(left(&memory), Duration::from_secs(10));
    memory.clock().advance(Duration::from_secs(11));
    assert_eq!(left(&memory), Duration::ZERO);
}
