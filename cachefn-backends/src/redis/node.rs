//! One server, from the handshake to the end of the connection to it.
//!
//! The connection speaks RESP3 where the server does, because then the library tells at once when
//! it breaks; otherwise RESP2, and the next command or ping notices.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Cmd, Pipeline, ProtocolVersion, PushInfo, PushKind, RedisError, RedisResult, Value,
};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::commands;
use super::fault::Fault;
use super::keys::{self, Keys};
use super::known::Known;
use super::log::{self, Step, Strike};
use super::near::{self, Listener};
use super::permits::{self, Able, Missing};
use super::pulse::{Heard, Pulse};
use super::settings::Settings;
use super::waiting::Waiting;
use super::wire;
use crate::place::Target;

/// A server that has let us in.
pub(super) struct Node {
    mux: MultiplexedConnection,
    _driver: Driver,
    pulse: Arc<Pulse>,
    /// Whether the server speaks RESP3, so that it is noticed at once when the connection breaks.
    pub(super) pushes: bool,
    /// Which incarnation of the server it is, if it tells.
    pub(super) run: Option<String>,
    /// Host and port, or its socket.
    pub(super) place: String,
    /// What the user is known not to be permitted.
    missing: Option<Missing>,
    /// Whether the server does not let us append to logs, or cannot.
    never_appends: AtomicBool,
}

/// What a server tells of when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tracks {
    Nothing,
    /// What it is asked to in so many words.
    Marked,
    /// All that is read.
    Everything,
}

/// The task that reads and writes. It ends with its connection, whatever is still to be written.
pub(super) struct Driver(AbortHandle);

/// What the server says without being asked.
#[derive(Clone)]
pub(super) struct Pushed {
    pub(super) dead: Arc<AtomicBool>,
    pub(super) woken: Arc<Notify>,
    pub(super) listener: Arc<dyn Listener>,
    pub(super) known: Arc<Known>,
    /// Whether the listener is to hear of values too.
    pub(super) near: bool,
    pub(super) waiting: Arc<Waiting>,
    pub(super) keys: Arc<OnceLock<Keys>>,
}

impl Node {
    /// Connects, logs in and selects the database.
    pub(super) async fn open(settings: &Settings, pushed: Pushed) -> Result<Self, Fault> {
        let pulse = Pulse::new();
        let Login { mut mux, driver, pushes } = log_in(settings, pushed, &pulse).await?;
        let missing = select(&mut mux, settings.db).await?;
        let about = about(&mut mux, settings).await?;
        let run = keys::run(&about).map(str::to_owned);
        let place = settings.server();
        let never_appends = AtomicBool::new(false);
        Ok(Self { mux, _driver: driver, pulse, pushes, run, place, missing, never_appends })
    }

    /// Loads the scripts, and finds out whether all that will be needed under `keys` is permitted.
    pub(super) async fn prepare(&self, keys: &Keys) -> Result<Able, Fault> {
        permits::check(self, keys, self.missing).await
    }

    /// Has the server say what changes, of what is [marked](mark) or of all that is read. What it agrees to: that or nothing.
    pub(super) async fn track(&self, wanted: Tracks) -> Result<Tracks, Fault> {
        let track = |words: &[&str]| redis::cmd("CLIENT").arg("TRACKING").arg(words).clone();
        let agrees = match wanted {
            _ if !self.pushes => false,
            Tracks::Nothing => false,
            Tracks::Everything => self.grants(&track(&["ON"])).await?,
            Tracks::Marked => {
                let is_on = self.grants(&track(&["ON", "OPTIN"])).await?;
                let agrees = is_on && self.grants(&mark()).await?;
                if is_on && !agrees {
                    self.grants(&track(&["OFF"])).await?;
                }
                agrees
            }
        };
        Ok(if agrees { wanted } else { Tracks::Nothing })
    }

