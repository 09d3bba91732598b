//! Which server, and how long a call may wait for it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use redis::{ProtocolVersion, RedisConnectionInfo};

/// What it takes to reach a Redis server and to know one's own entries there.
///
/// User name and password may hold any characters: they are sent as bytes, no URL is assembled from
/// them. [`Debug`](fmt::Debug) shows neither.
#[derive(Clone)]
pub struct Settings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The path of the server's socket, if it is reached by one instead of host and port.
    pub socket: Option<PathBuf>,
    /// Number of the database.
    pub db: i64,
    /// User name; without one the server's default user.
    pub username: Option<String>,
    /// Password.
    pub password: Option<String>,
    /// How long one call may wait for Redis, all its steps together.
    pub timeout: Duration,
    /// Whether the server is asked to say what changes, so that memory may speak for it.
    pub near: bool,
    /// First part of every key, so that applications can share a server.
    pub prefix: String,
    /// TLS, if the server is reached by it. That needs the feature `rustls`.
    pub tls: Option<Tls>,
    /// What the server is called by the sentinels, if it is one of theirs: host and port are a sentinel's then. That
    /// needs the feature `sentinel`.
    pub sentinel: Option<Sentinel>,
    /// Whether the server is a node of a cluster, by which the others are found. That needs the feature `cluster`, and
    /// nothing that changes there is told.
    pub cluster: bool,
    /// Whether entries outlive a change of the server: one that was started from its snapshot, or a replica that has been
    /// promoted, may then bring back what was invalidated, until its time is over.
    pub keep: bool,
    /// A value that tells the secret of this process from others, and reveals nothing of it: what stands at the server is
    /// compared with it, and a difference logged.
    pub secret_check: Option<String>,
}

/// A master, by the word of its sentinels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentinel {
    /// The name they know it by.
    pub service: String,
    /// Hosts and ports of further sentinels.
    pub others: Vec<(String, u16)>,
}

/// How TLS is spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The certificates of the authorities that are trusted, in PEM; without it those that the system trusts. It is
    /// read whenever a connection is made.
    pub ca_file: Option<PathBuf>,
}

impl Settings {
    /// The address without user name and password, for logs.
    pub fn address(&self) -> String {
        if let Some(socket) = &self.socket {
            return format!("unix://{}?db={}", socket.display(), self.db);
        }
        let scheme = if self.tls.is_some() { "rediss" } else { "redis" };
        let server = place(&self.host, self.port);
        let Some(sentinel) = &self.sentinel else { return format!("{scheme}://{server}/{}", self.db) };
        let others = sentinel.others.iter().map(|(host, port)| place(host, *port));
        let sentinels: Vec<_> = [server].into_iter().chain(others).collect();
        format!("{scheme}+sentinel://{}/{}/{}", sentinels.join(","), sentinel.service, self.db)
    }

    /// The server alone, for logs: its host and port, or its socket.
    pub(super) fn server(&self) -> String {
        match &self.socket {
            Some(socket) => socket.display().to_string(),
            None => place(&self.host, self.port),
        }
    }

    /// The login for the client library. The database is left out: it is selected by a command of
    /// its own, so that a refusal can be told from a refused login.
    pub(super) fn login(&self, protocol: ProtocolVersion) -> RedisConnectionInfo {
        let mut login = RedisConnectionInfo::default().set_protocol(protocol).set_skip_set_lib_name();
        if let Some(username) = self.username.as_deref().filter(|name| !name.is_empty()) {
            login = login.set_username(username);
        }
        if let Some(password) = self.password.as_deref().filter(|password| !password.is_empty()) {
            login = login.set_password(password);
        }
        login
    }
}

/// Host and port as they stand in addresses.
pub(super) fn place(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("socket", &self.socket)
            .field("db", &self.db)
            .field("tls", &self.tls)
            .field("sentinel", &self.sentinel)
            .field("cluster", &self.cluster)
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_the_address_show_user_name_and_password() {
        let settings = Settings {
            host: "::1".into(),
            port: 6379,
            socket: None,
            db: 3,
            username: Some("sesame-user".into()),
            password: Some("sesame-word".into()),
            timeout: Duration::from_millis(250),
            near: true,
            prefix: "p".into(),
            tls: None,
            sentinel: None,
            cluster: false,
            keep: false,
            secret_check: None,
        };
        assert_eq!(settings.address(), "redis://[::1]:6379/3");
        let local = Settings { socket: Some("/run/redis.sock".into()), ..settings.clone() };
        assert_eq!(local.address(), "unix:///run/redis.sock?db=3");
        let encrypted = Settings { tls: Some(Tls::default()), ..settings.clone() };
        assert_eq!(encrypted.address(), "rediss://[::1]:6379/3");
        let others = vec![("b".to_owned(), 2)];
        let sentinel = Some(Sentinel { service: "main".into(), others });
        let watched = Settings { sentinel, ..encrypted };
        assert_eq!(watched.address(), "rediss+sentinel://[::1]:6379,b:2/main/3");
        assert!(!format!("{settings:?} {watched:?} {local:?}").contains("sesame"));
    }
}
