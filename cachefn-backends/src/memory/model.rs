//! The real code under a model checker: every interleaving of the smaller programs, and many of the larger ones.
//!
//! `cargo xtask test --only model` runs it. A step of moka or of an `ArcSwap` is taken as one; memory is sequentially
//! consistent.

use std::any::TypeId;
use std::sync::Arc;
use std::time::Duration;

use shuttle::thread;

use super::*;
use crate::place::Lineage;

mod aging;
mod reading;

const LIFE: Duration = Duration::from_secs(60);
/// Enough for most programs with two threads, and a bound for the others.
const SCHEDULES: usize = 20_000;
const RANDOM: usize = 2_000;

fn owner() -> TypeId {
    TypeId::of::<u32>()
}

fn place() -> Place {
    Place::new("k", Lineage::new("n", "f", []))
}

/// A store with one entry, the value 1.
fn stored() -> Memory {
    let memory = Memory::new(1 << 16, Clock::manual());
    assert_eq!(fill(&memory.begin(&place()), 1), Filled::Stored);
    memory
}

fn fill(ticket: &Ticket, value: u32) -> Filled {
    ticket.store(ticket.entry(value, owner(), 4, LIFE))
}

/// What a call gets: at a glance, or else by its key.
fn read(memory: &Memory) -> Option<u32> {
    let words = 7_u64.to_ne_bytes();
    let call = || memory.short(owner(), &words);
    let value = |entry: &Entry| *entry.value().downcast_ref::<u32>().expect("it is one");
    let found = memory.glance(call(), |entry, _| value(entry));
    found.or_else(|| memory.read("k", Some(call()), owner(), |entry, _| value(entry)).ok())
}

/// What happens when moka has no room for the entry: it is gone, and sooner or later its listener is told.
fn evict(memory: &Memory) {
    if let Some(entry) = memory.inner.entries.remove(&memory.inner.hashing.name(&"k".into())) {
        step();
        memory.inner.hot.forget(&entry);
    }
}

/// Runs `program` under every schedule, or as many as there is time for, and then under random ones.
fn check(program: fn()) {
    shuttle::check_dfs(program, Some(SCHEDULES));
    shuttle::check_random(program, RANDOM);
    shuttle::check_pct(program, RANDOM, 4);
}

fn spawn(memory: &Memory, work: impl FnOnce(&Memory) + Send + 'static) -> thread::JoinHandle<()> {
    let memory = memory.clone();
    thread::spawn(move || work(&memory))
}

fn join(threads: impl IntoIterator<Item = thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().expect("it does not panic"));
}

/// Nothing is found after `strike`, whatever readers and evictions are under way.
fn nothing_is_left_after(strike: fn(&Memory)) {
    let memory = stored();
    let reader = spawn(&memory, |memory| {
        read(memory);
    });
    let evictor = spawn(&memory, evict);
    strike(&memory);
    assert_eq!(read(&memory), None);
    join([reader, evictor]);
    assert_eq!(read(&memory), None);
}

#[test]
fn a_key_that_was_invalidated_is_not_found() {
    check(|| nothing_is_left_after(|memory| memory.invalidate(&Target::Key("k".into()))));
}

#[test]
fn a_group_that_was_struck_is_not_found() {
    check(|| nothing_is_left_after(|memory| memory.invalidate(&Target::Group(Group::namespace("n")))));
}

#[test]
fn what_was_cleared_is_not_found() {
    check(|| nothing_is_left_after(Memory::clear));
}

/// The order that the hot table must not be left in is found out: so the model sees what it has to.
#[test]
#[should_panic(expected = "left: Some(1)")]
fn an_epoch_that_is_raised_too_early_is_found_out() {
    check(|| {
        nothing_is_left_after(|memory| {
            let name = memory.inner.hashing.name(&"k".into());
            memory.inner.hot.raise(memory.inner.hot.stripe(name.hash));
            memory.inner.entries.invalidate(&name);
        });
    });
}

#[test]
fn a_value_that_was_replaced_is_not_found() {
    check(|| {
        let memory = stored();
        let reader = spawn(&memory, |memory| {
            read(memory);
        });
        assert_eq!(fill(&memory.begin(&place()), 2), Filled::Stored);
        assert_eq!(read(&memory), Some(2));
        join([reader]);
        assert_eq!(read(&memory), Some(2));
    });
}

#[test]
fn a_fill_that_began_before_an_invalidation_stores_nothing_after_it() {
    for target in [Target::Key("k".into()), Target::Group(Group::function("f"))] {
        let program = move || {
            let memory = Memory::new(1 << 16, Clock::manual());
            let ticket = memory.begin(&place());
            let filling = spawn(&memory, move |memory| {
                fill(&ticket, 1);
                read(memory);
            });
            memory.invalidate(&target);
            assert_eq!(read(&memory), None);
            join([filling]);
            assert_eq!(read(&memory), None);
        };
        let again = program.clone();
        shuttle::check_dfs(program, Some(SCHEDULES));
        shuttle::check_random(again, RANDOM);
    }
}

#[test]
fn of_two_fills_at_once_the_later_stands() {
    check(|| {
        let memory = Memory::new(1 << 16, Clock::manual());
        let (early, late) = (memory.begin(&place()), memory.begin(&place()));
        let filling = spawn(&memory, move |memory| {
            fill(&early, 1);
            read(memory);
        });
        assert_eq!(fill(&late, 2), Filled::Stored);
        assert_eq!(read(&memory), Some(2));
        join([filling]);
        assert_eq!(read(&memory), Some(2));
    });
}

#[test]
fn a_tag_that_is_struck_while_the_value_names_it_is_noticed() {
    check(|| {
        let memory = Memory::new(1 << 16, Clock::manual());
        let ticket = memory.begin(&place());
        let tag = Group::tag("t");
        let filling = spawn(&memory, {
            let tag = tag.clone();
            move |memory| {
                let entry = ticket.entry_tagged(1_u32, owner(), 4, LIFE.into(), &[tag]);
                if let Some(entry) = entry {
                    ticket.store(entry);
                }
                read(memory);
            }
        });
        memory.invalidate(&Target::Group(tag));
        assert_eq!(read(&memory), None);
        join([filling]);
        assert_eq!(read(&memory), None);
    });
}

#[test]
fn a_value_that_is_refused_for_its_tag_leaves_nothing_older_and_other_tags_refuse_none() {
    check(|| {
        let memory = stored();
        let ticket = memory.begin(&place());
        let (own, other) = (Group::tag("own"), Group::tag("other"));
        let filling = spawn(&memory, {
            let own = own.clone();
            move |_| {
                let entry = ticket.entry_tagged(2_u32, owner(), 4, LIFE.into(), &[own]);
                entry.map_or_else(|| ticket.refuse(), |entry| ticket.store(entry));
            }
        });
        memory.invalidate(&Target::Group(other));
        assert!(matches!(read(&memory), Some(1 | 2)));
        memory.invalidate(&Target::Group(own));
        assert_ne!(read(&memory), Some(2));
        join([filling]);
        assert_eq!(read(&memory), None, "neither what was refused nor what it replaces");
    });
}

#[test]
fn an_evicted_entry_is_kept_by_no_reader() {
    check(|| {
        let memory = stored();
        let watched = Arc::downgrade(&memory.get("k", owner()).expect("it is there"));
        let reader = spawn(&memory, |memory| {
            read(memory);
        });
        evict(&memory);
        join([reader]);
        let held = memory.glance(memory.short(owner(), &7_u64.to_ne_bytes()), |_, _| ()).is_some();
        assert!(!held, "{} references", watched.strong_count());
    });
}