    /// Whether the server can do that, and we may ask.
    async fn grants(&self, command: &Cmd) -> Result<bool, Fault> {
        match self.ask(command).await {
            Ok(_) => Ok(true),
            Err(Fault::Answer(_) | Fault::Unknown(_) | Fault::Permission(_)) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Sends one command; it is on its way when this has been polled once.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Fault> {
        self.send(command).await.map_err(|error| Fault::of(&error).about(commands::name(command)))
    }

    /// Sends commands together.
    pub(super) async fn ask_all(&self, commands: &Pipeline) -> Result<Vec<Value>, Fault> {
        let answers = self.send_all(commands).await?.into_iter();
        let named = |(answer, command)| accept(answer).map_err(|fault| fault.about(commands::name(command)));
        answers.zip(commands.cmd_iter()).map(named).collect()
    }

    /// Carries out an invalidation; all of it is on its way when this has been polled once. What could not be appended to
    /// the log costs a second round.
    pub(super) async fn strike(&self, strike: Strike) -> Result<(), Fault> {
        let mut steps = strike.steps(self.appends());
        while !steps.is_empty() {
            let answers = self.send_all(&log::pipeline(&steps)).await?;
            let first = steps.first().zip(answers.first());
            let remedy = first.and_then(|(step, answer)| step.remedy(answer).inspect(|_| self.notes(answer)));
            let done = usize::from(remedy.is_some());
            answers.into_iter().skip(done).try_for_each(|answer| accept(answer).map(drop))?;
            // Once more what comes after the log, for a fill may have come between.
            steps = remedy.map_or_else(Vec::new, |remedy| {
                let rest = steps.into_iter().filter(|step| matches!(step, Step::Unlink(_)));
                [remedy].into_iter().chain(rest).collect()
            });
        }
        Ok(())
    }

    /// Whether it is worth trying to append to a log.
    pub(super) fn appends(&self) -> bool {
        !self.never_appends.load(Ordering::Relaxed)
    }

    /// Takes note of an `APPEND` that was refused, if it always will be: it is not permitted, or not known.
    pub(super) fn notes(&self, answer: &Value) {
        if let Value::ServerError(error) = answer
            && matches!(error.code(), "NOPERM" | "ERR")
            && !self.never_appends.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                target: "cachefn",
                address = self.place.as_str(),
                "Redis refuses APPEND, permit +append: without it the invalidation of any tag discards what functions \
                 with `tags_with` are about to store"
            );
        }
    }

    /// Since when the server has been silent; nothing where it owes no answer.
    pub(super) fn silent_since(&self) -> Option<Instant> {
        self.pulse.silent_since()
    }

    /// Sends one command, and keeps the words of a refusal.
    pub(super) async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let _owed = self.pulse.owes();
        send(&mut self.mux.clone(), command).await
    }

    /// Sends commands together, each of which may be refused.
    pub(super) async fn send_all(&self, commands: &Pipeline) -> Result<Vec<Value>, Fault> {
        let _owed = self.pulse.owes();
        let answers = self.mux.clone().send_packed_commands(commands, 0, commands.len()).await;
        answers.map_err(|error| Fault::of(&error))
    }
}

/// Has the server say what changes of what the next command reads.
pub(super) fn mark() -> Cmd {
    let mut command = redis::cmd("CLIENT");
    command.arg("CACHING").arg("YES");
    command
}

struct Login {
    mux: MultiplexedConnection,
    driver: Driver,
    pushes: bool,
}

