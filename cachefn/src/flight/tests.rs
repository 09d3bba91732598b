use super::*;
use cachefn_backends::clock::Clock;
use cachefn_backends::memory::Memory;
use cachefn_backends::place::{Lineage, Place, Target};

struct Airport {
    memory: Memory,
    flights: Flights,
    place: Place,
}

impl Airport {
    fn new() -> Self {
        let place = Place::new("k", Lineage::new("n", "f", []));
        Self { memory: Memory::new(1 << 20, Clock::manual()), flights: Flights::new(), place }
    }

    fn join(&self) -> Joined {
        let key = (TypeId::of::<u8>(), Arc::clone(&self.place.key));
        self.flights.join(key, || self.memory.begin(&self.place))
    }

    fn lead(&self) -> Seat {
        match self.join() {
            Joined::Leader(seat) => seat,
            _ => panic!("somebody else leads"),
        }
    }

    fn lead_refresh(&self) -> Option<Seat> {
        let key = (TypeId::of::<u8>(), Arc::clone(&self.place.key));
        self.flights.lead(key, || self.memory.begin(&self.place))
    }

    fn follow(&self) -> oneshot::Receiver<Verdict> {
        match self.join() {
            Joined::Follower(waiting) => waiting,
            _ => panic!("nobody leads"),
        }
    }

    fn entry(seat: &Seat) -> AnyEntry {
        seat.ticket().entry(7_u8, TypeId::of::<u8>(), 1, Duration::from_secs(1))
    }
}

fn seat(waiting: &mut oneshot::Receiver<Verdict>) -> Option<Seat> {
    match waiting.try_recv() {
        Ok(Verdict::Promoted(seat)) => Some(seat),
        _ => None,
    }
}

#[test]
fn every_follower_gets_the_leaders_entry() {
    let airport = Airport::new();
    let leader = airport.lead();
    let followers: Vec<_> = (0..10).map(|_| airport.follow()).collect();
    let entry = Airport::entry(&leader);
    leader.land(&entry);
    for mut follower in followers {
        assert!(matches!(follower.try_recv(), Ok(Verdict::Entry(given)) if Arc::ptr_eq(&given, &entry)));
    }
    assert_eq!(airport.flights.len(), 0);
}

#[test]
fn a_dropped_leader_promotes_one_follower() {
    let airport = Airport::new();
    let leader = airport.lead();
    let (mut first, mut second) = (airport.follow(), airport.follow());
    drop(leader);
    let promoted = seat(&mut first).expect("the first follower takes over");
    assert!(seat(&mut second).is_none());
    drop(promoted);
    drop(seat(&mut second).expect("then the second"));
    assert_eq!((airport.flights.len(), airport.memory.fills()), (0, 0));
}

#[test]
fn a_promoted_follower_that_is_gone_promotes_the_next() {
    let airport = Airport::new();
    let leader = airport.lead();
    let (first, mut second) = (airport.follow(), airport.follow());
    drop(leader);
    drop(first);
    assert!(seat(&mut second).is_some());
}

#[test]
fn failures_send_off_one_follower_then_two_then_four() {
    let airport = Airport::new();
    airport_rounds(&airport, airport.lead(), (0..20).map(|_| airport.follow()).collect(), &[1, 2, 4, 8]);
}

fn airport_rounds(
    airport: &Airport,
    leader: Seat,
    mut waiting: Vec<oneshot::Receiver<Verdict>>,
    rounds: &[usize],
) {
    let mut running = vec![leader];
    for expected in rounds {
        running.drain(..).for_each(Seat::fail);
        running = waiting.iter_mut().filter_map(seat).collect();
        assert_eq!(running.len(), *expected);
    }
    running.drain(..).for_each(Seat::fail);
    let last = waiting.iter_mut().filter_map(seat).collect::<Vec<_>>();
    assert_eq!(last.len(), 20 - rounds.iter().sum::<usize>());
    last.into_iter().for_each(Seat::fail);
    assert_eq!(airport.flights.len(), 0);
}

#[test]
fn a_flight_is_not_joined_across_an_invalidation() {
    let airport = Airport::new();
    let old = airport.lead();
    let mut follower = airport.follow();
    airport.memory.invalidate(&Target::Key("k".into()));
    let new = airport.lead();
    let entry = Airport::entry(&new);
    old.retry();
    assert!(matches!(follower.try_recv(), Ok(Verdict::Retry)));
    let mut late = airport.follow();
    new.land(&entry);
    assert!(matches!(late.try_recv(), Ok(Verdict::Entry(_))));
    assert_eq!(airport.flights.len(), 0);
}

