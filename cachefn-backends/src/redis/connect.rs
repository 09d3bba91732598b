//! The connection: to one server, or to every master of a cluster.
//!
//! Whoever uses it does so by the bucket of a key: the part of the names that stands in one slot of a cluster. A server
//! alone has one bucket.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use redis::{Cmd, Pipeline, Value};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{sleep, timeout, timeout_at};

#[cfg(feature = "cluster")]
use super::cluster::Cluster;
use super::fault::Fault;
use super::keys::{self, Keys};
use super::known::Known;
use super::log::Strike;
use super::near::Listener;
use super::node::{self, Node, Pushed, Tracks};
use super::settings::{self, Settings};
use super::waiting::Waiting;
use crate::place::Target;

/// How long an attempt to connect may take, with all that is asked before the connection is used.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// So much that calls ask one by one is under way at a time, beside lookups that are asked together. It keeps the server busy
/// over a way of ten milliseconds.
const UNDER_WAY: usize = 500;

/// A moment in which everybody has a turn whom a timer or the connection has woken by now.
const TURN: Duration = Duration::from_millis(1);

/// A connection that is logged in, with the names it uses.
pub(super) struct Connection {
    servers: Servers,
    dead: Arc<AtomicBool>,
    /// Room for what calls ask.
    room: Semaphore,
    /// The names in each bucket.
    keys: Vec<Keys>,
    /// Which incarnations of servers they are, as far as they tell, and if that matters.
    pub(super) runs: Vec<String>,
    /// Whether all told, or need not.
    pub(super) knows_run: bool,
    /// Whether the servers speak RESP3, so that it is noticed at once when the connection breaks.
    pub(super) pushes: bool,
    /// Whether the servers tell the time, so that a fill can be alone in all processes.
    pub(super) tells_time: bool,
    /// What the server tells of when it changes.
    tracks: Tracks,
    /// What is known of generations, where it tells of them.
    known: Arc<Known>,
    /// Host and port of the server, or of each.
    pub(super) server: String,
}

enum Servers {
    One(Node),
    #[cfg(feature = "cluster")]
    Cluster(Cluster),
}

/// The names of a key and what they hang on, and the server that has them.
#[derive(Clone)]
pub(super) struct Bucket {
    line: Arc<Connection>,
    number: usize,
}

impl Connection {
    /// Connects, logs in, selects the database and loads the scripts. `woken` is notified when the connection breaks, and
    /// `listener` told what changes. The nodes of a cluster are asked for at the address of the settings, and at `places`.
    pub(super) async fn open(
        settings: &Settings,
        places: &[(String, u16)],
        woken: &Arc<Notify>,
        listener: &Arc<dyn Listener>,
        waiting: &Arc<Waiting>,
    ) -> Result<Self, Fault> {
        let pushed = || Pushed {
            dead: Arc::default(),
            woken: Arc::clone(woken),
            listener: Arc::clone(listener),
            known: Arc::default(),
            near: settings.near,
            waiting: Arc::clone(waiting),
            keys: Arc::default(),
        };
        let attempt = async {
            if settings.cluster {
                return Self::to_cluster(settings, places, pushed()).await;
            }
            let mut fault = Fault::Sentinels;
            for (host, port) in servers(settings).await? {
                // The server itself, wherever its address is from.
                match Self::to(&Settings { host, port, ..settings.clone() }, pushed()).await {
                    Ok(line) => return Ok(line),
                    Err(other) => fault = other,
                }
            }
            Err(fault)
        };
        timeout(CONNECT_TIMEOUT, attempt).await.unwrap_or(Err(Fault::Timeout))
    }

    async fn to(settings: &Settings, pushed: Pushed) -> Result<Self, Fault> {
        let (dead, named): (_, Arc<OnceLock<Keys>>) = (Arc::clone(&pushed.dead), Arc::clone(&pushed.keys));
        let known = Arc::clone(&pushed.known);
        let node = Node::open(settings, pushed).await?;
        let run = node.run.as_deref().filter(|_| !settings.keep);
        let keys = Keys::new(&settings.prefix, run);
        let able = node.prepare(&keys).await?;
        // Before anything is read, and before any push can name it.
        let keys = named.get_or_init(|| keys).clone();
        let tracks = node.track(if settings.near { Tracks::Everything } else { Tracks::Marked }).await?;
        Ok(Self {
            dead,
            room: Semaphore::new(UNDER_WAY),
            keys: vec![keys],
            runs: run.into_iter().map(str::to_owned).collect(),
            knows_run: settings.keep || node.run.is_some(),
            pushes: node.pushes,
            tells_time: able.tells_time,
            tracks,
            known,
            server: node.place.clone(),
            servers: Servers::One(node),
        })
    }

