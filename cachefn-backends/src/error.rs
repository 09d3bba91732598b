//! What can go wrong between a call and a backend. Callers of cached functions never see it.

use std::fmt;

/// Why a backend did not do what it was asked. It holds no text of the server: servers echo
/// arguments, passwords among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
}

/// The classes of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The backend is not in use at the moment; nothing was sent.
    Away,
    /// No answer in time. What was asked may still happen.
    Timeout,
    /// As many questions are under way as may be; nothing was sent.
    Busy,
    /// The connection broke or was refused.
    Connection,
    /// The server answers, but not with data: loading, no master, read-only, too many clients…
    Unready,
    /// User name or password refused, or a command not permitted.
    Denied,
    /// The server is out of memory: reads and invalidations work, values cannot be stored.
    Full,
    /// The server does not do what the configuration asks of it (database number, cluster node…).
    Misconfigured,
    /// An answer that fits no question.
    Protocol,
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind) -> Self {
        Self { kind }
    }

    /// Its class.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ErrorKind::Away => "the backend is away",
            ErrorKind::Timeout => "no answer in time",
            ErrorKind::Busy => "too many questions are under way",
            ErrorKind::Connection => "the connection was refused or broke",
            ErrorKind::Unready => "the server is not ready to serve",
            ErrorKind::Denied => "user name, password or permission refused",
            ErrorKind::Full => "the server is out of memory",
            ErrorKind::Misconfigured => "the server does not fit the configuration",
            ErrorKind::Protocol => "an answer that cannot be understood",
        })
    }
}

impl std::error::Error for Error {}