#[test]
fn a_body_that_calls_itself_does_not_wait_for_itself() {
    let airport = Airport::new();
    let leader = airport.lead();
    let aboard = leader.board();
    assert!(matches!(airport.join(), Joined::Nested));
    drop(aboard);
    assert!(matches!(airport.join(), Joined::Follower(_)));
}

#[test]
fn a_leader_that_is_not_polled_is_joined_by_a_follower_after_a_second() {
    let airport = Airport::new();
    let _parked = airport.lead();
    let (first, mut second) = (airport.follow(), airport.follow());
    let start = std::time::Instant::now();
    let Ok(Verdict::Promoted(promoted)) = first.blocking_recv() else {
        panic!("the follower was not promoted")
    };
    assert!(start.elapsed() >= FIRST_PATIENCE);
    assert!(seat(&mut second).is_none(), "one at a time");
    let entry = Airport::entry(&promoted);
    promoted.land(&entry);
}

#[test]
fn ten_thousand_cancelled_calls_leave_nothing_behind() {
    let airport = Airport::new();
    for round in 0..10_000 {
        let leader = airport.lead();
        let followers: Vec<_> = (0..round % 3).map(|_| airport.follow()).collect();
        drop(followers);
        drop(leader);
    }
    assert_eq!((airport.flights.len(), airport.memory.fills()), (0, 0));
}

#[test]
fn followers_that_give_up_while_a_body_runs_leave_the_queue() {
    let airport = Airport::new();
    let leader = airport.lead();
    let mut stay = Vec::new();
    for round in 0..10_000 {
        drop(airport.follow());
        if round % 1_000 == 0 {
            stay.push(airport.follow());
        }
    }
    let queue = lock(&leader.flight.state).waiting.len();
    assert!(queue <= 4 * stay.len(), "{queue} wait where {} are there", stay.len());
    let entry = Airport::entry(&leader);
    leader.land(&entry);
    assert!(stay.iter_mut().all(|follower| matches!(follower.try_recv(), Ok(Verdict::Entry(_)))));
}

#[test]
fn who_joins_while_the_value_is_being_stored_looks_again() {
    let airport = Airport::new();
    let leader = airport.lead();
    let mut early = airport.follow();
    let entry = Airport::entry(&leader);
    leader.seal();
    let mut late = airport.follow();
    leader.land(&entry);
    assert!(matches!(early.try_recv(), Ok(Verdict::Entry(_))));
    assert!(matches!(late.try_recv(), Ok(Verdict::Retry)));
}

#[test]
fn an_origin_that_fails_for_ever_sends_off_no_endless_wave() {
    let airport = Airport::new();
    let mut leader = airport.lead();
    for _ in 0..200 {
        let mut follower = airport.follow();
        leader.fail();
        leader = seat(&mut follower).expect("the follower is next");
    }
    leader.fail();
    assert_eq!(airport.flights.len(), 0);
}

#[test]
fn a_flight_stays_sealed_though_another_body_in_it_fails() {
    let airport = Airport::new();
    let leader = airport.lead();
    let mut waiting = airport.follow();
    leader.flight.replace();
    let other = seat(&mut waiting).expect("patience has run out");
    let entry = Airport::entry(&other);
    other.seal();
    leader.fail();
    let mut late = airport.follow();
    other.land(&entry);
    assert!(matches!(late.try_recv(), Ok(Verdict::Retry)));
}

#[test]
fn one_refresh_is_led_at_a_time_and_another_after_an_invalidation() {
    let airport = Airport::new();
    let old = airport.lead_refresh().expect("nobody leads");
    assert!(airport.lead_refresh().is_none());
    airport.memory.invalidate(&Target::Key("k".into()));
    let new = airport.lead_refresh().expect("what the other loads is for nobody");
    drop(old);
    assert!(airport.lead_refresh().is_none(), "the flight of the second stays");
    drop(new);
    assert_eq!(airport.flights.len(), 0);
}

#[test]
fn whose_leader_makes_do_are_told_so_all_at_once() {
    let airport = Airport::new();
    let leader = airport.lead();
    let followers: Vec<_> = (0..10).map(|_| airport.follow()).collect();
    leader.fail_over();
    for mut follower in followers {
        assert!(matches!(follower.try_recv(), Ok(Verdict::Failed)));
    }
    assert_eq!(airport.flights.len(), 0);
}
