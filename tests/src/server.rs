//! A real Redis server on a port and in a directory of its own.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use cachefn_backends::redis::Settings;
use redis::IntoConnectionInfo as _;

use crate::Certificate;

/// What differs from a server as it comes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The default user's password.
    pub password: Option<String>,
    /// Further lines of the configuration, each as words; words may hold any characters.
    pub lines: Vec<Vec<String>>,
    /// What it shows on a further port, where it speaks TLS.
    pub certificate: Option<Certificate>,
    /// Whether it watches others instead of keeping anything.
    pub sentinel: bool,
    /// Whether it is a node of a cluster, which it is alone in at first.
    pub cluster: bool,
}

/// A running server; dropping it kills it.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    tls_port: Option<u16>,
    directory: tempfile::TempDir,
    options: Options,
    child: Child,
}

impl Options {
    /// Adds a line to the configuration.
    #[must_use]
    pub fn line(mut self, words: &[&str]) -> Self {
        self.lines.push(words.iter().map(|&word| word.to_owned()).collect());
        self
    }
}

impl RedisServer {
    /// Starts a server.
    ///
    /// # Panics
    ///
    /// If there is none, or it does not start.
    pub fn start() -> Self {
        Self::with(Options::default())
    }

    /// Starts a server with options.
    ///
    /// # Panics
    ///
    /// If there is none, or it does not start.
    pub fn with(options: Options) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        // Somebody else may take the port between our asking for it and the server's.
        for _ in 0..20 {
            let (port, tls_port) = (free_port(), options.certificate.as_ref().map(|_| free_port()));
            write_configuration(&directory, port, &options);
            if let (Some(port), Some(certificate)) = (tls_port, &options.certificate) {
                add_tls(&directory, port, certificate);
            }
            let mut child = spawn(&directory, options.sentinel);
            if answers(&mut child, port) {
                return Self { port, tls_port, directory, options, child };
            }
        }
        panic!("redis-server does not start, see its message above")
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens for TLS.
    ///
    /// # Panics
    ///
    /// If it has no certificate.
    pub fn tls_port(&self) -> u16 {
        self.tls_port.expect("it has a certificate")
    }

    /// Whether it speaks TLS.
    pub fn is_certified(&self) -> bool {
        self.tls_port.is_some()
    }

    /// What the backend needs to use it. The timeout is long enough for a busy machine.
    pub fn settings(&self) -> Settings {
        Settings {
            host: Ipv4Addr::LOCALHOST.to_string(),
            port: self.port,
            socket: None,
            db: 0,
            username: None,
            password: self.options.password.clone(),
            timeout: Duration::from_secs(2),
            near: true,
            prefix: "test".into(),
            tls: None,
            sentinel: None,
            cluster: self.options.cluster,
            keep: false,
            secret_check: None,
        }
    }

    /// A plain connection, to see what is stored.
    ///
    /// # Panics
    ///
    /// If the server cannot be reached.
    pub fn connection(&self) -> redis::Connection {
        persistently(|| self.connect())
    }

    fn connect(&self) -> redis::RedisResult<redis::Connection> {
        let mut login = redis::RedisConnectionInfo::default();
        if let Some(password) = &self.options.password {
            login = login.set_password(password);
        }
        let info = (Ipv4Addr::LOCALHOST.to_string(), self.port).into_connection_info().expect("an address");
        let client = redis::Client::open(info.set_redis_settings(login)).expect("an address");
        client.get_connection()
    }

