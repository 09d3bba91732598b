//! Flights under a model checker: nobody is stranded, nothing is left, whatever the order.
//!
//! `cargo xtask test --only model` runs it.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use cachefn_backends::clock::Clock;
use cachefn_backends::memory::{Entry, Memory};
use cachefn_backends::place::{Lineage, Place, Target};
use shuttle::{future, thread};

use super::*;

mod refresh;

/// Enough for most programs, and a bound for the others.
const SCHEDULES: usize = 20_000;
const RANDOM: usize = 2_000;

/// One key of one cache, with a body that may fail.
#[derive(Clone)]
struct Airport {
    memory: Memory,
    flights: Arc<Flights>,
    place: Place,
    bodies: Arc<AtomicUsize>,
    /// The bodies that run. Not the checker's own: it is locked for no longer than a step.
    running: Arc<std::sync::Mutex<Vec<Arc<Ticket>>>>,
    /// How many ran at a time whose values were for new callers.
    most: Arc<AtomicUsize>,
    /// What bodies read when they begin.
    truth: Arc<AtomicU32>,
}

/// How a body ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Value,
    Failure,
    Dropped,
}

impl Airport {
    fn new() -> Self {
        let place = Place::new("k", Lineage::new("n", "f", []));
        let (memory, flights) = (Memory::new(1 << 16, Clock::manual()), Arc::new(Flights::new()));
        let (bodies, running, most, truth) = Default::default();
        Self { memory, flights, place, bodies, running, most, truth }
    }

    fn key(&self) -> FlightKey {
        (TypeId::of::<u8>(), Arc::clone(&self.place.key))
    }

    fn join(&self) -> Joined {
        self.flights.join(self.key(), || self.memory.begin(&self.place))
    }

    /// A call, as `call` does it: what it returns, if its body did not fail.
    fn call(&self, ends: impl Fn(usize) -> End) -> Option<u32> {
        self.call_with(None, ends)
    }

    /// The same with something older at hand.
    fn call_with(&self, mut spare: Option<u32>, ends: impl Fn(usize) -> End) -> Option<u32> {
        loop {
            match self.join() {
                Joined::Leader(seat) => return self.fill(seat, spare, ends),
                Joined::Follower(waiting) => match future::block_on(waiting) {
                    Ok(Verdict::Entry(entry)) => return Some(value(&entry)),
                    Ok(Verdict::Promoted(seat)) => {
                        seat.begin(Arc::new(self.memory.begin(&self.place)));
                        return self.fill(seat, spare, ends);
                    }
                    Ok(Verdict::Failed) if spare.is_some() => return spare.take(),
                    Ok(Verdict::Failed | Verdict::Retry) | Err(_) => {}
                },
                Joined::Nested => unreachable!("no body calls itself here"),
            }
            if let Some(value) = self.found() {
                return Some(value);
            }
        }
    }

    fn fill(&self, seat: Seat, spare: Option<u32>, ends: impl Fn(usize) -> End) -> Option<u32> {
        match self.found() {
            Some(value) => {
                seat.retry();
                Some(value)
            }
            None => self.body(seat, spare, ends),
        }
    }

    fn body(&self, seat: Seat, spare: Option<u32>, ends: impl Fn(usize) -> End) -> Option<u32> {
        let (number, read) = (self.bodies.fetch_add(1, Ordering::SeqCst), self.truth.load(Ordering::SeqCst));
        let ticket = seat.ticket();
        self.fly(&ticket);
        match ends(number) {
            End::Value => {
                let entry = ticket.entry(read, TypeId::of::<u8>(), 4, Duration::from_secs(60));
                seat.seal();
                match ticket.store(Arc::clone(&entry)) {
                    cachefn_backends::backend::Filled::Stored => seat.land(&entry),
                    _ => seat.retry(),
                }
                Some(read)
            }
            End::Failure => {
                let spare = spare.filter(|_| ticket.is_current());
                let leave = if spare.is_some() { Seat::fail_over } else { Seat::fail };
                leave(seat);
                spare
            }
            End::Dropped => {
                drop(seat);
                None
            }
        }
    }

