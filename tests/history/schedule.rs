//! What goes wrong, and when: drawn by a seed, so that it can be printed and replayed.
//!
//! Each worker's link has a track of its own, and so has the server. On one track one thing goes wrong at a time; tracks
//! do not wait for each other. What costs the workers their trust in Redis is rare on each: they stay away for longer and
//! longer from one that keeps getting lost, and would check nothing but memory.

use std::fmt;
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use cachefn_tests::{Proxy, RedisServer};

use crate::record::now;

/// How often a track may cost trust.
const LOSSES: usize = 2;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Connections are cut, and new ones too.
    Cut,
    /// Bytes are held back both ways and delivered late.
    Held,
    /// What is asked is held back.
    Questions,
    /// What is answered and pushed is held back.
    Answers,
    /// Every packet is late.
    Slow,
    /// The server stands still.
    Hung,
    /// Killed, and started again empty.
    Killed,
    /// Killed, and started again from the snapshot that it made before.
    Snapshot,
    Flushed,
    /// Takes no writes for want of memory.
    Full,
    /// Throws keys away for want of memory.
    Evicting,
    ClientsKilled,
    ScriptsFlushed,
    /// Remembers few of the names that were read.
    Forgetful,
}

use Fault::{
    Answers, ClientsKilled, Cut, Evicting, Flushed, Forgetful, Full, Held, Hung, Killed, Questions,
    ScriptsFlushed, Slow, Snapshot,
};

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) fault: Fault,
    /// After the beginning, in milliseconds.
    pub(crate) at: u64,
    pub(crate) lasts: u64,
}

/// What goes wrong in one place, in order.
#[derive(Clone, Debug)]
pub(crate) struct Track(pub(crate) Vec<Event>);

/// Everything that goes wrong.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) server: Track,
    pub(crate) links: Vec<Track>,
}

/// Something that went wrong, on the common clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Happened {
    pub(crate) fault: Fault,
    /// Whose link it was; none: the server.
    pub(crate) link: Option<usize>,
    pub(crate) begin: u64,
    pub(crate) end: u64,
}

impl Schedule {
    /// What goes wrong within `length`.
    pub(crate) fn draw(seed: u64, links: usize, length: Duration) -> Self {
        let millis = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let random = |track: u64| fastrand::Rng::with_seed(seed.wrapping_mul(31).wrapping_add(track));
        let server = Track::draw(random(0), millis, &SERVER);
        let links = (1..=links as u64).map(|link| Track::draw(random(link), millis, &LINK)).collect();
        Self { server, links }
    }
}

/// What may go wrong in one place, how often, and for how long.
type Weights = [(Fault, u32, std::ops::Range<u64>)];

const SERVER: [(Fault, u32, std::ops::Range<u64>); 10] = [
    (Hung, 3, 30..700),
    (Killed, 2, 10..300),
    (Snapshot, 5, 100..700),
    (Flushed, 3, 0..1),
    (Full, 3, 50..500),
    (Evicting, 3, 50..500),
    (ClientsKilled, 2, 0..1),
    (ScriptsFlushed, 2, 0..1),
    (Forgetful, 2, 200..800),
    (Hung, 2, 5..60),
];

const LINK: [(Fault, u32, std::ops::Range<u64>); 9] = [
    (Cut, 3, 10..600),
    (Cut, 2, 1_500..2_600),
    (Held, 3, 20..700),
    (Held, 1, 1_500..2_600),
    (Questions, 3, 20..500),
    (Answers, 3, 20..500),
    (Held, 3, 5..70),
    (Answers, 3, 5..70),
    (Slow, 3, 100..600),
];

impl Track {
    fn draw(mut random: fastrand::Rng, until: u64, weights: &Weights) -> Self {
        let (mut events, mut at, mut losses) = (Vec::new(), random.u64(200..900), 0);
        while at < until {
            let total: u32 = weights.iter().map(|(_, weight, _)| weight).sum();
            let mut drawn = random.u32(..total);
            let chosen = weights.iter().find(|(_, weight, _)| {
                let found = drawn < *weight;
                drawn = drawn.saturating_sub(*weight);
                found
            });
            let Some((fault, _, range)) = chosen else { break };
            let lasts = random.u64(range.clone());
            let costs = fault.costs_trust(lasts);
            if !costs || losses < LOSSES {
                losses += usize::from(costs);
                events.push(Event { fault: *fault, at, lasts });
                at += lasts + random.u64(if costs { 400..1_500 } else { 20..500 });
            }
        }
        Self(events)
    }
}

