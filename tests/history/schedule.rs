//! What goes wrong, and when: drawn by a seed, so that it can be printed and replayed.
//!
//! Each worker's link has a track of its own, and so has the server. On one track one thing goes wrong at a time; tracks
//! do not wait for each other. What costs the workers their trust in Redis is rare on each: they stay away for longer and
//! longer from one that keeps getting lost, and would check nothing but memory.

use std::fmt;
use std::time::Duration;

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
    /// The present connections are held back, new ones are not: bytes of a dead connection are delivered late.
    Stranded,
    /// The present connections are half-open: nothing is delivered and nothing is closed.
    BlackHole,
    /// The process is killed, after its connections were cut or with all its invalidations told; another takes its place.
    WorkerKilled,
    /// The process stands still.
    WorkerStopped,
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
    /// Does not permit one of the commands any more, and then does again.
    Forbidden,
    /// `CLIENT PAUSE`
    Paused,
    /// `CLIENT PAUSE … WRITE`
    PausedWrites,
}

use Fault::{
    Answers, BlackHole, ClientsKilled, Cut, Evicting, Flushed, Forbidden, Forgetful, Full, Held, Hung,
    Killed, Paused, PausedWrites, Questions, ScriptsFlushed, Slow, Snapshot, Stranded, WorkerKilled,
    WorkerStopped,
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

/// Something that goes wrong, or went, on the common clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Happened {
    pub(crate) fault: Fault,
    /// Whose link it was; none: the server.
    pub(crate) link: Option<usize>,
    pub(crate) begin: u64,
    /// The greatest number while it goes on.
    pub(crate) end: u64,
}

impl Happened {
    /// Whether it matters to a process on this link.
    pub(crate) fn concerns(&self, link: usize) -> bool {
        self.link.is_none_or(|of| of == link)
    }
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

const SERVER: [(Fault, u32, std::ops::Range<u64>); 13] = [
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
    (Forbidden, 1, 50..600),
    (Paused, 3, 10..400),
    (PausedWrites, 3, 10..400),
];

const LINK: [(Fault, u32, std::ops::Range<u64>); 13] = [
    (Cut, 3, 10..600),
    (Cut, 2, 1_500..2_600),
    (Held, 3, 20..700),
    (Held, 1, 1_500..2_600),
    (Questions, 3, 20..500),
    (Answers, 3, 20..500),
    (Held, 3, 5..70),
    (Answers, 3, 5..70),
    (Slow, 3, 100..600),
    (Stranded, 4, 50..2_600),
    (BlackHole, 2, 50..2_000),
    (WorkerKilled, 2, 0..500),
    (WorkerStopped, 3, 30..900),
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
            Cut | Killed | Snapshot | ClientsKilled | BlackHole | WorkerKilled | Forbidden => true,
            Held | Questions | Answers | Hung | Stranded | WorkerStopped | Paused | PausedWrites => {
                lasts >= 90
            }
            Slow | Flushed | Full | Evicting | ScriptsFlushed | Forgetful => false,
        }
    }

    /// Whether what a process sends meanwhile may come late.
    pub(crate) fn is_slow(self) -> bool {
        self.delays() || matches!(self, Slow | Paused | PausedWrites | WorkerStopped)
    }

    /// Whether what Redis says meanwhile may come as late as can be.
    pub(crate) fn delays(self) -> bool {
        matches!(self, Held | Questions | Answers | Hung | Stranded | BlackHole)
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
