//! The one error users of this crate see: the configuration cannot be used.

use std::fmt;

/// Why the cache could not be set up. Calls of cached functions never fail because of the cache.
///
/// It never holds a password, a secret or a URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    cause: Cause,
}

#[derive(Clone, PartialEq, Eq)]
enum Cause {
    Config(Vec<Fault>),
    AlreadyInitialized,
}

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    variable: &'static str,
    problem: String,
}

impl Error {
    pub(crate) fn config(faults: Vec<Fault>) -> Self {
        Self { cause: Cause::Config(faults) }
    }

    pub(crate) fn already_initialized() -> Self {
        Self { cause: Cause::AlreadyInitialized }
    }

    /// Everything that is wrong with the configuration; empty for any other cause.
    pub fn faults(&self) -> &[Fault] {
        match &self.cause {
            Cause::Config(faults) => faults,
            Cause::AlreadyInitialized => &[],
        }
    }

    /// Whether [`init_with`](crate::init_with) was called while a cache is in use.
    pub fn is_already_initialized(&self) -> bool {
        matches!(self.cause, Cause::AlreadyInitialized)
    }
}

impl Fault {
    pub(crate) fn new(variable: &'static str, problem: impl Into<String>) -> Self {
        Self { variable, problem: problem.into() }
    }

    /// The variable that is wrong.
    pub fn variable(&self) -> &'static str {
        self.variable
    }

    /// What is wrong with it, and what to write.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::AlreadyInitialized => {
                f.write_str("the cache is already initialized: call `shutdown()` before `init_with` again")
            }
            Cause::Config(faults) => {
                f.write_str("the cache configuration cannot be used")?;
                faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.problem)
    }
}

/// Reads like `Display`, as this is what `main` prints when it returns an error.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}
