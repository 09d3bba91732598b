//! The task that keeps the connection: connects, watches, recovers.
//!
//! Calls never wait for it. It ends when the last handle to the server is dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::connect::{CONNECT_TIMEOUT, Connection};
use super::fault::Fault;
use super::pace::Pace;
use super::secret;
use super::shared::Shared;
use super::trust::{Lost, Next, State};
use crate::place::{Group, Target};

/// How often an idle connection is asked for a sign of life.
const PING_EVERY: Duration = Duration::from_secs(1);

/// After how many signs of life sentinels are asked again: a master that was replaced by hand takes writes for ten
/// seconds more, until it is told.
const PINGS_PER_QUESTION: u32 = 3;

/// After how many signs of life the secrets of the processes are compared again.
const PINGS_PER_COMPARISON: u32 = 5;

/// Keeps the connection for good.
pub(super) async fn supervise(shared: Arc<Shared>) {
    let (pace, chronicle) = (Pace::default(), Chronicle::default());
    Supervisor { shared, pace, chronicle, trusted: None, places: Vec::new() }.run().await;
}

struct Supervisor {
    shared: Arc<Shared>,
    pace: Pace,
    chronicle: Chronicle,
    /// The incarnations of servers that were trusted last.
    trusted: Option<Vec<String>>,
    /// Where nodes of a cluster were found last.
    places: Vec<(String, u16)>,
}

impl Supervisor {
    async fn run(mut self) {
        loop {
            let attempt = self.connect().await;
            let outcome = match attempt {
                Ok(line) => self.recover(&line).await.map(|()| line),
                Err(fault) => Err(fault),
            };
            let wait = match outcome {
                Ok(line) => {
                    self.shared.settled.send_replace(true);
                    self.announce_secret(&line).await;
                    self.keep(&line).await
                }
                Err(fault) => {
                    self.chronicle.failed(&self.shared.address, fault);
                    self.pace.failed(fault)
                }
            };
            self.shared.trust().degrade();
            self.shared.settled.send_replace(true);
            sleep(wait).await;
        }
    }

    async fn connect(&mut self) -> Result<Arc<Connection>, Fault> {
        let line = Connection::open(
            &self.shared.settings,
            &self.places,
            &self.shared.woken,
            &self.shared.listener,
            &self.shared.waiting,
        )
        .await?;
        self.places = line.places();
        if !line.knows_run {
            self.chronicle.odd(&self.shared.address, Quirk::Anonymous);
        }
        if !line.tells_time {
            self.chronicle.odd(&self.shared.address, Quirk::Timeless);
        }
        if !line.pushes {
            self.chronicle.odd(&self.shared.address, Quirk::Pushless);
        } else if self.shared.settings.near && !line.tells_of_values() {
            let quirk = if self.shared.settings.cluster { Quirk::Spread } else { Quirk::Untracked };
            self.chronicle.odd(&self.shared.address, quirk);
        }
        Ok(Arc::new(line))
    }

    /// Strikes what was invalidated meanwhile and then trusts the server.
    async fn recover(&mut self, line: &Arc<Connection>) -> Result<(), Fault> {
        let epoch = self.shared.trust().recover(Arc::clone(line)).ok_or(Fault::Broken)?;
        if self.trusted.as_ref().is_some_and(|trusted| line.runs.iter().any(|run| !trusted.contains(run))) {
            // Another server, or one that was here before: what was invalidated while another was trusted may
            // still stand there.
            self.shared.trust().put_back(vec![Target::Group(Group::root())]);
        }
        let mut struck = 0;
        loop {
            match self.shared.next(epoch) {
                Next::Publish => break,
                Next::GiveUp => return Err(self.shared.take_lost().map_or(Fault::Broken, |lost| lost.fault)),
                Next::Strike(targets) => {
                    let outcome = line.hear(CONNECT_TIMEOUT, line.strike(&targets)).await;
                    if let Err(fault) = outcome.unwrap_or(Err(Fault::Timeout)) {
                        self.shared.trust().put_back(targets);
                        self.shared.report(epoch, fault);
                        return Err(fault);
                    }
                    struck += targets.len();
                }
            }
        }
        self.trusted = Some(line.runs.clone());
        self.chronicle.connected(&self.shared.address, &line.server, struck);
        Ok(())
    }

    /// Leaves the check value of the secret for other processes, and looks at theirs. The server is trusted meanwhile.
    async fn announce_secret(&mut self, line: &Arc<Connection>) {
        let Some(check) = &self.shared.settings.secret_check else { return };
        if secret::announce(line, check, self.shared.settings.timeout).await {
            self.chronicle.odd(&self.shared.address, Quirk::Secrets);
        }
    }

    /// Looks at the check value again.
    async fn compare_secrets(&mut self, line: &Arc<Connection>) {
        let Some(check) = &self.shared.settings.secret_check else { return };
        if secret::compare(line, check, self.shared.settings.timeout).await {
            self.chronicle.odd(&self.shared.address, Quirk::Secrets);
        }
    }