    /// A body runs, and others may meanwhile.
    fn fly(&self, ticket: &Arc<Ticket>) {
        let running = |change: &dyn Fn(&mut Vec<Arc<Ticket>>)| {
            let mut running = self.running.lock().expect("nothing panics under it");
            change(&mut running);
            running.clone()
        };
        let beside = running(&|running| running.push(Arc::clone(ticket)));
        // What is current now was so when all of them ran.
        let current = beside.iter().filter(|ticket| ticket.is_current()).count();
        self.most.fetch_max(current, Ordering::SeqCst);
        thread::yield_now();
        running(&|running| running.retain(|other| !Arc::ptr_eq(other, ticket)));
    }

    fn found(&self) -> Option<u32> {
        self.memory.get(&self.place.key, TypeId::of::<u8>()).ok().map(|entry| value(&entry))
    }
}

fn value(entry: &Entry) -> u32 {
    *entry.value().downcast_ref().expect("it is one")
}

/// Runs three callers, and what else happens meanwhile.
fn callers(ends: fn(usize) -> End, meanwhile: fn(&Airport)) -> (Airport, Vec<Option<u32>>) {
    let airport = Airport::new();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let airport = airport.clone();
            thread::spawn(move || airport.call(ends))
        })
        .collect();
    meanwhile(&airport);
    let answers = threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect();
    assert_eq!((airport.flights.len(), airport.memory.fills()), (0, 0), "something is left");
    (airport, answers)
}

fn check(program: fn()) {
    shuttle::check_dfs(program, Some(SCHEDULES));
    shuttle::check_random(program, RANDOM);
    shuttle::check_pct(program, RANDOM, 4);
}

#[test]
fn one_body_answers_everybody() {
    check(|| {
        let (airport, answers) = callers(|_| End::Value, |_| ());
        assert_eq!(answers, [Some(0); 3]);
        assert_eq!(airport.bodies.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_leader_that_is_dropped_strands_nobody() {
    check(|| {
        let (airport, answers) = callers(|body| if body == 0 { End::Dropped } else { End::Value }, |_| ());
        assert_eq!(answers.iter().flatten().count(), 2);
        assert_eq!(airport.bodies.load(Ordering::SeqCst), 2);
        assert_eq!(airport.most.load(Ordering::SeqCst), 1, "one after the other");
    });
}

#[test]
fn failures_are_their_callers_own() {
    check(|| {
        let (airport, answers) = callers(|_| End::Failure, |_| ());
        assert_eq!(answers, [None; 3]);
        assert_eq!(airport.bodies.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn a_call_after_an_invalidation_is_given_nothing_older() {
    check(|| {
        callers(
            |_| End::Value,
            |airport| {
                airport.truth.store(1, Ordering::SeqCst);
                airport.memory.invalidate(&Target::Key("k".into()));
                assert_eq!(airport.call(|_| End::Value), Some(1));
                assert_eq!(airport.found(), Some(1));
            },
        );
    });
}

/// What is stored nowhere that this process sees, as another process's invalidation or that of a value's tag: the store
/// itself refuses what came before, and whoever joins after it was asked is given nothing.
#[test]
#[should_panic(expected = "nobody may be given it")]
fn a_leader_that_does_not_seal_its_flight_is_found_out() {
    shuttle::check_dfs(|| late_follower(false), Some(SCHEDULES));
}

#[test]
fn a_follower_that_joins_a_sealed_flight_is_given_nothing() {
    check(|| late_follower(true));
}

fn late_follower(seals: bool) {
    let airport = Airport::new();
    let Joined::Leader(seat) = airport.join() else { unreachable!("nobody else is there") };
    let entry = seat.ticket().entry(0_u32, TypeId::of::<u8>(), 4, Duration::from_secs(60));
    if seals {
        seat.seal();
    }
    // The store has the value, and it is struck there before the leader knows.
    let leader = thread::spawn(move || seat.land(&entry));
    if let Joined::Follower(waiting) = airport.join() {
        let verdict = future::block_on(waiting);
        assert!(!matches!(verdict, Ok(Verdict::Entry(_))), "nobody may be given it");
    }
    leader.join().expect("it does not panic");
}

#[test]
fn a_follower_that_loses_patience_is_let_in_once() {
    check(|| {
        let (airport, answers) = callers(
            |_| End::Value,
            |airport| {
                let flight = {
                    let shards = &airport.flights.shards;
                    shards.iter().find_map(|shard| lock(shard).values().next().cloned())
                };
                if let Some(flight) = flight {
                    flight.replace();
                }
            },
        );
        assert_eq!(answers, [Some(0); 3]);
        assert!(airport.bodies.load(Ordering::SeqCst) <= 2);
    });
}