impl Driver {
    pub(super) fn start(driver: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(driver).abort_handle())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Pushed {
    /// Called by the driver, in the order of the stream.
    fn take(&self, push: PushInfo) {
        match push.kind {
            PushKind::Disconnection => {
                self.dead.store(true, Ordering::Release);
                self.woken.notify_one();
            }
            PushKind::Invalidate => {
                let Some(keys) = self.keys.get() else { return };
                for change in near::changed(keys, push.data) {
                    if let Some(target) = change.target {
                        self.known.strike(&target);
                        // Without a near cache memory has what the server had no time for: it is told of groups.
                        if self.near || matches!(target, Target::Group(_)) {
                            self.listener.strike(&target);
                        }
                    }
                    if let Some(key) = change.key {
                        self.waiting.wake(&key);
                    }
                }
            }
            _ => {}
        }
    }
}

async fn log_in(settings: &Settings, pushed: Pushed, pulse: &Arc<Pulse>) -> Result<Login, Fault> {
    let on_push = move |push: PushInfo| {
        pushed.take(push);
        Ok::<(), Infallible>(())
    };
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let config3 = config.clone().set_push_sender(on_push);
    match greet(settings, ProtocolVersion::RESP3, config3, pulse).await {
        // Servers and what stands before them refuse `HELLO` in many words. Whether it was the login that they
        // refused, they say again.
        Err(Fault::Answer(_) | Fault::Unknown(_) | Fault::Permission(_)) => {
            greet(settings, ProtocolVersion::RESP2, config, pulse).await
        }
        answer => answer,
    }
}

/// Connects and tells who we are.
async fn greet(
    settings: &Settings,
    protocol: ProtocolVersion,
    config: AsyncConnectionConfig,
    pulse: &Arc<Pulse>,
) -> Result<Login, Fault> {
    let wire = wire::to_server(settings).await?;
    let wire = Heard { wire, pulse: Arc::clone(pulse) };
    let greeted = MultiplexedConnection::new_with_config(&settings.login(protocol), wire, config).await;
    let (mux, driver) = greeted.map_err(|error| Fault::of(&error))?;
    let driver = Driver::start(driver);
    Ok(Login { mux, driver, pushes: protocol.supports_resp3() })
}

/// Selects the database, if that is permitted.
async fn select(mux: &mut MultiplexedConnection, db: i64) -> Result<Option<Missing>, Fault> {
    if db == 0 {
        return Ok(None);
    }
    match ask(mux, redis::cmd("SELECT").arg(db)).await {
        Ok(_) => Ok(None),
        Err(Fault::Answer(_)) => Err(Fault::Database),
        Err(Fault::Unknown(_)) => Ok(Some(Missing::unknown("SELECT"))),
        Err(Fault::Permission(_)) => Ok(Some(Missing::refused("SELECT"))),
        Err(fault) => Err(fault),
    }
}

/// What the server tells of itself; nothing where the user may not ask.
async fn about(mux: &mut MultiplexedConnection, settings: &Settings) -> Result<String, Fault> {
    let mut command = redis::cmd("INFO");
    // Two sections at once have names before Redis 7 only if they are all the usual ones.
    command.arg(if settings.sentinel.is_some() { "default" } else { "server" });
    let about = match ask(mux, &command).await {
        Ok(answer) => redis::from_redis_value::<String>(answer).unwrap_or_default(),
        Err(Fault::Permission(_) | Fault::Answer(_) | Fault::Unknown(_)) => String::new(),
        Err(fault) => return Err(fault),
    };
    #[cfg(feature = "sentinel")]
    if settings.sentinel.is_some() && about.lines().any(|line| line == "role:slave") {
        return Err(Fault::Replica);
    }
    Ok(about)
}

async fn ask(mux: &mut MultiplexedConnection, command: &Cmd) -> Result<Value, Fault> {
    send(mux, command).await.map_err(|error| Fault::of(&error))
}

async fn send(mux: &mut MultiplexedConnection, command: &Cmd) -> RedisResult<Value> {
    match mux.send_packed_command(command).await {
        Ok(Value::ServerError(error)) => Err(RedisError::from(error)),
        answer => answer,
    }
}

pub(super) fn accept(answer: Value) -> Result<Value, Fault> {
    match answer {
        Value::ServerError(error) => Err(Fault::of(&error.into())),
        answer => Ok(answer),
    }
}