    #[cfg(feature = "cluster")]
    async fn to_cluster(
        settings: &Settings,
        places: &[(String, u16)],
        pushed: Pushed,
    ) -> Result<Self, Fault> {
        let (dead, keys) = (Arc::clone(&pushed.dead), Keys::of_buckets(&settings.prefix));
        let cluster = Cluster::open(settings, places, &pushed, &keys).await?;
        let nodes = cluster.nodes();
        let places: Vec<_> = nodes.iter().map(|node| node.place.as_str()).collect();
        Ok(Self {
            dead,
            room: Semaphore::new(UNDER_WAY),
            keys,
            runs: nodes.iter().filter_map(|node| node.run.clone()).filter(|_| !settings.keep).collect(),
            knows_run: settings.keep || nodes.iter().all(|node| node.run.is_some()),
            pushes: nodes.iter().all(|node| node.pushes),
            tells_time: cluster.tells_time,
            // A push is about one server's names, and nothing would say of a name that has moved that it changed.
            tracks: Tracks::Nothing,
            known: pushed.known,
            server: places.join(","),
            servers: Servers::Cluster(cluster),
        })
    }

    #[cfg(not(feature = "cluster"))]
    #[expect(clippy::unused_async, reason = "the shape of the real one")]
    async fn to_cluster(_: &Settings, _: &[(String, u16)], _: Pushed) -> Result<Self, Fault> {
        Err(Fault::Cluster)
    }

    /// Whether the connection is known to have broken, to any of its servers.
    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Acquire)
    }

    /// Whether the server is still what it was connected as. Sentinels that do not answer leave that as it is.
    pub(super) async fn is_still_named(&self, settings: &Settings) -> bool {
        let Some(_) = settings.sentinel else { return true };
        let named = |servers: Vec<(String, u16)>| {
            servers.iter().any(|(host, port)| settings::place(host, *port) == self.server)
        };
        servers(settings).await.map_or(true, named)
    }

    /// Where nodes of the cluster are, beside the one of the settings.
    pub(super) fn places(&self) -> Vec<(String, u16)> {
        match &self.servers {
            Servers::One(_) => Vec::new(),
            #[cfg(feature = "cluster")]
            Servers::Cluster(cluster) => cluster.known().to_vec(),
        }
    }

    /// What is known of generations without asking, if anything ever is.
    pub(super) fn known(&self) -> Option<&Known> {
        (self.tracks != Tracks::Nothing).then_some(&*self.known)
    }

    /// Whether the server tells of every value that changes.
    pub(super) fn tells_of_values(&self) -> bool {
        self.tracks == Tracks::Everything
    }

    /// Room for something that a call asks, which it gives back when it has been answered; none, if there is none until
    /// `deadline`.
    pub(super) async fn room(&self, deadline: Instant) -> Option<SemaphorePermit<'_>> {
        match self.room.try_acquire() {
            Ok(room) => Some(room),
            // It is never closed.
            Err(_) => timeout_at(deadline.into(), self.room.acquire()).await.ok()?.ok(),
        }
    }

    /// Since when a server has been silent that owes an answer.
    fn silent_since(&self) -> Option<Instant> {
        self.nodes().iter().filter_map(Node::silent_since).min()
    }

    /// Whether nothing arrived for most of `limit` before `deadline`, which is over. Not for all of it: a call that finds nobody
    /// else waiting has taken some of the time itself.
    pub(super) async fn was_silent(&self, deadline: Instant, limit: Duration) -> bool {
        self.seems_silent(limit * 3 / 4, deadline).await
    }

    /// Whether a server that owes an answer had been silent for so `long` when it was `moment`.
    async fn seems_silent(&self, long: Duration, moment: Instant) -> bool {
        let is_silent = || self.silent_since().is_some_and(|since| since + long <= moment);
        if !is_silent() {
            return false;
        }
        // Whoever reads may stand behind this in the queue of the thread. What has arrived is looked at before timers are,
        // and who reads it is woken before this is.
        sleep(TURN).await;
        is_silent()
    }

    /// What comes of `answer`, which has taken too long already, and is waited for as long as others keep arriving; nothing,
    /// once a server has been silent for `limit`.
    pub(super) async fn hear_out<F: Future>(&self, limit: Duration, answer: F) -> Option<F::Output> {
        let since = self.silent_since().unwrap_or_else(Instant::now);
        self.hear_out_from(since, limit, answer).await
    }

    /// The same for what is asked now: a server that was silent before has as long again.
    pub(super) async fn hear<F: Future>(&self, limit: Duration, answer: F) -> Option<F::Output> {
        self.hear_out_from(Instant::now(), limit, answer).await
    }

    async fn hear_out_from<F: Future>(
        &self,
        since: Instant,
        limit: Duration,
        answer: F,
    ) -> Option<F::Output> {
        let (mut answer, mut due) = (pin!(answer), since + limit);
        loop {
            if let Ok(output) = timeout_at(due.into(), answer.as_mut()).await {
                return Some(output);
            }
            if self.seems_silent(limit, due).await {
                return None;
            }
            due = self.silent_since().unwrap_or(due) + limit;
        }
    }

    /// Whether every server answers, after all that it was asked before. Nothing but silence for as long as `limit` is no answer.
    pub(super) async fn ping(&self, limit: Duration) -> Result<(), Fault> {
        let ping = redis::cmd("PING");
        let answered = async {
            match &self.servers {
                Servers::One(node) => node.ask(&ping).await.map(drop),
                #[cfg(feature = "cluster")]
                Servers::Cluster(cluster) => cluster.ask_everybody(&ping).await,
            }
        };
        self.hear(limit, answered).await.unwrap_or(Err(Fault::Timeout))
    }

    /// Every server.
    pub(super) fn nodes(&self) -> &[Node] {
        match &self.servers {
            Servers::One(node) => std::slice::from_ref(node),
            #[cfg(feature = "cluster")]
            Servers::Cluster(cluster) => cluster.nodes(),
        }
    }

    /// What the names of values look like.
    pub(super) fn pattern(&self) -> String {
        self.keys[0].pattern()
    }

    /// The key of a value by its name.
    pub(super) fn key_of_value<'a>(&self, name: &'a str) -> Option<&'a str> {
        self.keys.iter().find_map(|keys| keys.key_of_value(name))
    }

    /// What strikes `targets`, by the bucket that it is in.
    pub(super) fn struck(self: &Arc<Self>, targets: &[Target]) -> Vec<(Bucket, Strike)> {
        let strikes = keys::strikes(&self.keys, targets).into_iter().enumerate();
        let bucket = |number| Bucket { line: Arc::clone(self), number };
        let strikes = strikes.filter(|(_, strike)| !strike.is_empty());
        strikes.map(|(number, strike)| (bucket(number), strike)).collect()
    }

    /// Strikes `targets`, wherever they may stand; all of it is on its way when this has been polled once.
    pub(super) async fn strike(&self, targets: &[Target]) -> Result<(), Fault> {
        match &self.servers {
            Servers::One(node) => node.strike(self.keys[0].strike(targets)).await,
            #[cfg(feature = "cluster")]
            Servers::Cluster(cluster) => cluster.strike(keys::strikes(&self.keys, targets)).await,
        }
    }
}

