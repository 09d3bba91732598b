//! A real cluster.

use std::collections::HashSet;

use cachefn_backends::redis::Settings;

use crate::{Options, RedisServer, until};

const SLOTS: usize = 16_384;

/// Three masters or more, each with a share of the slots.
#[derive(Debug)]
pub struct Cluster {
    /// The masters, as they are at first.
    pub masters: Vec<RedisServer>,
}

impl Cluster {
    /// Starts three masters, and waits until they have found each other.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// The same with options for each of them.
    pub async fn with(options: Options) -> Self {
        let options = Options { cluster: true, ..options };
        let cluster = Self { masters: (0..3).map(|_| RedisServer::with(options.clone())).collect() };
        for (number, master) in cluster.masters.iter().enumerate() {
            let (first, after) = (SLOTS * number / 3, SLOTS * (number + 1) / 3);
            master.ask::<()>(&["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()]);
            master.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &(after - 1).to_string()]);
        }
        for other in &cluster.masters[1..] {
            cluster.meet(other);
        }
        cluster.is_whole(&[]).await;
        cluster
    }

    /// Adds a node, which is a master without slots.
    pub async fn add(&self, options: Options) -> RedisServer {
        let node = RedisServer::with(Options { cluster: true, ..options });
        self.meet(&node);
        self.is_whole(&[&node]).await;
        node
    }

    /// Adds a replica of a master.
    pub async fn replica(&self, master: usize) -> RedisServer {
        let line = ["repl-diskless-sync-delay", "0"];
        let node =
            self.add(Options::default().line(&line).line(&["cluster-replica-validity-factor", "0"])).await;
        node.ask::<()>(&["CLUSTER", "REPLICATE", &id(&self.masters[master])]);
        let up = || node.ask::<String>(&["INFO", "replication"]).contains("master_link_status:up");
        until("the replica is one", up).await;
        for master in &self.masters {
            let known = || master.ask::<String>(&["CLUSTER", "NODES"]).contains("slave");
            until("the replica is seen", known).await;
        }
        node
    }

    /// What the backend needs to use it, by its first node.
    pub fn settings(&self) -> Settings {
        self.masters[0].settings()
    }

    /// The names of the keys that contain `part`, of all masters.
    pub fn keys(&self, part: &str) -> Vec<String> {
        self.masters.iter().flat_map(|master| master.keys(part)).collect()
    }

    /// The slot of a name.
    pub fn slot(&self, name: &str) -> usize {
        self.masters[0].ask(&["CLUSTER", "KEYSLOT", name])
    }

    /// Which of the masters served a slot at first.
    pub fn first_server(slot: usize) -> usize {
        (0..3).rfind(|number| SLOTS * number / 3 <= slot).unwrap_or(0)
    }

    /// Puts a slot on its way, with nothing of what stands there.
    pub fn begin_moving(&self, slot: usize, from: &RedisServer, to: &RedisServer) {
        let slot = slot.to_string();
        to.ask::<()>(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &id(from)]);
        from.ask::<()>(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &id(to)]);
    }

    /// Moves some of what stands in a slot that is on its way.
    pub fn move_keys(&self, names: &[String], from: &RedisServer, to: &RedisServer) {
        let port = to.port().to_string();
        let words = ["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
        let names = names.iter().map(String::as_str);
        from.ask::<String>(&words.into_iter().chain(names).collect::<Vec<_>>());
    }

    /// Ends what [`begin_moving`](Self::begin_moving) began, as `redis-cli` does it.
    pub fn finish_moving(&self, slot: usize, from: &RedisServer, to: &RedisServer) {
        let text = slot.to_string();
        loop {
            let names: Vec<String> = from.ask(&["CLUSTER", "GETKEYSINSLOT", &text, "1000"]);
            if names.is_empty() {
                break;
            }
            self.move_keys(&names, from, to);
        }
        // Whoever is not told may hear of it too late, and then object.
        for node in [to, from].into_iter().chain(&self.masters) {
            node.ask::<()>(&["CLUSTER", "SETSLOT", &text, "NODE", &id(to)]);
        }
    }

    /// Waits until the masters agree about who serves which slot since when: who has not heard of the last change claims
    /// the next one as early as others, and then both may serve.
    pub async fn agrees(&self) {
        let view = |master: &RedisServer| {
            let nodes: String = master.ask(&["CLUSTER", "NODES"]);
            let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
            let nodes = nodes.lines().map(words).filter(|words| words[2].contains("master"));
            let slots = |word: &String| !word.starts_with('[');
            // Id, the number of the last change, slots.
            let mut nodes: Vec<_> = nodes
                .map(|words| {
                    (
                        words[0].clone(),
                        words[6].clone(),
                        words[8..].iter().filter(|w| slots(w)).cloned().collect::<Vec<_>>(),
                    )
                })
                .collect();
            nodes.sort();
            nodes
        };
        until("the masters agree", || {
            let first = view(&self.masters[0]);
            let changes: HashSet<_> = first.iter().map(|(_, change, _)| change.clone()).collect();
            changes.len() == first.len() && self.masters.iter().all(|master| view(master) == first)
        })
        .await;
    }

    fn meet(&self, node: &RedisServer) {
        let known: String = node.ask(&["CLUSTER", "NODES"]);
        // `id host:port@bus …`
        let bus = known.split(['@', ' ', ',']).nth(2).expect("a node knows itself");
        let port = if node.is_certified() { node.tls_port() } else { node.port() };
        self.masters[0].ask::<()>(&["CLUSTER", "MEET", "127.0.0.1", &port.to_string(), bus]);
    }

    /// Waits until every node finds the cluster whole, and knows these nodes too.
    pub async fn is_whole(&self, more: &[&RedisServer]) {
        let count = self.masters.len() + more.len();
        for node in self.masters.iter().chain(more.iter().copied()) {
            until("the cluster is whole", || {
                let info: String = node.ask(&["CLUSTER", "INFO"]);
                let known: String = node.ask(&["CLUSTER", "NODES"]);
                let seen = known.lines().filter(|line| line.contains(" connected")).count();
                info.contains("cluster_state:ok") && seen >= count && !known.contains("handshake")
            })
            .await;
        }
    }
}

fn id(node: &RedisServer) -> String {
    node.ask(&["CLUSTER", "MYID"])
}
