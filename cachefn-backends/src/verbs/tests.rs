use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::*;
use crate::clock::Tick;
use crate::envelope::{Ident, Packing, Span};
use crate::place::{Group, Lineage};

const LIFE: Duration = Duration::from_secs(60);

/// A store in memory. Before every step other actors may come between.
#[derive(Clone)]
struct Store {
    bytes: Arc<Mutex<Bytes>>,
    clock: Clock,
    grain: Grain,
    flaw: Option<Flaw>,
}

type Bytes = HashMap<String, (Vec<u8>, Tick)>;

/// What is a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grain {
    /// A verb.
    Verb,
    /// Every name that a verb touches.
    Name,
}

/// What makes a store as bad as a protocol without one of its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    KeepsRecordsOfKeys,
    KeepsRecordsOfGroups,
    ForgetsWhatIsSettled,
    ComparesNothing,
    ComparesInVain,
    LosesWhatIsLogged,
}

impl Store {
    fn new(grain: Grain, flaw: Option<Flaw>) -> Self {
        Self { bytes: Arc::default(), clock: Clock::manual(), grain, flaw }
    }

    /// The step to the name at `index` of a verb.
    async fn step_to(&self, index: usize) {
        if index == 0 || self.grain == Grain::Name {
            step().await;
        }
    }

    fn get(&self, name: &str) -> Option<Vec<u8>> {
        let bytes = self.bytes.lock().unwrap();
        bytes.get(name).filter(|(_, end)| *end > self.clock.now()).map(|(bytes, _)| bytes.clone())
    }

    fn put(&self, name: &str, mut bytes: Vec<u8>, life: Duration) {
        if self.flaw == Some(Flaw::ForgetsWhatIsSettled) && name.contains(":k:") {
            bytes[24..].fill(0);
        }
        let end = self.clock.now().after(life);
        self.bytes.lock().unwrap().insert(name.to_owned(), (bytes, end));
    }

    fn replace(&self, name: &str, seen: Option<&[u8]>, bytes: Vec<u8>, life: Duration) -> bool {
        let fits = match self.flaw {
            Some(Flaw::ComparesNothing) => true,
            Some(Flaw::ComparesInVain) => false,
            Some(Flaw::LosesWhatIsLogged) if seen.is_some() && name.ends_with(":t") => return true,
            _ => self.get(name).as_deref() == seen,
        };
        if fits {
            self.put(name, bytes, life);
        }
        fits
    }
}

impl Verbs for Store {
    async fn get_many(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let mut found = Vec::new();
        for (index, name) in names.iter().enumerate() {
            self.step_to(index).await;
            found.push(self.get(name));
        }
        Ok(found)
    }

    async fn set(&self, name: &str, bytes: Vec<u8>, life: Duration) -> Result<(), Error> {
        step().await;
        self.put(name, bytes, life);
        Ok(())
    }

    async fn add(&self, name: &str, bytes: Vec<u8>, life: Duration) -> Result<bool, Error> {
        step().await;
        Ok(self.replace(name, None, bytes, life))
    }

    async fn compare_and_set(
        &self,
        name: &str,
        seen: &[u8],
        bytes: Vec<u8>,
        life: Duration,
    ) -> Result<bool, Error> {
        step().await;
        Ok(self.replace(name, Some(seen), bytes, life))
    }

    async fn delete(&self, names: &[String]) -> Result<(), Error> {
        for (index, name) in names.iter().enumerate() {
            self.step_to(index).await;
            let kept = match self.flaw {
                Some(Flaw::KeepsRecordsOfKeys) => name.contains(":k:"),
                Some(Flaw::KeepsRecordsOfGroups) => name.contains(":g:"),
                _ => false,
            };
            if !kept {
                self.bytes.lock().unwrap().remove(name);
            }
        }
        Ok(())
    }
}

async fn step() {
    tokio::task::yield_now().await;
}

/// Runs `future` with nothing coming between its steps.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}

type Actor = Pin<Box<dyn Future<Output = ()>>>;

/// Plays the actors of a scene in every order of their steps; how many orders there are.
fn in_every_order(mut scene: impl FnMut() -> (Vec<Actor>, Box<dyn FnOnce()>)) -> usize {
    let poll = |actor: &mut Actor| actor.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    // Which of how many actors took each step.
    let mut order: Vec<(usize, usize)> = Vec::new();
    let mut orders = 0;
    loop {
        let (mut actors, curtain) = scene();
        // To before its first step.
        actors.retain_mut(|actor| poll(actor).is_pending());
        for turn in 0.. {
            if actors.is_empty() {
                break;
            }
            if turn == order.len() {
                order.push((0, actors.len()));
            }
            if poll(&mut actors[order[turn].0]).is_ready() {
                drop(actors.remove(order[turn].0));
            }
        }
        curtain();
        orders += 1;
        while let Some((actor, of)) = order.pop() {
            if actor + 1 < of {
                order.push((actor + 1, of));
                break;
            }
        }
        if order.is_empty() {
            return orders;
        }
    }
}

