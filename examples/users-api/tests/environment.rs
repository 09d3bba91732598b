//! Environments as Kubernetes, Docker, other libraries and people in a hurry make them, around the whole service.
#![allow(missing_docs)]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use cachefn_examples::{Client, Problem};
use cachefn_tests::{Options, RedisServer, until};

const ON: (&str, &str) = ("CACHE_ENABLED", "true");
const REDIS: (&str, &str) = ("REDIS_ENABLED", "true");

/// Variables that belong to others.
const FOREIGN: &[(&str, &str)] = &[
    ("REDIS_PORT", "tcp://10.0.0.1:6379"),
    ("REDIS_PORT_6379_TCP", "tcp://10.0.0.1:6379"),
    ("REDIS_SERVICE_HOST", "10.0.0.1"),
    ("REDIS_URL", "rediss://:hunter2@10.0.0.1?ssl_cert_reqs=none"),
    ("REDIS_HOST", "redis:6379"),
    ("REDIS_DB", "sessions"),
    ("REDIS_TIMEOUT", "5000"),
    ("CACHE_URL", "locmem://"),
];

/// The service in a directory of its own. It ends when this is dropped.
struct Process {
    child: Child,
    /// Where it listens; nothing if it has ended instead.
    address: Option<String>,
    directory: tempfile::TempDir,
}

