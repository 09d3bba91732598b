//! Where Redis is and how to log in.

use std::fmt;
use std::time::Duration;

use url::Url;

/// One Redis server. `Debug` shows neither user name nor password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisConfig {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) db: i64,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) timeout: Duration,
    pub(super) tls: bool,
    pub(super) ca_file: Option<String>,
}

impl RedisConfig {
    /// Its host name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
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

    #[cfg(feature = "redis")]
    pub(crate) fn settings(&self, prefix: &str, near: bool) -> cachefn_backends::redis::Settings {
        cachefn_backends::redis::Settings {
            host: self.host.clone(),
            port: self.port,
            db: self.db,
            username: self.username.clone(),
            password: self.password.clone(),
            timeout: self.timeout,
            near,
            prefix: prefix.to_owned(),
            tls: self
                .tls
                .then(|| cachefn_backends::redis::Tls { ca_file: self.ca_file.as_deref().map(Into::into) }),
        }
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("db", &self.db)
            .field("username", &self.username.as_ref().map(|_| "***"))
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("timeout", &self.timeout)
            .field("tls", &self.tls)
            .field("ca_file", &self.ca_file)
            .finish()
    }
}

/// Reads `redis://[user[:password]@]host[:port][/db]`, or `rediss://` for TLS. The text of a URL is never repeated in an
/// error: it may hold a password.
pub(super) fn from_url(text: &str, timeout: Duration) -> Result<RedisConfig, String> {
    let encode = "a user name or password in it must be percent-encoded, or set REDIS_PASSWORD instead";
    let url = Url::parse(text.trim())
        .map_err(|_| format!("it is not a URL such as `redis://host:6379/0`; {encode}"))?;
    let tls = match url.scheme() {
        "redis" => false,
        "rediss" => true,
        scheme if scheme.contains("sentinel") => {
            return Err(
                "sentinels are not part of this version: write `redis://` and the server's address".into()
            );
        }
        _ => return Err("its scheme is neither `redis://` nor `rediss://`".into()),
    };
    if url.fragment().is_some() || url.query().is_some() {
        return Err(format!("nothing may follow the database number; {encode}"));
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it names no host")?;
    let path = url.path().trim_start_matches('/');
    Ok(RedisConfig {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: url.port().unwrap_or(6379),
        db: if path.is_empty() {
            0
        } else {
            db(path).map_err(|_| format!("its path is no database number; {encode}"))?
        },
        username: decoded(url.username())?,
        password: url.password().map(decoded).transpose()?.flatten(),
        timeout,
        tls,
        ca_file: None,
    })
}

fn decoded(text: &str) -> Result<Option<String>, String> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| "its user name or password is not UTF-8 after percent-decoding")?;
    Ok(Some(decoded.into_owned()).filter(|text| !text.is_empty()))
}

pub(super) fn host(text: &str) -> Result<String, String> {
    let unfit = |c: char| c.is_whitespace() || c.is_control() || "/@".contains(c);
    if text.contains(unfit) {
        return Err("it is a host name or address alone: a whole URL belongs into REDIS_URL".into());
    }
    Ok(text.trim_matches(['[', ']']).to_owned())
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err(format!("`{text}` is not a port: write a number from 1 to 65535")),
        Ok(port) => Ok(port),
    }
}

pub(super) fn db(text: &str) -> Result<i64, String> {
    match text.parse() {
        Ok(db) if db >= 0 => Ok(db),
        _ => Err(format!("`{text}` is not a database number: write `0`, `1`, …")),
    }
}
