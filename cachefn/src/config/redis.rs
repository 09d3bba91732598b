//! Where Redis is and how to log in.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::socket;

/// One Redis server, or a cluster. `Debug` shows neither user name nor password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisConfig {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) socket: Option<PathBuf>,
    pub(super) db: i64,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) timeout: Duration,
    pub(super) tls: bool,
    pub(super) ca_file: Option<String>,
    pub(super) sentinel: Option<Sentinel>,
    pub(super) cluster: bool,
    pub(super) keep: bool,
}

/// A name that sentinels know a master by, and where the sentinels are beside the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sentinel {
    pub(super) service: String,
    pub(super) others: Vec<(String, u16)>,
}

impl RedisConfig {
    /// The server at an address, of which nothing else is known.
    pub(super) fn at(host: String, port: u16) -> Self {
        Self {
            host,
            port,
            socket: None,
            db: 0,
            username: None,
            password: None,
            timeout: Duration::from_millis(250),
            tls: false,
            ca_file: None,
            sentinel: None,
            cluster: false,
            keep: false,
        }
    }

    /// The path of its socket, where it is reached by one: host and port mean nothing then.
    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// Its host name or address; the first sentinel's where there are sentinels.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port; the first sentinel's where there are sentinels.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The number of its database.
    pub fn db(&self) -> i64 {
        self.db
    }

    /// The longest all its steps of one call may take together.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether it is reached by TLS.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// The name by which sentinels know it.
    pub fn service(&self) -> Option<&str> {
        self.sentinel.as_ref().map(|sentinel| sentinel.service.as_str())
    }

    /// Whether it is a node of a cluster, by which the others are found.
    pub fn cluster(&self) -> bool {
        self.cluster
    }

    /// Whether entries outlive a change of the server.
    pub fn keep(&self) -> bool {
        self.keep
    }

    #[cfg(feature = "redis")]
    pub(crate) fn settings(&self, prefix: &str, near: bool) -> cachefn_backends::redis::Settings {
        cachefn_backends::redis::Settings {
            host: self.host.clone(),
            port: self.port,
            socket: self.socket.clone(),
            db: self.db,
            username: self.username.clone(),
            password: self.password.clone(),
            timeout: self.timeout,
            near,
            prefix: prefix.to_owned(),
            tls: self
                .tls
                .then(|| cachefn_backends::redis::Tls { ca_file: self.ca_file.as_deref().map(Into::into) }),
            sentinel: self.sentinel.clone().map(|sentinel| cachefn_backends::redis::Sentinel {
                service: sentinel.service,
                others: sentinel.others,
            }),
            cluster: self.cluster,
            keep: self.keep,
            secret_check: None,
        }
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("socket", &self.socket)
            .field("db", &self.db)
            .field("username", &self.username.as_ref().map(|_| "***"))
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("timeout", &self.timeout)
            .field("tls", &self.tls)
            .field("ca_file", &self.ca_file)
            .field("sentinel", &self.sentinel)
            .field("cluster", &self.cluster)
            .field("keep", &self.keep)
            .finish()
    }
}

pub(super) const ENCODE: &str =
    "a user name or password in it must be percent-encoded, or set REDIS_PASSWORD instead";

/// Reads `redis://[user[:password]@]host[:port][/db]`, or `rediss://` for TLS, or
/// `redis+sentinel://[user[:password]@]host[:port][,host[:port]…]/service[/db]`, or `unix://` with the path of a socket.
/// The text of a URL is never repeated in an error: it may hold a password.
pub(super) fn from_url(text: &str) -> Result<RedisConfig, String> {
    if let Some(rest) = text.strip_prefix("unix://").or_else(|| text.strip_prefix("redis+unix://")) {
        return socket::from_url(rest);
    }
    match text.split_once("+sentinel://") {
        Some((scheme @ ("redis" | "rediss"), rest)) => from_sentinels(scheme, rest),
        _ => of_a_server(text, 6379),
    }
}