impl Bucket {
    /// The first bucket: the only one, but in a cluster.
    pub(super) fn first(line: &Arc<Connection>) -> Self {
        Self { line: Arc::clone(line), number: 0 }
    }

    /// The bucket of a key.
    pub(super) fn of(line: &Arc<Connection>, key: &str) -> Self {
        Self { line: Arc::clone(line), number: keys::bucket(key, line.keys.len()) }
    }

    /// What is known of generations without asking, if anything ever is.
    pub(super) fn known(&self) -> Option<&Known> {
        self.line.known()
    }

    /// The names in it.
    pub(super) fn keys(&self) -> &Keys {
        &self.line.keys[self.number]
    }

    /// Sends one command about names in it; it is on its way when this has been polled once.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Fault> {
        match &self.line.servers {
            Servers::One(node) => node.ask(command).await,
            #[cfg(feature = "cluster")]
            Servers::Cluster(cluster) => cluster.ask(self.number, command).await,
        }
    }

    /// Sends commands together, and then one more: of what that reads the server says what changes, where it does so at all.
    /// What each of them answers.
    pub(super) async fn ask_marked<const N: usize>(
        &self,
        mut commands: Pipeline,
        marked: Cmd,
    ) -> Result<[Value; N], Fault> {
        let marks = self.line.tracks == Tracks::Marked;
        if marks {
            commands.add_command(node::mark());
        }
        commands.add_command(marked);
        let mut answers = self.ask_all(&commands).await?;
        if marks && answers.len() > 1 {
            answers.remove(answers.len() - 2);
        }
        answers.try_into().map_err(|_| Fault::Answer(""))
    }

    /// Sends commands about names in it together. They can be repeated.
    pub(super) async fn ask_all(&self, commands: &Pipeline) -> Result<Vec<Value>, Fault> {
        match &self.line.servers {
            Servers::One(node) => node.ask_all(commands).await,
            #[cfg(feature = "cluster")]
            Servers::Cluster(cluster) => cluster.ask_all(self.number, commands).await,
        }
    }
}

/// Where the server may be.
#[cfg(feature = "sentinel")]
async fn servers(settings: &Settings) -> Result<Vec<(String, u16)>, Fault> {
    match &settings.sentinel {
        None => Ok(vec![(settings.host.clone(), settings.port)]),
        Some(sentinel) => super::sentinel::masters(settings, sentinel).await,
    }
}

/// Where the server is.
#[cfg(not(feature = "sentinel"))]
#[expect(clippy::unused_async, reason = "the shape of the real one")]
async fn servers(settings: &Settings) -> Result<Vec<(String, u16)>, Fault> {
    match &settings.sentinel {
        None => Ok(vec![(settings.host.clone(), settings.port)]),
        Some(_) => Err(Fault::Sentinels),
    }
}
