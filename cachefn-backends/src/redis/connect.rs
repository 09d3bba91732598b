//! One connection to a server, from the handshake to its end.
//!
//! The connection speaks RESP3 where the server does, because then the library tells at once when
//! it breaks; otherwise RESP2, and the next command or ping notices.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, Pipeline, ProtocolVersion, PushInfo, PushKind, Value};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::fault::Fault;
use super::keys::{self, Keys};
use super::near::{self, Listener};
use super::permits::{self, Missing};
use super::settings::{self, Settings};
use super::waiting::Waiting;
use super::wire;

/// How long an attempt to connect may take, with all that is asked before the connection is used.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How many keys one `UNLINK` names.
const UNLINK_KEYS: usize = 500;

/// A connection that is logged in, with the names it uses.
pub(super) struct Connection {
    mux: MultiplexedConnection,
    _driver: Driver,
    dead: Arc<AtomicBool>,
    pub(super) keys: Keys,
    /// Whether the server told which incarnation it is.
    pub(super) knows_run: bool,
    /// Whether the server speaks RESP3, so that it is noticed at once when the connection breaks.
    pub(super) pushes: bool,
    /// Whether the server says what changes.
    pub(super) tracks: bool,
    /// Host and port of the server.
    pub(super) server: String,
}

/// The task that reads and writes. It ends with its connection, whatever is still to be written.
pub(super) struct Driver(AbortHandle);

impl Connection {
    /// Connects, logs in, selects the database and loads the scripts. `woken` is notified when the
    /// connection breaks, and `listener` told what changes.
    pub(super) async fn open(
        settings: &Settings,
        woken: &Arc<Notify>,
        listener: &Arc<dyn Listener>,
        waiting: &Arc<Waiting>,
    ) -> Result<Self, Fault> {
        let attempt = async {
            let mut fault = Fault::Sentinels;
            for (host, port) in servers(settings).await? {
                // The server itself, wherever its address is from.
                match Self::to(&Settings { host, port, ..settings.clone() }, woken, listener, waiting).await {
                    Ok(line) => return Ok(line),
                    Err(other) => fault = other,
                }
            }
            Err(fault)
        };
        timeout(CONNECT_TIMEOUT, attempt).await.unwrap_or(Err(Fault::Timeout))
    }

    async fn to(
        settings: &Settings,
        woken: &Arc<Notify>,
        listener: &Arc<dyn Listener>,
        waiting: &Arc<Waiting>,
    ) -> Result<Self, Fault> {
        let (dead, named) = (Arc::new(AtomicBool::new(false)), Arc::new(OnceLock::new()));
        let pushed = Pushed {
            dead: Arc::clone(&dead),
            woken: Arc::clone(woken),
            listener: Arc::clone(listener),
            waiting: Arc::clone(waiting),
            keys: Arc::clone(&named),
        };
        let Login { mut mux, driver, pushes } = log_in(settings, pushed).await?;
        let missing = select(&mut mux, settings.db).await?;
        let about = about(&mut mux, settings).await?;
        let run = keys::run(&about);
        let keys = Keys::new(&settings.prefix, run);
        permits::check(&mut mux, &keys, missing).await?;
        // Before anything is read, and before any push can name it.
        let keys = named.get_or_init(|| keys).clone();
        let tracks = pushes && settings.near && track(&mut mux).await?;
        let server = settings::place(&settings.host, settings.port);
        Ok(Self { mux, _driver: driver, dead, keys, knows_run: run.is_some(), pushes, tracks, server })
    }

    /// Whether the connection is known to have broken.
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

    /// Sends one command; it is on its way when this has been polled once.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Fault> {
        ask(&mut self.mux.clone(), command).await
    }

    /// Sends commands together.
    pub(super) async fn ask_all(&self, commands: &Pipeline) -> Result<Vec<Value>, Fault> {
        ask_all(&mut self.mux.clone(), commands).await
    }

    /// Whether the server answers within `limit`.
    pub(super) async fn ping(&self, limit: Duration) -> Result<(), Fault> {
        let ping = redis::cmd("PING");
        timeout(limit, self.ask(&ping)).await.unwrap_or(Err(Fault::Timeout)).map(drop)
    }

    /// Removes `names`, whatever they hold.
    pub(super) async fn unlink(&self, names: &[String]) -> Result<(), Fault> {
        let mut commands = redis::pipe();
        for names in names.chunks(UNLINK_KEYS) {
            commands.cmd("UNLINK").arg(names);
        }
        if commands.is_empty() { Ok(()) } else { self.ask_all(&commands).await.map(drop) }
    }
}

/// A server that has let us in.
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

/// What the server says without being asked.
struct Pushed {
    dead: Arc<AtomicBool>,
    woken: Arc<Notify>,
    listener: Arc<dyn Listener>,
    waiting: Arc<Waiting>,
    keys: Arc<OnceLock<Keys>>,
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
                        self.listener.strike(&target);
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

async fn log_in(settings: &Settings, pushed: Pushed) -> Result<Login, Fault> {
    let on_push = move |push: PushInfo| {
        pushed.take(push);
        Ok::<(), Infallible>(())
    };
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let config3 = config.clone().set_push_sender(on_push);
    match greet(settings, ProtocolVersion::RESP3, config3).await {
        // Servers and what stands before them refuse `HELLO` in many words. Whether it was the login that they
        // refused, they say again.
        Err(Fault::Answer | Fault::Permission(_)) => greet(settings, ProtocolVersion::RESP2, config).await,
        answer => answer,
    }
}

/// Connects and tells who we are.
async fn greet(
    settings: &Settings,
    protocol: ProtocolVersion,
    config: AsyncConnectionConfig,
) -> Result<Login, Fault> {
    let wire = wire::open(&settings.host, settings.port, settings.tls.as_ref()).await?;
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
        Err(Fault::Answer) => Err(Fault::Database),
        Err(Fault::Permission(_)) => Ok(Some(Missing::command("+select"))),
        Err(fault) => Err(fault),
    }
}

/// Has the server say what changes, if it can and we may ask.
async fn track(mux: &mut MultiplexedConnection) -> Result<bool, Fault> {
    match ask(mux, redis::cmd("CLIENT").arg("TRACKING").arg("ON")).await {
        Ok(_) => Ok(true),
        Err(Fault::Answer | Fault::Permission(_)) => Ok(false),
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
        Err(Fault::Permission(_) | Fault::Answer) => String::new(),
        Err(fault) => return Err(fault),
    };
    #[cfg(feature = "sentinel")]
    if settings.sentinel.is_some() && about.lines().any(|line| line == "role:slave") {
        return Err(Fault::Replica);
    }
    Ok(about)
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

async fn ask(mux: &mut MultiplexedConnection, command: &Cmd) -> Result<Value, Fault> {
    accept(mux.send_packed_command(command).await.map_err(|error| Fault::of(&error))?)
}

pub(super) async fn ask_all(
    mux: &mut MultiplexedConnection,
    commands: &Pipeline,
) -> Result<Vec<Value>, Fault> {
    let answers = mux.send_packed_commands(commands, 0, commands.len()).await;
    answers.map_err(|error| Fault::of(&error))?.into_iter().map(accept).collect()
}

pub(super) fn accept(answer: Value) -> Result<Value, Fault> {
    match answer {
        Value::ServerError(error) => Err(Fault::of(&error.into())),
        answer => Ok(answer),
    }
}
