//! Lets things go wrong as the schedule says.

use std::sync::mpsc::SyncSender;
use std::thread::sleep;
use std::time::{Duration, Instant};

use cachefn_tests::RedisServer;
use tokio::runtime::Handle;

use crate::clock::{nanos, now};
use crate::collector::Parcel;
use crate::judge::{Fact, SILENCE};
use crate::schedule::{Event, Fault, Happened, Schedule, Track};
use crate::stage::Stage;

/// Commands of ours that a user may lack.
const COMMANDS: [&str; 4] = ["mget", "evalsha", "unlink", "set"];

/// Where things go wrong.
pub(crate) struct Scene<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) facts: SyncSender<Parcel>,
    pub(crate) begun: Instant,
    /// Starts processes.
    pub(crate) runtime: Handle,
}

impl Scene<'_> {
    /// Lets everything go wrong, and waits until it is over.
    pub(crate) fn play(&self, schedule: &Schedule) {
        std::thread::scope(|scope| {
            for (link, track) in schedule.links.iter().enumerate() {
                scope.spawn(move || self.run(track, Some(link), |event| self.disturb(link, event)));
            }
            self.run(&schedule.server, None, |event| self.harm(event));
        });
    }

    fn run(&self, track: &Track, link: Option<usize>, act: impl Fn(Event)) {
        for &event in &track.0 {
            sleep((self.begun + Duration::from_millis(event.at)).saturating_duration_since(Instant::now()));
            let happened = Happened { fault: event.fault, link, begin: now(), end: u64::MAX };
            self.tell(Fact::Happened(happened));
            act(event);
            let mut end = now();
            if event.fault == Fault::BlackHole {
                // Nothing ends it but that the process gives the connection up.
                end = end.max(happened.begin + nanos(SILENCE));
            }
            self.tell(Fact::Happened(Happened { end, ..happened }));
        }
    }

    fn tell(&self, fact: Fact) {
        self.facts.send(Parcel::Fact(fact)).expect("the judge takes all");
    }

    fn disturb(&self, link: usize, event: Event) {
        let (proxy, lasts) = (&self.stage.proxies[link], Duration::from_millis(event.lasts));
        let worker = || self.stage.workers[link].blocking_lock();
        match event.fault {
            Fault::Cut => proxy.cut(),
            Fault::Questions => proxy.hold_questions(),
            Fault::Answers => proxy.hold_answers(),
            Fault::Slow => proxy.delay(Duration::from_millis(4)),
            Fault::Stranded => proxy.strand(),
            Fault::BlackHole => proxy.lose(),
            Fault::WorkerStopped => worker().stop(),
            // Half of them with invalidations in the journal.
            Fault::WorkerKilled if event.lasts.is_multiple_of(2) => proxy.cut(),
            Fault::WorkerKilled => {}
            _ => proxy.hold(),
        }
        sleep(lasts);
        match event.fault {
            Fault::Cut => proxy.heal(),
            Fault::Slow => proxy.delay(Duration::ZERO),
            Fault::BlackHole => {}
            Fault::WorkerStopped => worker().cont(),
            Fault::WorkerKilled => {
                self.tell(Fact::Killed { process: self.runtime.block_on(self.stage.kill(link)) });
                proxy.heal();
                self.runtime.block_on(self.stage.replace(link));
            }
            _ => proxy.release(),
        }
    }

    fn harm(&self, event: Event) {
        let lasts = Duration::from_millis(event.lasts);
        let mut server = self.stage.server.lock().expect("nobody else holds it while things go wrong");
        match event.fault {
            Fault::Hung => {
                server.stop();
                sleep(lasts);
                server.cont();
            }
            Fault::Killed | Fault::Snapshot => restart(&mut server, event.fault, lasts),
            Fault::Full => fill(&server, "noeviction", lasts),
            Fault::Evicting => fill(&server, "allkeys-lru", lasts),
            Fault::Forgetful => {
                set(&server, "tracking-table-max-keys", "10");
                sleep(lasts);
                set(&server, "tracking-table-max-keys", "1000000");
            }
            Fault::Forbidden => {
                let command = COMMANDS[usize::try_from(event.lasts).unwrap_or(0) % COMMANDS.len()];
                server.ask::<()>(&["ACL", "SETUSER", "default", &format!("-{command}")]);
                sleep(lasts);
                server.ask::<()>(&["ACL", "SETUSER", "default", "+@all"]);
            }
            Fault::Paused | Fault::PausedWrites => {
                let mode = if event.fault == Fault::Paused { "ALL" } else { "WRITE" };
                server.ask::<()>(&["CLIENT", "PAUSE", &event.lasts.to_string(), mode]);
                sleep(lasts);
            }
            Fault::ClientsKilled => server.ask(&["CLIENT", "KILL", "TYPE", "normal"]),
            Fault::ScriptsFlushed => server.ask(&["SCRIPT", "FLUSH"]),
            _ => server.ask(&["FLUSHALL"]),
        }
    }
}

fn restart(server: &mut RedisServer, fault: Fault, lasts: Duration) {
    if fault == Fault::Snapshot {
        server.ask::<()>(&["SAVE"]);
        // What is invalidated from now on, the snapshot does not know.
        sleep(lasts);
    }
    server.kill();
    sleep(lasts / 2);
    if fault == Fault::Snapshot { server.restart() } else { server.restart_empty() }
}

fn fill(server: &RedisServer, policy: &str, lasts: Duration) {
    set(server, "maxmemory-policy", policy);
    let about: String = server.ask(&["INFO", "memory"]);
    let used = about.lines().find_map(|line| line.strip_prefix("used_memory:"));
    set(server, "maxmemory", used.unwrap_or("1000000").trim());
    sleep(lasts);
    set(server, "maxmemory", "0");
}

fn set(server: &RedisServer, name: &str, value: &str) {
    server.ask::<()>(&["CONFIG", "SET", name, value]);
}
