//! What can go wrong on a connection, and what follows from it.
//!
//! The client library's errors carry the server's text, and servers echo arguments, passwords among
//! them. They end here: a fault has words of our own and nothing else.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use redis::RedisError;

use super::permits::Missing;
use crate::error::{Error, ErrorKind};

/// One class of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    /// No answer in time.
    Timeout,
    /// So much is under way that this was not asked.
    Busy,
    /// Not even a ping was answered in time.
    Silent,
    /// Nobody listens there.
    Refused,
    /// The connection broke, or the name could not be resolved.
    Broken,
    /// The server's socket may not be opened.
    Socket,
    /// Loading, no master, read-only, cannot persist, busy with a script.
    Unready,
    /// The server has as many clients as it wants.
    Crowded,
    /// User name or password.
    Login,
    /// Something that the user may not do.
    Permission(Missing),
    /// The database number.
    Database,
    /// A cluster node, reached by a client that knows no cluster.
    Cluster,
    /// A cluster of which a part is served by nobody.
    Down,
    /// The slot is on its way from one node of the cluster to another.
    #[cfg(feature = "cluster")]
    Moving,
    /// A master of the cluster that was not known.
    #[cfg(feature = "cluster")]
    Resharded,
    /// No cluster node.
    #[cfg(feature = "cluster")]
    Single,
    /// Out of memory: `maxmemory` without eviction.
    Full,
    /// A script is not loaded.
    NoScript,
    /// An answer that does not fit the command, whose name it is.
    Answer(&'static str),
    /// A command that the server does not know.
    Unknown(&'static str),
    /// TLS.
    Tls(Handshake),
    /// No sentinel names the server any more.
    Replaced,
    /// No sentinel answers with anything.
    Sentinels,
    /// Sentinels do not let us in.
    #[cfg(feature = "sentinel")]
    SentinelLogin,
    /// Sentinels know no master of that name.
    #[cfg(feature = "sentinel")]
    Service,
    /// The server that the sentinels name is a replica.
    #[cfg(feature = "sentinel")]
    Replica,
}

/// Why there is no TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(not(feature = "rustls"), expect(dead_code, reason = "without it there is one reason"))]
pub(super) enum Handshake {
    /// It is not built in.
    #[cfg(not(feature = "rustls"))]
    Absent,
    /// The server does not answer: it may wait for the end of a command.
    Unanswered,
    /// The server speaks none, or another one.
    Failed,
    /// There are no authorities to judge certificates by.
    Authorities,
    /// The server's certificate is of nobody we trust.
    Issuer,
    /// The server's certificate is of another host.
    Name,
    /// The server's certificate is too old, or too new.
    Expired,
    /// The server's certificate is bad in another way.
    Certificate,
    /// The server wants a certificate of the client.
    Client,
}

impl Fault {
    /// The class in words.
    pub(super) fn words(self) -> Cow<'static, str> {
        match self {
            Self::Permission(missing) if missing != Missing::default() => return missing.to_string().into(),
            Self::Answer(name) if !name.is_empty() => {
                return format!("answer to {name} not understood").into();
            }
            Self::Unknown(name) if !name.is_empty() => return format!("server does not know {name}").into(),
            _ => {}
        }
        Cow::Borrowed(match self {
            Self::Timeout => "no answer in time",
            Self::Busy => "too much is under way",
            Self::Silent => "no sign of life",
            Self::Refused => "connection refused",
            Self::Socket => "this process may not open the socket, see REDIS_URL",
            Self::Broken => "connection broken or host unknown",
            Self::Unready => "server is loading, read-only, cannot persist or is busy",
            Self::Crowded => "server has reached its maximum of clients",
            Self::Login => {
                "user name or password refused, see REDIS_USERNAME and REDIS_PASSWORD, or those in REDIS_URL, which wins"
            }
            Self::Permission(_) => "user may not do what is needed, see REDIS_USERNAME",
            Self::Database => "database does not exist or cannot be selected, see REDIS_DB",
            Self::Cluster => "server is a cluster node, see REDIS_CLUSTER",
            Self::Down => "cluster is down, some of its slots are served by nobody",
            #[cfg(feature = "cluster")]
            Self::Moving => "slot is on its way to another node",
            #[cfg(feature = "cluster")]
            Self::Resharded => "cluster has another master",
            #[cfg(feature = "cluster")]
            Self::Single => "server is no node of a cluster, see REDIS_CLUSTER",
            Self::Full => "server is out of memory",
            Self::NoScript => "server does not keep scripts",
            Self::Answer(_) => "answer not understood",
            Self::Unknown(_) => "server does not know a command that is needed",
            Self::Tls(handshake) => handshake.words(),
            Self::Replaced => "sentinels name another master",
            Self::Sentinels => "no sentinel answers",
            #[cfg(feature = "sentinel")]
            Self::SentinelLogin => "sentinels refuse user name or password, see REDIS_URL",
            #[cfg(feature = "sentinel")]
            Self::Service => "sentinels know no master of that name, see REDIS_URL",
            #[cfg(feature = "sentinel")]
            Self::Replica => "sentinels name a server that is no master, or not yet",
        })
    }

    /// Whether the server works and only the configuration keeps us out: trying again quickly is no
    /// use, and somebody has to know.
    pub(super) fn needs_a_human(self) -> bool {
        match self {
            Self::Login
            | Self::Permission(_)
            | Self::Unknown(_)
            | Self::Database
            | Self::Cluster
            | Self::Socket => true,
            #[cfg(feature = "cluster")]
            Self::Single => true,
            Self::Tls(handshake) => handshake != Handshake::Unanswered,
            #[cfg(feature = "sentinel")]
            Self::SentinelLogin | Self::Service => true,
            _ => false,
        }
    }

    /// Whether the server cannot be relied on after it. Out of memory it still reads and unlinks, and a slot on its way
    /// arrives.
    pub(super) fn costs_trust(self) -> bool {
        match self {
            Self::Full | Self::Busy => false,
            #[cfg(feature = "cluster")]
            Self::Moving => false,
            _ => true,
        }
    }

    /// The same, where it is what a command was answered.
    pub(super) fn about(self, name: &'static str) -> Self {
        match self {
            Self::Answer("") => Self::Answer(name),
            Self::Unknown("") => Self::Unknown(name),
            fault => fault,
        }
    }

    /// The class of the server's or the library's error.
    pub(super) fn of(error: &RedisError) -> Self {
        match (error.code(), error.kind()) {
            (Some("ERR"), _) => Self::of_text(error.detail().unwrap_or_default()),
            (Some(code), _) => Self::of_code(code).unwrap_or(Self::Answer("")),
            (None, redis::ErrorKind::AuthenticationFailed) => Self::Login,
            (None, redis::ErrorKind::Io) => io_error(error).map_or(Self::Broken, Self::of_io),
            (None, redis::ErrorKind::Parse) => Self::Broken,
            (None, _) => Self::Answer(""),
        }
    }

    /// The class of an error of the connection.
    pub(super) fn of_io(error: &io::Error) -> Self {
        #[cfg(feature = "rustls")]
        if let Some(handshake) = super::tls::failure(error) {
            return Self::Tls(handshake);
        }
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::Timeout,
            io::ErrorKind::ConnectionRefused => Self::Refused,
            _ => Self::Broken,
        }
    }

    fn of_code(code: &str) -> Option<Self> {
        Some(match code {
            "LOADING" | "MASTERDOWN" | "READONLY" | "MISCONF" | "NOREPLICAS" | "BUSY" | "UNBLOCKED"
            | "TRYAGAIN" => Self::Unready,
            "CLUSTERDOWN" => Self::Down,
            "NOAUTH" | "WRONGPASS" => Self::Login,
            "NOPERM" | "DENIED" => Self::Permission(Missing::default()),
            "MOVED" | "ASK" | "CROSSSLOT" => Self::Cluster,
            "OOM" => Self::Full,
            "NOSCRIPT" => Self::NoScript,
            _ => return None,
        })
    }

    /// Before version 7 an error inside a script is an `ERR` whose text ends in `: -CODE text`. What a user may not do
    /// inside a script has words instead of a code.
    fn of_text(text: &str) -> Self {
        let inner = text.rsplit_once(": -").and_then(|(_, inner)| inner.split(' ').next());
        if text.starts_with("max number of clients") {
            Self::Crowded
        } else if ["unknown command", "unknown subcommand", "unsupported command", "unknown redis command"]
            .iter()
            .any(|words| text.to_ascii_lowercase().starts_with(words))
        {
            Self::Unknown("")
        } else if ["The user executing the script can't", "ACL failure in script"]
            .iter()
            .any(|words| text.contains(words))
        {
            Self::Permission(Missing::default())
        } else {
            inner.and_then(Self::of_code).unwrap_or(Self::Answer(""))
        }
    }
}

