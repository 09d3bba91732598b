//! Values that are read where another process, or this one, has stored them: of a load they may be no older.

use super::*;
use crate::sync::Mutex;

/// Redis, as far as memory is concerned: one key, whose value has a load's number, zero where there is none. The later of
/// two loads stands.
#[derive(Clone, Default)]
struct Redis(Arc<Mutex<u32>>);

impl Redis {
    fn with(value: u32) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    fn get(&self) -> u32 {
        *self.0.lock().expect("nothing panics under it")
    }

    /// A load is stored, unless a later one was.
    fn fill(&self, load: u32) -> bool {
        let mut value = self.0.lock().expect("nothing panics under it");
        let later = load > *value;
        if later {
            *value = load;
        }
        later
    }

    fn strike(&self) {
        *self.0.lock().expect("nothing panics under it") = 0;
    }
}

/// How a reading begins.
type Begin = fn(&Memory, &Place) -> Ticket;

/// A call that finds a value in Redis keeps it in memory.
fn keeps(memory: &Memory, redis: &Redis, begin: Begin) -> thread::JoinHandle<()> {
    let redis = redis.clone();
    spawn(memory, move |memory| {
        let ticket = begin(memory, &place());
        match redis.get() {
            0 => {}
            value => drop(fill(&ticket, value)),
        }
        read(memory);
    })
}

/// A load ends: Redis is told, then memory. What Redis refuses memory does not take.
fn lands(memory: &Memory, redis: &Redis, ticket: &Ticket, load: u32) {
    if redis.fill(load) && fill(ticket, load) != Filled::Stored {
        memory.invalidate(&Target::Key("k".into()));
    }
}

/// A value is read while a load that began before it lands.
fn read_while_a_load_lands(begin: Begin) {
    let (memory, redis) = (Memory::new(1 << 16, Clock::manual()), Redis::with(1));
    let load = memory.begin(&place());
    let reading = keeps(&memory, &redis, begin);
    lands(&memory, &redis, &load, 2);
    assert_ne!(read(&memory), Some(1), "older than the load that has landed");
    join([reading]);
    assert_ne!(read(&memory), Some(1), "older than the load that has landed");
}

#[test]
fn what_was_read_before_a_load_has_landed_is_not_kept_after_it() {
    check(|| read_while_a_load_lands(Memory::begin_reading));
}

/// Loads are ordered by their beginnings, but what is read is not as new as its own.
#[test]
#[should_panic(expected = "older than the load that has landed")]
fn a_reading_that_passes_for_a_load_is_found_out() {
    check(|| read_while_a_load_lands(Memory::begin));
}

#[test]
fn of_two_loads_and_a_reading_memory_has_none_that_is_older_than_in_redis() {
    check(|| {
        let (memory, redis) = (Memory::new(1 << 16, Clock::manual()), Redis::with(1));
        let (early, late) = (memory.begin(&place()), memory.begin(&place()));
        let reading = keeps(&memory, &redis, Memory::begin_reading);
        let loading = {
            let redis = redis.clone();
            spawn(&memory, move |memory| lands(memory, &redis, &early, 2))
        };
        lands(&memory, &redis, &late, 3);
        assert!(matches!(read(&memory), None | Some(3)));
        join([reading, loading]);
        assert!(matches!(read(&memory), None | Some(3)));
    });
}

#[test]
fn a_reading_does_not_outdo_a_load_that_found_nothing() {
    check(|| {
        let (memory, redis) = (Memory::new(1 << 16, Clock::manual()), Redis::with(1));
        let load = memory.begin(&place());
        let reading = keeps(&memory, &redis, Memory::begin_reading);
        redis.strike();
        assert_eq!(load.vacate(), Filled::Stored);
        assert_eq!(read(&memory), None);
        join([reading]);
        assert_eq!(read(&memory), None);
    });
}

#[test]
fn what_was_read_before_an_invalidation_is_not_kept_after_it() {
    for target in [Target::Key("k".into()), Target::Group(Group::namespace("n"))] {
        let program = move || {
            let (memory, redis) = (Memory::new(1 << 16, Clock::manual()), Redis::with(1));
            let readings = [(); 2].map(|()| keeps(&memory, &redis, Memory::begin_reading));
            redis.strike();
            memory.invalidate(&target);
            assert_eq!(read(&memory), None);
            join(readings);
            assert_eq!(read(&memory), None);
        };
        let again = program.clone();
        shuttle::check_dfs(program, Some(SCHEDULES));
        shuttle::check_random(again, RANDOM);
    }
}

/// Of two readings neither is newer than the other; both are of what Redis has had since the load has landed.
#[test]
fn readings_leave_each_other_alone() {
    check(|| {
        let (memory, redis) = (Memory::new(1 << 16, Clock::manual()), Redis::with(1));
        let readings = [(); 2].map(|()| keeps(&memory, &redis, Memory::begin_reading));
        join(readings);
        assert_eq!(read(&memory), Some(1));
        assert_eq!(memory.fills(), 0);
    });
}