    /// Watches a connection that is trusted until it cannot be used any more; how long to wait then.
    async fn keep(&mut self, line: &Arc<Connection>) -> Duration {
        let limit = self.shared.settings.timeout;
        loop {
            let lost = self.watch(line).await;
            self.chronicle.lost(&self.shared.address, lost.fault);
            let wait = self.pace.lost(lost.lasted);
            if self.shared.trust().state() != State::Suspect {
                return wait;
            }
            sleep(wait).await;
            let answer = match line.ping(limit).await {
                Ok(()) => self.recover(line).await,
                Err(fault) => Err(fault),
            };
            if let Err(fault) = answer {
                self.chronicle.failed(&self.shared.address, fault);
                return Duration::ZERO;
            }
        }
    }

    /// Returns when trust is lost.
    async fn watch(&mut self, line: &Arc<Connection>) -> Lost {
        let mut next_ping = Instant::now() + PING_EVERY;
        let mut pings = 0;
        loop {
            if let Some(lost) = self.shared.take_lost() {
                return lost;
            }
            let Some((_, epoch)) = self.shared.trust().link() else {
                // Closed, or lost since: then there is a permit already.
                let _ = timeout(PING_EVERY, self.shared.woken.notified()).await;
                continue;
            };
            if line.is_dead() {
                self.shared.report(epoch, Fault::Broken);
            } else if Instant::now() < next_ping {
                let _ = timeout(next_ping - Instant::now(), self.shared.woken.notified()).await;
            } else {
                let asked = self.shared.near.now();
                match line.ping(self.shared.settings.timeout).await {
                    Ok(()) => self.shared.is_alive(epoch, asked),
                    // The ping was the probe: there is nothing to suspect any more.
                    Err(Fault::Timeout) => self.shared.report(epoch, Fault::Silent),
                    Err(fault) => self.shared.report(epoch, fault),
                }
                next_ping = Instant::now() + PING_EVERY;
                pings += 1;
                if pings % PINGS_PER_QUESTION == 0 && !line.is_still_named(&self.shared.settings).await {
                    self.shared.report(epoch, Fault::Replaced);
                }
                if pings % PINGS_PER_COMPARISON == 0 {
                    self.compare_secrets(line).await;
                }
            }
        }
    }
}

/// What has been said: one warning for an outage, however many attempts fail in it.
#[derive(Default)]
struct Chronicle {
    outage: bool,
    was_connected: bool,
    /// What needs a human and has been said in this outage.
    alarmed: Option<Fault>,
    /// What has been said of the server, and need not be said again.
    known: Vec<Quirk>,
}

/// What is odd about a server that is used all the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quirk {
    /// It does not tell which incarnation it is.
    Anonymous,
    /// It does not tell when the connection breaks, or what changes.
    Pushless,
    /// It does not tell what changes.
    Untracked,
    /// It does not tell the time.
    Timeless,
    /// It is several.
    Spread,
    /// Another process has another secret.
    Secrets,
}

impl Chronicle {
    fn failed(&mut self, address: &str, fault: Fault) {
        let reason = &*fault.words();
        if self.outage {
            tracing::debug!(target: "cachefn", address, reason, "Failed to connect to Redis again");
        } else {
            tracing::warn!(target: "cachefn", address, reason, "Failed to connect to Redis");
        }
        self.outage = true;
        if fault.needs_a_human() && self.alarmed.replace(fault) != Some(fault) {
            tracing::error!(target: "cachefn", address, reason, "Redis needs another configuration");
        }
    }

    fn lost(&mut self, address: &str, fault: Fault) {
        let reason = &*fault.words();
        if !self.outage {
            tracing::warn!(target: "cachefn", address, reason, "Lost the connection to Redis");
        }
        self.outage = true;
    }

    fn connected(&mut self, address: &str, server: &str, invalidations: usize) {
        if self.was_connected {
            tracing::info!(target: "cachefn", address, server, invalidations, "Redis is used again");
        } else {
            tracing::info!(target: "cachefn", address, server, invalidations, "Connected to Redis");
        }
        (self.was_connected, self.outage, self.alarmed) = (true, false, None);
    }

    fn odd(&mut self, address: &str, quirk: Quirk) {
        if self.known.contains(&quirk) {
            return;
        }
        self.known.push(quirk);
        match quirk {
            Quirk::Anonymous => tracing::warn!(
                target: "cachefn",
                address,
                "Redis does not tell its run_id (INFO is refused): entries survive a change of server"
            ),
            Quirk::Secrets => tracing::warn!(
                target: "cachefn",
                address,
                "another process under this CACHE_PREFIX has another CACHE_SECRET: the two share no values of `sensitive` \
                 functions and do not hear when the other invalidates one; set the same CACHE_SECRET in both"
            ),
            Quirk::Pushless => tracing::info!(
                target: "cachefn",
                address,
                "Redis does not speak RESP3: a broken connection is noticed by the next command or ping, and every hit asks Redis"
            ),
            Quirk::Untracked => tracing::info!(
                target: "cachefn",
                address,
                "Redis does not tell what changes (CLIENT TRACKING is refused): every hit asks Redis"
            ),
            Quirk::Timeless => tracing::info!(
                target: "cachefn",
                address,
                "Redis does not tell the time (TIME is refused): with `lease` too several processes may fill a key at one time"
            ),
            Quirk::Spread => tracing::info!(
                target: "cachefn",
                address,
                "Redis is a cluster, for which memory does not speak: every hit asks Redis"
            ),
        }
    }
}