impl Fault {
    /// Whether those who use Redis give it up over this.
    fn costs_trust(self, lasts: u64) -> bool {
        match self {
            Cut | Killed | Snapshot | ClientsKilled => true,
            Held | Questions | Answers | Hung => lasts >= 90,
            Slow | Flushed | Full | Evicting | ScriptsFlushed | Forgetful => false,
        }
    }

    /// Whether what Redis says meanwhile may come as late as can be.
    pub(crate) fn delays(self) -> bool {
        matches!(self, Held | Questions | Answers | Hung)
    }
}

impl fmt::Display for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Event { fault, at, lasts } in &self.0 {
            write!(f, " {fault:?}@{at}+{lasts}")?;
        }
        Ok(())
    }
}

/// Where things go wrong.
pub(crate) struct Scene<'a> {
    pub(crate) server: &'a Mutex<RedisServer>,
    pub(crate) proxies: &'a [Proxy],
    pub(crate) begun: Instant,
}

impl Scene<'_> {
    /// Lets everything go wrong, and waits until it is over.
    pub(crate) fn play(&self, schedule: &Schedule) -> Vec<Happened> {
        std::thread::scope(|scope| {
            let links = schedule.links.iter().enumerate().map(|(link, track)| {
                scope.spawn(move || self.run(track, Some(link), |event| self.disturb(link, event)))
            });
            let links: Vec<_> = links.collect();
            let mut happened = self.run(&schedule.server, None, |event| self.harm(event));
            for link in links {
                happened.extend(link.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            happened.sort_by_key(|one| one.begin);
            happened
        })
    }

    fn run(&self, track: &Track, link: Option<usize>, act: impl Fn(Event)) -> Vec<Happened> {
        let mut happened = Vec::new();
        for &event in &track.0 {
            sleep((self.begun + Duration::from_millis(event.at)).saturating_duration_since(Instant::now()));
            let begin = now();
            act(event);
            happened.push(Happened { fault: event.fault, link, begin, end: now() });
        }
        happened
    }

    fn disturb(&self, link: usize, event: Event) {
        let (proxy, lasts) = (&self.proxies[link], Duration::from_millis(event.lasts));
        match event.fault {
            Cut => proxy.cut(),
            Questions => proxy.hold_questions(),
            Answers => proxy.hold_answers(),
            Slow => proxy.delay(Duration::from_millis(4)),
            _ => proxy.hold(),
        }
        sleep(lasts);
        match event.fault {
            Cut => proxy.heal(),
            Slow => proxy.delay(Duration::ZERO),
            _ => proxy.release(),
        }
    }

    fn harm(&self, event: Event) {
        let lasts = Duration::from_millis(event.lasts);
        let mut server = self.server.lock().expect("nobody else holds it while things go wrong");
        let set = |server: &RedisServer, name: &str, value: &str| {
            server.ask::<()>(&["CONFIG", "SET", name, value]);
        };
        match event.fault {
            Hung => {
                server.stop();
                sleep(lasts);
                server.cont();
            }
            Killed | Snapshot => {
                if event.fault == Snapshot {
                    server.ask::<()>(&["SAVE"]);
                    // What is invalidated from now on, the snapshot does not know.
                    sleep(lasts);
                }
                server.kill();
                sleep(lasts / 2);
                if event.fault == Snapshot { server.restart() } else { server.restart_empty() }
            }
            Full | Evicting => {
                let policy = if event.fault == Full { "noeviction" } else { "allkeys-lru" };
                set(&server, "maxmemory-policy", policy);
                let about: String = server.ask(&["INFO", "memory"]);
                let used = about.lines().find_map(|line| line.strip_prefix("used_memory:"));
                set(&server, "maxmemory", used.unwrap_or("1000000").trim());
                sleep(lasts);
                set(&server, "maxmemory", "0");
            }
            Forgetful => {
                set(&server, "tracking-table-max-keys", "10");
                sleep(lasts);
                set(&server, "tracking-table-max-keys", "1000000");
            }
            ClientsKilled => server.ask(&["CLIENT", "KILL", "TYPE", "normal"]),
            ScriptsFlushed => server.ask(&["SCRIPT", "FLUSH"]),
            _ => server.ask(&["FLUSHALL"]),
        }
    }
}