impl Process {
    fn start(environment: &[(&str, &str)], file: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join(".env"), file).expect("the directory is ours");
        let log = File::create(directory.path().join("log")).expect("the directory is ours");
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_users-api")));
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CACHE_") || name.starts_with("REDIS_")) {
                command.env_remove(name);
            }
        }
        command.args(["--port", "0"]).envs(environment.iter().copied()).current_dir(&directory);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("it has been built");
        let mut line = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("it is text");
        let address = line.trim().strip_prefix("listening on http://").map(str::to_owned);
        Self { child, address, directory }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).expect("it is text")
    }

    /// The lines that somebody should look at.
    fn alarms(&self) -> Vec<String> {
        let log = self.log();
        let lines = log.lines().filter(|line| line.contains("WARN") || line.contains("ERROR"));
        lines.map(str::to_owned).collect()
    }

    /// What `X-Cache` is on the second of two requests.
    async fn cache(&self) -> Result<String, Problem> {
        let address = self.address.as_ref().ok_or_else(|| self.log())?;
        let mut client = Client::connect(address).await?;
        client.send("GET", "/users/7", &[], "").await?;
        Ok(client.send("GET", "/users/7", &[], "").await?.header("x-cache").to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn variables_of_others_disturb_neither_memory_nor_a_cache_that_is_off() -> Result<(), Problem> {
    for (own, cache) in [(&[][..], ""), (&[("CACHE_ENABLED", "false")], ""), (&[ON], "HIT")] {
        let process = Process::start(&[FOREIGN, own].concat(), "");
        assert_eq!(process.cache().await?, cache, "{own:?}");
        assert_eq!(process.alarms(), [""; 0], "{own:?}");
    }
    Ok(())
}

#[tokio::test]
async fn redis_is_found_wherever_the_environment_says_it_is() -> Result<(), Problem> {
    let directory = tempfile::tempdir()?;
    let socket = directory.path().join("redis.sock").to_str().ok_or("it is not UTF-8")?.to_owned();
    let server = RedisServer::with(Options::default().line(&["unixsocket", &socket]));
    let service = format!("tcp://127.0.0.1:{}", server.port());
    let (url, local) = (format!("redis://127.0.0.1:{}", server.port()), format!("unix://{socket}?db=0"));
    let ways: [(&str, &[(&str, &str)]); 3] = [
        ("service", &[REDIS, ("REDIS_PORT", &service)]),
        ("local", &[REDIS, ("REDIS_URL", &local), ("REDIS_PORT", "tcp://10.0.0.1:6379")]),
        (
            "own",
            &[("CACHE_DRIVER", "redis"), ("CACHE_URL", &url), ("REDIS_URL", "redis://10.0.0.1?protocol=3")],
        ),
    ];
    for (prefix, way) in ways {
        let environment = [&[ON, ("CACHE_SECRET", "any"), ("CACHE_PREFIX", prefix)], way].concat();
        let process = Process::start(&environment, "");
        assert_eq!(process.cache().await?, "HIT", "{prefix}");
        assert_eq!(process.alarms(), [""; 0], "{prefix}");
        assert!(!server.keys(&format!("{prefix}@")).is_empty(), "{prefix}: {}", process.log());
    }
    Ok(())
}

#[test]
fn what_is_wrong_ends_the_service_by_name_and_is_not_repeated() {
    for (name, value, said) in [
        ("CACHE_PREFIX", "\"hunter2\"", "it stands in quotes"),
        ("CACHE_DEFAULT_TTL", "1us", "shorter than a millisecond"),
        ("CACHE_DEFAULT_TTL", "1M", "`M` means months"),
        ("REDIS_HOST", "'hunter2'", "it stands in quotes"),
        ("REDIS_HOST", "hunter2:6379", "write its port into REDIS_PORT"),
        ("REDIS_PORT", "hunter2", "write a number from 1 to 65535"),
        ("REDIS_URL", "redis://:hunter2@host?protocol=resp3", "set CACHE_URL, which wins over it"),
    ] {
        let mut process = Process::start(&[ON, REDIS, (name, value)], "");
        assert!(process.address.is_none(), "{name}={value}");
        assert!(!process.child.wait().unwrap().success(), "{name}={value}");
        let log = process.log();
        assert!(log.contains(&format!("{name}: ")) && log.contains(said), "{log}");
        assert!(!log.contains("hunter2"), "{log}");
    }
}

#[tokio::test]
async fn what_is_odd_is_one_warning_and_not_shown() -> Result<(), Problem> {
    for (environment, name, cache) in [
        (&[("CACHE_DRIVER", "redis")][..], "CACHE_DRIVER", ""),
        (&[REDIS], "REDIS_ENABLED", ""),
        (&[ON, ("CACHE_SECRET", "\"hunter2\"")], "CACHE_SECRET", "HIT"),
        (&[ON, ("CACHE_SECRET", "hunter2\n")], "CACHE_SECRET", "HIT"),
        (&[ON, ("CACHE_DEFAULT_TTL", "86400000")], "CACHE_DEFAULT_TTL", "HIT"),
    ] {
        let process = Process::start(environment, "");
        assert_eq!(process.cache().await?, cache, "{environment:?}");
        let alarms = process.alarms();
        assert!(alarms.len() == 1 && alarms[0].contains(name), "{environment:?}: {alarms:?}");
        assert!(!process.log().contains("hunter2"));
    }
    let small = Process::start(&[ON, ("CACHE_MAX_BYTES", "1")], "");
    assert!(small.cache().await.is_ok());
    assert!(small.alarms().iter().any(|alarm| alarm.contains("CACHE_MAX_BYTES")), "{:?}", small.alarms());
    Ok(())
}

#[tokio::test]
async fn two_services_with_different_secrets_find_out() {
    let server = RedisServer::start();
    let url = format!("redis://127.0.0.1:{}", server.port());
    let start = |secret| Process::start(&[ON, REDIS, ("REDIS_URL", &url), ("CACHE_SECRET", secret)], "");
    let warned =
        |process: &Process| process.alarms().iter().filter(|line| line.contains("CACHE_SECRET")).count();
    let one = start("hunter2");
    until("it has left its check value", || !server.keys(":s").is_empty()).await;
    let same = start("hunter2");
    assert_eq!((warned(&one), warned(&same)), (0, 0));
    let other = start("hunter2 ");
    until("the newer one warns of both", || warned(&other) == 2).await;
    until("so do the others", || warned(&one) == 1 && warned(&same) == 1).await;
    assert!(![one, same, other].iter().any(|process| process.log().contains("hunter2")));
}

#[tokio::test]
async fn a_file_sets_what_the_environment_does_not() -> Result<(), Problem> {
    let file = "CACHE_ENABLED=true\nCACHE_PREFIX=\"shop\" # no quotes are left\n";
    let process = Process::start(&[], file);
    assert_eq!(process.cache().await?, "HIT");
    let process = Process::start(&[("CACHE_ENABLED", "false")], file);
    assert_eq!(process.cache().await?, "");
    let process = Process::start(&[], "CACHE_ENABLED=true\nREDIS_PASSWORD='hunter2\n");
    assert!(process.address.is_none() && process.log().contains(".env"), "{}", process.log());
    assert!(!process.log().contains("hunter2"), "{}", process.log());
    Ok(())
}