impl Handshake {
    fn words(self) -> &'static str {
        match self {
            #[cfg(not(feature = "rustls"))]
            Self::Absent => "TLS needs the feature `rustls`",
            Self::Unanswered => "no answer to TLS, which the server may not speak, see REDIS_URL",
            Self::Failed => "no TLS with the server, see REDIS_URL",
            Self::Authorities => "no certificates of authorities can be read, see REDIS_CA_FILE",
            Self::Issuer => "certificate of the server is by nobody who is trusted, see REDIS_CA_FILE",
            Self::Name => "certificate of the server is of another host, see REDIS_URL",
            Self::Expired => "certificate of the server has expired or is not valid yet",
            Self::Certificate => "certificate of the server cannot be accepted",
            Self::Client => "server wants a certificate of its clients, which is not supported",
        }
    }
}

/// What the library found wrong with the connection.
fn io_error(error: &RedisError) -> Option<&io::Error> {
    // The library hands out the box it keeps the error in.
    let kept: &Arc<dyn StdError + Send + Sync> = StdError::source(error)?.downcast_ref()?;
    kept.downcast_ref()
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::new(match fault {
            Fault::Timeout | Fault::Tls(Handshake::Unanswered) => ErrorKind::Timeout,
            Fault::Silent | Fault::Refused | Fault::Broken | Fault::Replaced | Fault::Sentinels => {
                ErrorKind::Connection
            }
            Fault::Unready | Fault::Crowded | Fault::Down => ErrorKind::Unready,
            #[cfg(feature = "cluster")]
            Fault::Moving | Fault::Resharded => ErrorKind::Unready,
            #[cfg(feature = "cluster")]
            Fault::Single => ErrorKind::Misconfigured,
            Fault::Permission(missing) if missing.is_of_server() => ErrorKind::Misconfigured,
            Fault::Login | Fault::Permission(_) | Fault::Socket => ErrorKind::Denied,
            Fault::Unknown(_) | Fault::Database | Fault::Cluster | Fault::Tls(_) => ErrorKind::Misconfigured,
            #[cfg(feature = "sentinel")]
            Fault::SentinelLogin => ErrorKind::Denied,
            #[cfg(feature = "sentinel")]
            Fault::Service => ErrorKind::Misconfigured,
            #[cfg(feature = "sentinel")]
            Fault::Replica => ErrorKind::Unready,
            Fault::Busy => ErrorKind::Busy,
            Fault::Full => ErrorKind::Full,
            Fault::NoScript | Fault::Answer(_) => ErrorKind::Protocol,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_inside_scripts_are_known_in_the_wording_of_old_servers() {
        let oom = "Error running script (call to f_0): @user_script:5: -OOM command not allowed";
        assert_eq!(Fault::of_text(oom), Fault::Full);
        let readonly = "Error running script (call to f_0): @user_script:5: @user_script: 5: -READONLY You";
        assert_eq!(Fault::of_text(readonly), Fault::Unready);
        let denied = "The user executing the script can't run this command or subcommand script: f_0, on @user_script:1.";
        assert_eq!(Fault::of_text(denied), Fault::Permission(Missing::default()));
        assert_eq!(Fault::of_text("max number of clients reached"), Fault::Crowded);
        assert_eq!(Fault::of_text("something: -new"), Fault::Answer(""));
        let unknown = "unknown command 'PTTL', with args beginning with: 'k'";
        assert_eq!(Fault::of_text(unknown).about("PTTL").words(), "server does not know PTTL");
        assert_eq!(Fault::of_text("odd").about("PTTL").words(), "answer to PTTL not understood");
    }
}