    /// One command on a connection of its own.
    ///
    /// # Panics
    ///
    /// If it fails.
    pub fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        redis::cmd(words[0]).arg(&words[1..]).query(&mut self.connection()).expect("the command is accepted")
    }

    /// The names of the keys that contain `part`.
    pub fn keys(&self, part: &str) -> Vec<String> {
        let listed = || redis::cmd("KEYS").arg("*").query(&mut self.connect()?);
        let mut keys: Vec<String> = persistently(listed);
        keys.retain(|key| key.contains(part));
        keys
    }

    /// How many names were read so far, whether there was something or not.
    ///
    /// # Panics
    ///
    /// If it does not say.
    pub fn looked_at(&self) -> u64 {
        let stats: String = self.ask(&["INFO", "stats"]);
        let number = |name| stats.lines().find_map(|line| line.strip_prefix(name)?.parse::<u64>().ok());
        number("keyspace_hits:").expect("it is counted") + number("keyspace_misses:").expect("it is counted")
    }

    /// Ends the process at once.
    ///
    /// # Panics
    ///
    /// If the system does not allow that.
    pub fn kill(&mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }

    /// Starts it again on the same port; a snapshot made with `SAVE` is loaded.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn restart(&mut self) {
        self.kill();
        self.child = spawn(&self.directory, self.options.sentinel);
        assert!(answers(&mut self.child, self.port), "the server does not start again");
    }

    /// Starts it again on the same port, without any snapshot.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn restart_empty(&mut self) {
        self.kill();
        let _ = fs::remove_file(self.directory.path().join("dump.rdb"));
        self.restart();
    }

    /// Lets the process stand still: it keeps its connections and answers nothing.
    pub fn stop(&self) {
        self.signal("-STOP");
    }

    /// Lets a process that stands still go on.
    pub fn cont(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill {signal}");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `ask` answers, asked again while the connection does not hold: a sentinel ends the connections of a
/// server whose role it changes.
fn persistently<T>(mut ask: impl FnMut() -> redis::RedisResult<T>) -> T {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(error) if error.is_io_error() && Instant::now() < end => sleep(Duration::from_millis(20)),
            Err(error) => panic!("the server answers: {error}"),
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

fn write_configuration(directory: &tempfile::TempDir, port: u16, options: &Options) {
    let mut text = format!("port {port}\nbind 127.0.0.1\n");
    text.push_str(if options.sentinel { "" } else { "save \"\"\n" });
    if options.cluster {
        let port = free_port();
        let _ = writeln!(text, "cluster-enabled yes\ncluster-port {port}\ncluster-node-timeout 1000");
    }
    let password = options.password.iter().map(|password| vec!["requirepass".to_owned(), password.clone()]);
    for words in password.chain(options.lines.iter().cloned()) {
        let words: Vec<_> = words.iter().map(|word| quote(word)).collect();
        let _ = writeln!(text, "{}", words.join(" "));
    }
    fs::write(directory.path().join("redis.conf"), text).expect("the directory is ours");
}

fn add_tls(directory: &tempfile::TempDir, port: u16, certificate: &Certificate) {
    let path = directory.path();
    let of_clients = if certificate.of_clients { "yes" } else { "no" };
    fs::write(path.join("cert.pem"), &certificate.certificate).expect("the directory is ours");
    fs::write(path.join("ca.pem"), &certificate.authority).expect("the directory is ours");
    fs::write(path.join("key.pem"), &certificate.key).expect("the directory is ours");
    let mut file = fs::OpenOptions::new().append(true).open(path.join("redis.conf")).expect("it is written");
    let lines = "tls-cert-file cert.pem\ntls-key-file key.pem\ntls-ca-cert-file ca.pem";
    writeln!(file, "{lines}\ntls-port {port}\ntls-auth-clients {of_clients}").expect("the directory is ours");
}

/// A word of the configuration: letters and digits as they are, everything else as its bytes.
fn quote(word: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in word.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => quoted.push(byte.into()),
            other => {
                let _ = write!(quoted, "\\x{other:02x}");
            }
        }
    }
    quoted + "\""
}

fn spawn(directory: &tempfile::TempDir, sentinel: bool) -> Child {
    let program = env::var_os("REDIS_SERVER").filter(|value| !value.is_empty());
    let program = program.unwrap_or_else(|| "redis-server".into());
    let mut command = Command::new(&program);
    command
        .arg("redis.conf")
        .args(sentinel.then_some("--sentinel"))
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command.spawn().unwrap_or_else(|fault| {
        panic!("{} cannot be run ({fault}): run `cargo xtask test`, or set REDIS_SERVER", program.display())
    })
}

/// Waits until the server answers; `false` if it ends instead.
fn answers(child: &mut Child, port: u16) -> bool {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline && child.try_wait().is_ok_and(|ended| ended.is_none()) {
        if says_it_is_ready(port) {
            return child.try_wait().is_ok_and(|ended| ended.is_none());
        }
        sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

fn says_it_is_ready(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let mut answer = [0; 16];
    let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
    let read = stream.write_all(b"PING\r\n").and_then(|()| stream.read(&mut answer));
    read.is_ok_and(|size| !answer[..size].starts_with(b"-LOADING") && size > 0)
}