fn place() -> Place {
    Place::new("k", Lineage::new("users", "app::get", []))
}

fn draft(payload: u8) -> Draft {
    Draft {
        ident: Ident { codec: 1, fingerprint: 2, site: 3 },
        span: Span { born: 4, fresh_until: 5, stale_until: 6, error_until: 7 },
        packing: Packing::Plain,
        payload: vec![payload],
        tags: Vec::new(),
    }
}

async fn begin(backend: &Protocol<Store>) -> Lease {
    begin_at(backend, &place()).await
}

async fn begin_at(backend: &Protocol<Store>, place: &Place) -> Lease {
    match backend.acquire(place, false).await {
        Ok(Acquired::Granted(lease)) => lease,
        other => panic!("{other:?}"),
    }
}

async fn read(backend: &Protocol<Store>) -> Option<u8> {
    match backend.lookup(&place()).await {
        Ok(Lookup::Hit(envelope)) => Some(envelope.payload()[0]),
        Ok(Lookup::Miss(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

/// How a fill ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Fill,
    Vacate,
    Leave,
}

async fn end(backend: &Protocol<Store>, lease: Lease, end: End, payload: u8) -> Filled {
    let filled = match end {
        End::Fill => backend.fill(&place(), lease, draft(payload), LIFE).await,
        End::Vacate => backend.release(&place(), lease, true).await,
        End::Leave => backend.release(&place(), lease, false).await,
    };
    filled.unwrap()
}

/// An entry of payload 0, filled without anything coming between.
fn warm(backend: &Protocol<Store>) {
    let filled = at_once(async { end(backend, begin(backend).await, End::Fill, 0).await });
    assert_eq!(filled, Filled::Stored);
}

/// A backend and how much has happened to it before the actors come on.
#[derive(Clone, Copy, Debug)]
struct Scene {
    grain: Grain,
    stage: Stage,
    flaw: Option<Flaw>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing.
    Cold,
    /// An entry stands.
    Warm,
    /// An entry stands, and the fills have begun.
    Begun,
}

impl Scene {
    fn new(grain: Grain, stage: Stage) -> Self {
        Self { grain, stage, flaw: None }
    }

    fn backend(self) -> Arc<Protocol<Store>> {
        let store = Store::new(self.grain, self.flaw);
        let backend = Protocol::new(store.clone(), "test", store.clock);
        if self.stage != Stage::Cold {
            warm(&backend);
        }
        Arc::new(backend)
    }

    /// The lease of a fill that begins when its actor does, or has begun.
    fn lease(self, backend: &Arc<Protocol<Store>>) -> impl Future<Output = Lease> + 'static {
        let backend = Arc::clone(backend);
        let begun = (self.stage == Stage::Begun).then(|| at_once(begin(&backend)));
        async move {
            match begun {
                Some(lease) => lease,
                None => begin(&backend).await,
            }
        }
    }

    /// Fills run while what they load changes from 0 to 1 and then `target` is struck. Answers how many
    /// orders there are, and in how many a lookup after the invalidation found 0.
    fn strike(self, ends: &[End], target: &Target) -> (usize, usize) {
        let stale = Arc::new(Mutex::new(0));
        let orders = in_every_order(|| {
            let backend = self.backend();
            let (source, seen) = (Arc::new(AtomicU8::new(0)), Arc::new(Mutex::new(None)));
            let mut actors: Vec<Actor> = Vec::new();
            for &how in ends {
                let (lease, backend) = (self.lease(&backend), Arc::clone(&backend));
                let source = Arc::clone(&source);
                actors.push(Box::pin(async move {
                    let lease = lease.await;
                    let loaded = source.load(Ordering::SeqCst);
                    end(&backend, lease, how, loaded).await;
                }));
            }
            let (striker, target, found) = (Arc::clone(&backend), target.clone(), Arc::clone(&seen));
            actors.push(Box::pin(async move {
                step().await;
                source.store(1, Ordering::SeqCst);
                striker.invalidate(&[target]).await.unwrap();
                // Another fill begins, so that what was struck has a record again.
                // There are orders enough where more than this comes together.
                if self.stage != Stage::Begun {
                    step().await;
                }
                at_once(begin(&striker));
                let after = match self.grain {
                    Grain::Verb => at_once(read(&striker)),
                    Grain::Name => read(&striker).await,
                };
                *found.lock().unwrap() = after;
            }));
            let stale = Arc::clone(&stale);
            let curtain = move || {
                at_once(begin(&backend));
                let last = at_once(read(&backend));
                *stale.lock().unwrap() += usize::from(last == Some(0) || *seen.lock().unwrap() == Some(0));
            };
            (actors, Box::new(curtain))
        });
        let stale = *stale.lock().unwrap();
        (orders, stale)
    }

    /// The value of a fill names a tag while what it loads changes from 0 to 1 and then the tag is struck. Answers how many
    /// orders there are, and in how many 0 was found after the invalidation.
    fn strike_tag(self, place: &Place) -> (usize, usize) {
        let tagged = |payload| Draft { tags: vec![Group::tag("t")], ..draft(payload) };
        let stale = Arc::new(Mutex::new(0));
        let orders = in_every_order(|| {
            // Nothing stands there that does not have the tag.
            let (backend, place) = (Self { stage: Stage::Cold, ..self }.backend(), place.clone());
            let (source, seen) = (Arc::new(AtomicU8::new(0)), Arc::new(Mutex::new(None)));
            let begun = (self.stage == Stage::Begun).then(|| at_once(begin_at(&backend, &place)));
            let (filling, loaded) = (Arc::clone(&backend), Arc::clone(&source));
            let fill = async move {
                let lease = match begun {
                    Some(lease) => lease,
                    None => begin_at(&filling, &place).await,
                };
                let loaded = loaded.load(Ordering::SeqCst);
                filling.fill(&place, lease, tagged(loaded), LIFE).await.unwrap();
            };
            let (striker, found) = (Arc::clone(&backend), Arc::clone(&seen));
            let strike = async move {
                step().await;
                source.store(1, Ordering::SeqCst);
                striker.invalidate(&[Target::Group(Group::tag("t"))]).await.unwrap();
                // Another entry has the tag, so that it has a record again.
                let other = Place { key: "other".into(), ..self::place() }.open();
                let lease = at_once(begin_at(&striker, &other));
                at_once(striker.fill(&other, lease, tagged(2), LIFE)).unwrap();
                *found.lock().unwrap() = at_once(read(&striker));
            };
            let stale = Arc::clone(&stale);
            let curtain = move || {
                let found = [at_once(read(&backend)), *seen.lock().unwrap()];
                *stale.lock().unwrap() += usize::from(found.contains(&Some(0)));
            };
            (vec![Box::pin(fill) as Actor, Box::pin(strike)], Box::new(curtain))
        });
        let stale = *stale.lock().unwrap();
        (orders, stale)
    }

    /// Plays two fills against each other; the later one ends as `late` says.
    fn two_fills(self, late: End) -> Tally {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let orders = in_every_order(|| {
            let backend = self.backend();
            let filled = Arc::new(Mutex::new(Vec::new()));
            let first = if self.stage == Stage::Cold { 1 } else { 2 };
            let mut actors: Vec<Actor> = Vec::new();
            for _ in 0..2 {
                let (lease, backend) = (self.lease(&backend), Arc::clone(&backend));
                let filled = Arc::clone(&filled);
                actors.push(Box::pin(async move {
                    let lease = lease.await;
                    let is_late = u64::from_le_bytes(lease.tokens[1]) > first;
                    let how = if is_late { late } else { End::Fill };
                    let answer = end(&backend, lease, how, 1 + u8::from(is_late)).await;
                    filled.lock().unwrap().push((is_late, answer));
                }));
            }
            let tally = Arc::clone(&tally);
            let curtain = move || {
                let is_stored = filled.lock().unwrap().contains(&(true, Filled::Stored));
                tally.lock().unwrap().add(is_stored, at_once(read(&backend)));
            };
            (actors, Box::new(curtain))
        });
        let tally = std::mem::take(&mut *tally.lock().unwrap());
        assert_eq!(tally.orders, orders);
        tally
    }
}

/// How two fills of one key came out, over all orders of their steps. The payload of the later is 2.
#[derive(Debug, Default)]
struct Tally {
    orders: usize,
    /// The later one was refused.
    refused: usize,
    /// The later one was stored, but what was there before or the earlier one stands.
    replaced: usize,
    /// The later one was stored, but nothing stands.
    empty: usize,
}

impl Tally {
    fn add(&mut self, is_stored: bool, standing: Option<u8>) {
        self.orders += 1;
        match standing {
            _ if !is_stored => self.refused += 1,
            Some(0 | 1) => self.replaced += 1,
            None => self.empty += 1,
            Some(_) => {}
        }
    }
}

fn targets() -> [Target; 2] {
    [Target::Key("k".into()), Target::Group(Group::namespace("users"))]
}

#[cfg(feature = "test-util")]
#[tokio::test]
async fn a_store_with_five_verbs_keeps_every_contract() {
    let make = async || {
        let store = Store::new(Grain::Verb, None);
        Protocol::new(store.clone(), "test", store.clock)
    };
    crate::contract::check(make, async |backend, time| backend.verbs().clock.advance(time)).await;
}

#[test]
fn no_lookup_after_an_invalidation_finds_what_was_loaded_before_it() {
    for target in targets() {
        for how in [End::Fill, End::Vacate, End::Leave] {
            for (grain, stage) in
                [(Grain::Verb, Stage::Cold), (Grain::Verb, Stage::Warm), (Grain::Name, Stage::Begun)]
            {
                let (orders, stale) = Scene::new(grain, stage).strike(&[how], &target);
                assert!(orders > 20 && stale == 0, "{target:?} {how:?} {stage:?}: {stale} of {orders}");
            }
        }
    }
}

#[test]
fn an_invalidation_beats_two_fills_at_once() {
    for target in targets() {
        let (orders, stale) = Scene::new(Grain::Verb, Stage::Begun).strike(&[End::Fill; 2], &target);
        assert!(orders > 1_000 && stale == 0, "{target:?}: {stale} of {orders}");
    }
}

#[test]
fn the_earlier_of_two_fills_never_replaces_the_later() {
    for (grain, stage) in
        [(Grain::Verb, Stage::Warm), (Grain::Verb, Stage::Begun), (Grain::Name, Stage::Begun)]
    {
        for late in [End::Fill, End::Vacate] {
            let tally = Scene::new(grain, stage).two_fills(late);
            assert_eq!((tally.refused, tally.replaced), (0, 0), "{stage:?} {late:?}: {tally:?}");
            // Fills that have both begun know that they are not alone, so that the later one stands.
            if stage == Stage::Begun && matches!(late, End::Fill) {
                assert_eq!(tally.empty, 0, "{grain:?}: {tally:?}");
            }
        }
    }
}

#[test]
fn fills_that_begin_at_once_are_numbered_under_the_same_tokens() {
    let orders = in_every_order(|| {
        let backend = Scene::new(Grain::Verb, Stage::Cold).backend();
        let leases = Arc::new(Mutex::new(Vec::new()));
        let actor = || -> Actor {
            let (backend, leases) = (Arc::clone(&backend), Arc::clone(&leases));
            Box::pin(async move {
                let lease = begin(&backend).await;
                leases.lock().unwrap().push(lease.tokens);
            })
        };
        let actors = vec![actor(), actor()];
        let curtain = move || {
            let mut leases = std::mem::take(&mut *leases.lock().unwrap());
            let mut numbers: Vec<_> = leases.iter_mut().map(|tokens| tokens.remove(1)).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, [1_u64.to_le_bytes(), 2_u64.to_le_bytes()]);
            assert_eq!(leases[0], leases[1]);
        };
        (actors, Box::new(curtain))
    });
    assert!(orders > 100, "{orders}");
}

#[test]
fn a_protocol_without_one_of_its_rules_is_noticed() {
    let [key, group] = targets();
    let scene = |flaw| Scene { flaw: Some(flaw), ..Scene::new(Grain::Verb, Stage::Begun) };
    assert!(scene(Flaw::KeepsRecordsOfKeys).strike(&[End::Fill], &key).1 > 0);
    assert!(scene(Flaw::KeepsRecordsOfGroups).strike(&[End::Fill], &group).1 > 0);
    for flaw in [Flaw::ForgetsWhatIsSettled, Flaw::ComparesNothing] {
        let tally = scene(flaw).two_fills(End::Vacate);
        assert!(tally.replaced > 0, "{flaw:?}: {tally:?}");
    }
}

#[test]
fn no_lookup_after_the_strike_of_a_tag_finds_a_value_that_named_it_before() {
    let known = place().tagged([Group::tag("t")]);
    for place in [place().open(), known.clone()] {
        for (grain, stage) in
            [(Grain::Verb, Stage::Cold), (Grain::Verb, Stage::Begun), (Grain::Name, Stage::Begun)]
        {
            let (orders, stale) = Scene::new(grain, stage).strike_tag(&place);
            assert!(orders >= 20 && stale == 0, "{place:?} {stage:?}: {stale} of {orders}");
        }
    }
    let scene = Scene { flaw: Some(Flaw::LosesWhatIsLogged), ..Scene::new(Grain::Verb, Stage::Begun) };
    assert!(scene.strike_tag(&place().open()).1 > 0, "a protocol without its log is noticed");
    assert_eq!(scene.strike_tag(&known).1, 0, "it is not needed where tags are known before");
}

#[test]
fn a_log_that_cannot_be_appended_to_goes_and_refuses_what_is_under_way() {
    let scene = Scene::new(Grain::Verb, Stage::Cold);
    for (flaw, standing) in [(None, true), (Some(Flaw::ComparesInVain), false)] {
        let mut store = Store::new(scene.grain, None);
        let open = place().open();
        let lease = at_once(begin_at(&Protocol::new(store.clone(), "test", store.clock.clone()), &open));
        store.flaw = flaw;
        let backend = Protocol::new(store.clone(), "test", store.clock.clone());
        at_once(backend.invalidate(&[Target::Group(Group::tag("t"))])).unwrap();
        assert_eq!(store.get("test:t").is_some(), standing);
        store.flaw = None;
        let backend = Protocol::new(store.clone(), "test", store.clock.clone());
        let other = Draft { tags: vec![Group::tag("other")], ..draft(7) };
        let filled = at_once(backend.fill(&open, lease, other, LIFE)).unwrap();
        assert_eq!(filled == Filled::Stored, standing);
    }
}

#[test]
fn records_live_as_long_as_the_longest_entry() {
    let day = Duration::from_secs(86_400);
    let backend = Scene::new(Grain::Verb, Stage::Cold).backend();
    let clock = &backend.verbs().clock;
    let lease = at_once(begin(&backend));
    clock.advance(RECORD_LIFE / 2);
    let filled = at_once(backend.fill(&place(), lease, draft(7), day * 30));
    assert_eq!(filled, Ok(Filled::Stored));
    at_once(begin(&backend));
    clock.advance(day * 29);
    assert_eq!(at_once(read(&backend)), Some(7));
    clock.advance(day);
    assert_eq!(at_once(read(&backend)), None);
    clock.advance(day * 31);
    let names = backend.names(&place(), []);
    assert_eq!(at_once(backend.verbs().get_many(&names)), Ok(vec![None; names.len()]));
}

#[test]
fn the_longest_life_does_not_overflow() {
    let backend = Scene::new(Grain::Verb, Stage::Cold).backend();
    let filled = at_once(backend.fill(&place(), at_once(begin(&backend)), draft(7), Duration::MAX));
    assert_eq!((filled, at_once(read(&backend))), (Ok(Filled::Stored), Some(7)));
}

#[test]
fn where_every_comparison_is_lost_a_fill_is_refused() {
    let scene = Scene { flaw: Some(Flaw::ComparesInVain), ..Scene::new(Grain::Verb, Stage::Cold) };
    let backend = scene.backend();
    let unnumbered = at_once(begin(&backend));
    for lease in [unnumbered, Lease { tokens: vec![[7; 8]; 5], ..Lease::default() }] {
        let filled = at_once(backend.fill(&place(), lease, draft(7), LIFE));
        assert_eq!((filled, at_once(read(&backend))), (Ok(Filled::Refused), None));
    }
}

#[test]
fn what_is_damaged_is_replaced() {
    let backend = Scene::new(Grain::Verb, Stage::Warm).backend();
    for name in backend.names(&place(), []) {
        for damaged in [&b""[..], b"12345678", &[0; 33]] {
            backend.verbs().put(&name, damaged.to_vec(), LIFE);
            assert_eq!(at_once(read(&backend)), None, "{name}");
            warm(&backend);
            assert_eq!(at_once(read(&backend)), Some(0), "{name}");
        }
    }
}

#[test]
fn names_and_records_are_frozen() {
    let backend = Scene::new(Grain::Verb, Stage::Cold).backend();
    let names = ["test:v:k", "test:k:k", "test:g:r", "test:g:f:app::get", "test:g:n:users"];
    assert_eq!(backend.names(&place(), []), names);
    let record = Record { token: *b"aaaaaaaa", until: 1, begun: 2, settled: 3 };
    assert_eq!(record.bytes(), *b"aaaaaaaa\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0");
}