/// The part of the URL that one server would have, and then what it has more.
fn from_sentinels(scheme: &str, rest: &str) -> Result<RedisConfig, String> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (hosts, others) = authority.split_once(',').unwrap_or((authority, ""));
    let (service, db) = path.split_once('/').unwrap_or((path, ""));
    let mut config = of_a_server(&format!("{scheme}://{hosts}/{db}"), 26379)?;
    let service = decoded(service)?.ok_or_else(|| {
        format!("it names no master: write `redis+sentinel://host:26379,host:26379/name/0`; {ENCODE}")
    })?;
    let others = others.split(',').filter(|other| !other.is_empty()).map(|other| {
        let unfit = other.contains(['@', '?', '#']);
        let other = of_a_server(&format!("redis://{other}"), 26379);
        other.ok().filter(|_| !unfit).map(|other| (other.host, other.port))
    });
    let others: Option<_> = others.collect();
    let others = others.ok_or_else(|| format!("its sentinels are not hosts with ports; {ENCODE}"))?;
    config.sentinel = Some(Sentinel { service, others });
    Ok(config)
}

fn of_a_server(text: &str, port: u16) -> Result<RedisConfig, String> {
    let url =
        Url::parse(text).map_err(|_| format!("it is not a URL such as `redis://host:6379/0`; {ENCODE}"))?;
    let tls = match url.scheme() {
        "redis" => false,
        "rediss" => true,
        _ => {
            return Err(
                "its scheme is none of `redis://`, `rediss://`, `redis+sentinel://`, `unix://`".into()
            );
        }
    };
    if url.fragment().is_some() || url.query().is_some() {
        return Err(format!("nothing may follow the database number, neither `?` nor `#`; {ENCODE}"));
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it names no host")?;
    let path = url.path().trim_start_matches('/');
    Ok(RedisConfig {
        db: if path.is_empty() {
            0
        } else {
            db(path).map_err(|_| format!("its path is no database number; {ENCODE}"))?
        },
        username: decoded(url.username())?,
        password: url.password().map(decoded).transpose()?.flatten(),
        tls,
        ..RedisConfig::at(host.trim_matches(['[', ']']).to_owned(), url.port().unwrap_or(port))
    })
}

pub(super) fn decoded(text: &str) -> Result<Option<String>, String> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| "a part of it is not UTF-8 after percent-decoding")?;
    Ok(Some(decoded.into_owned()).filter(|text| !text.is_empty()))
}

pub(super) fn host(text: &str) -> Result<String, String> {
    let unfit = |c: char| c.is_whitespace() || c.is_control() || "/@,\"'`".contains(c);
    if text.contains(unfit) {
        return Err("it is a host name or address alone: a whole URL belongs into REDIS_URL".into());
    }
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = inner.split_once('%').map_or(inner, |(address, _)| address);
    if inner.contains(':') && address.parse::<Ipv6Addr>().is_err() {
        return Err("it is a host name or address alone: write its port into REDIS_PORT".into());
    }
    Ok(inner.to_owned())
}

/// Reads a port, or what Kubernetes writes there beside a service named `redis`: `tcp://host:port`.
pub(super) fn port(text: &str) -> Result<(Option<String>, u16), String> {
    let (host, port) =
        match text.strip_prefix("tcp://").map(|text| text.trim_end_matches('/').rsplit_once(':')) {
            Some(Some((host, port))) => (host_of_service(host), port),
            _ => (None, text),
        };
    match port.parse() {
        Ok(0) | Err(_) => Err("it is not a port: write a number from 1 to 65535".into()),
        Ok(port) => Ok((host, port)),
    }
}

fn host_of_service(text: &str) -> Option<String> {
    host(text).ok().filter(|host| !host.is_empty())
}

pub(super) fn db(text: &str) -> Result<i64, String> {
    match text.parse() {
        Ok(db) if db >= 0 => Ok(db),
        _ => Err("it is not a database number: write `0`, `1`, …".into()),
    }
}
