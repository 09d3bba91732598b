//! A master, its replica and their sentinels.

use cachefn_backends::redis::{Sentinel, Settings};

use crate::{Options, RedisServer, until};

/// Two servers, one of which is the other's replica, and those who watch them.
#[derive(Debug)]
pub struct Watched {
    /// The master and its replica, as they are at first.
    pub servers: [RedisServer; 2],
    /// Those who call the master `main`.
    pub sentinels: Vec<RedisServer>,
}

impl Watched {
    /// The password of both servers.
    pub const PASSWORD: &str = "sesame-watched";

    /// Starts them all, and waits until they have found each other.
    ///
    /// # Panics
    ///
    /// If they do not.
    pub async fn by(count: usize, password: Option<&str>) -> Self {
        let options = Options { password: Some(Self::PASSWORD.into()), ..Options::default() }
            .line(&["masterauth", Self::PASSWORD])
            .line(&["repl-diskless-sync-delay", "0"]);
        let master = RedisServer::with(options.clone());
        let port = master.port().to_string();
        let replica = RedisServer::with(options.line(&["replicaof", "127.0.0.1", &port]));
        let info = |server: &RedisServer| server.ask::<String>(&["INFO", "replication"]);
        until("the replica is one", || info(&replica).contains("master_link_status:up")).await;
        let quorum = count / 2 + 1;
        let sentinels: Vec<_> =
            (0..count).map(|_| RedisServer::with(watch(master.port(), quorum, password))).collect();
        for sentinel in &sentinels {
            let sees = |command: &str| {
                let others: Vec<Vec<String>> = sentinel.ask(&["SENTINEL", command, "main"]);
                others.iter().filter(|other| other.iter().all(|word| !word.contains("disconnected"))).count()
            };
            until("the replica is seen", || sees("replicas") == 1).await;
            until("they see each other", || sees("sentinels") == count - 1).await;
        }
        Self { servers: [master, replica], sentinels }
    }

    /// What the backend needs to find the master.
    pub fn settings(&self) -> Settings {
        let ports: Vec<_> = self.sentinels.iter().map(RedisServer::port).collect();
        let others = ports[1..].iter().map(|port| ("127.0.0.1".to_owned(), *port)).collect();
        let sentinel = Some(Sentinel { service: "main".into(), others });
        Settings { port: ports[0], sentinel, ..self.servers[0].settings() }
    }
}

/// A sentinel that calls the server at a port `main`, and lets those in who have the password, if there is one.
pub fn watch(port: u16, quorum: usize, password: Option<&str>) -> Options {
    let options = Options { sentinel: true, password: password.map(str::to_owned), ..Options::default() }
        .line(&["sentinel", "monitor", "main", "127.0.0.1", &port.to_string(), &quorum.to_string()])
        .line(&["sentinel", "down-after-milliseconds", "main", "500"])
        .line(&["sentinel", "failover-timeout", "main", "4000"])
        .line(&["sentinel", "auth-pass", "main", Watched::PASSWORD]);
    // What sentinels ask each other they log in for likewise.
    match password {
        None => options,
        Some(password) => options.line(&["sentinel", "sentinel-pass", password]),
    }
}
