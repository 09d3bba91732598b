//! One life of a server and its workers.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cachefn_tests::{Proxy, RedisServer, Worker};

use crate::check::{Check, FALLBACK, STALL, TIMEOUT, Trial, Verdict, Violation, judge_end};
use crate::functions::ROWS;
use crate::record::{History, now};
use crate::schedule::{Happened, Scene, Schedule};

/// How many processes read and write.
const WORKERS: usize = 3;
/// When all use Redis again, what is under way comes to its end within this.
const SETTLING: Duration = Duration::from_millis(300);
/// The longest that workers stay away from a Redis that is well.
const RETURN: Duration = Duration::from_secs(15);

/// What is run.
pub(crate) struct Episode {
    pub(crate) seed: u64,
    pub(crate) near: bool,
    pub(crate) length: Duration,
}

/// What was seen.
pub(crate) struct Seen {
    pub(crate) histories: Vec<History>,
    pub(crate) happened: Vec<Happened>,
    pub(crate) verdict: Verdict,
    /// What the workers counted: `hits=12 misses=3`.
    pub(crate) counts: Vec<String>,
}

/// Where it takes place.
struct Stage {
    server: Mutex<RedisServer>,
    proxies: Vec<Proxy>,
    workers: Vec<Worker>,
    directory: tempfile::TempDir,
}

impl Episode {
    pub(crate) async fn run(&self) -> Seen {
        let mut stage = self.set_up().await;
        let begun = now();
        let awake = Awake::begin();
        let happened = self.play(&mut stage).await;
        let mut violations = stage.come_to_rest().await;
        let mut counts = Vec::new();
        for worker in &stage.workers {
            let said = worker.ask("over").await;
            if !said.starts_with("errors=0 panics=0 ") {
                violations.push(Violation { check: Check::Fault, text: said.clone() });
            }
            counts.push(said);
        }
        violations.extend(self.judge_end(&stage).await);
        let read = |process: usize| {
            let path = stage.directory.path().join(format!("history-{process}"));
            let text = std::fs::read_to_string(path).expect("the worker has written it");
            History::read(&text).expect("the worker has written it whole")
        };
        let histories: Vec<_> = (0..WORKERS).map(read).collect();
        for worker in stage.workers {
            worker.quit().await;
        }
        let pauses = awake.end();
        let trial =
            Trial { near: self.near, begun, histories: &histories, happened: &happened, pauses: &pauses };
        let mut verdict = trial.judge();
        verdict.violations.append(&mut violations);
        Seen { histories, happened, verdict, counts }
    }

    fn schedule(&self) -> Schedule {
        Schedule::draw(self.seed, WORKERS, self.length)
    }

    async fn set_up(&self) -> Stage {
        let (server, directory) = (RedisServer::start(), tempfile::tempdir().expect("a temporary directory"));
        let proxies: Vec<_> = (0..WORKERS).map(|_| Proxy::to(server.port())).collect();
        let mut workers = Vec::new();
        for (number, proxy) in proxies.iter().enumerate() {
            workers.push(self.start(number, proxy.port(), self.near, directory.path()).await);
        }
        Stage { server: Mutex::new(server), proxies, workers, directory }
    }

    async fn start(&self, number: usize, port: u16, near: bool, directory: &Path) -> Worker {
        let seed = self.seed.wrapping_mul(WORKERS as u64).wrapping_add(number as u64);
        let environment = [
            ("CACHE_ENABLED", "true".to_owned()),
            ("CACHE_NEAR", near.to_string()),
            ("CACHE_FALLBACK_TTL", format!("{}ms", FALLBACK.as_millis())),
            ("REDIS_ENABLED", "true".to_owned()),
            ("REDIS_HOST", "127.0.0.1".to_owned()),
            ("REDIS_PORT", port.to_string()),
            ("REDIS_TIMEOUT", format!("{}ms", TIMEOUT.as_millis())),
            ("SEED", seed.to_string()),
            ("NUMBER", number.to_string()),
            // One only reads: what it knows of the others' writes it has been told.
            ("WRITES", (number as u64 != self.seed % WORKERS as u64).to_string()),
        ];
        let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
        let program = std::env::current_exe().expect("the program knows its own path");
        Worker::start(&program.to_string_lossy(), directory, &environment).await
    }

    /// Has the workers work while things go wrong.
    async fn play(&self, stage: &mut Stage) -> Vec<Happened> {
        for worker in &stage.workers {
            worker.ask("go").await;
        }
        let schedule = self.schedule();
        let end = Instant::now() + self.length;
        let happened = tokio::task::block_in_place(|| {
            let scene = Scene { server: &stage.server, proxies: &stage.proxies, begun: Instant::now() };
            scene.play(&schedule)
        });
        tokio::time::sleep_until(end.into()).await;
        happened
    }

    /// What the workers read when nothing is going on any more, and what a process reads that has just begun.
    async fn judge_end(&self, stage: &Stage) -> Vec<Violation> {
        let length = |row: usize| {
            let row = std::fs::metadata(stage.directory.path().join(format!("row-{row}")));
            row.map_or(0, |row| row.len())
        };
        let database: Vec<_> = (0..ROWS).map(length).collect();
        let port = stage.server.lock().expect("nothing goes wrong any more").port();
        let fresh = self.start(WORKERS, port, false, stage.directory.path()).await;
        // The fresh one first: what others fill when they are asked would hide what Redis has.
        let mut violations = judge_end("a fresh process", &fresh.ask("rows").await, &database);
        for (number, worker) in stage.workers.iter().enumerate() {
            violations.extend(judge_end(&format!("process {number}"), &worker.ask("rows").await, &database));
        }
        fresh.quit().await;
        violations
    }
}

/// Notes when this process, which carries the bytes of the others, wakes up late.
struct Awake {
    over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Vec<(u64, u64)>>,
}

impl Awake {
    fn begin() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let (mut spans, mut last) = (Vec::new(), now());
            while !told.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(2));
                let woken = now();
                if woken - last > STALL {
                    spans.push((last, woken));
                }
                last = woken;
            }
            spans
        });
        Self { over, thread }
    }

    fn end(self) -> Vec<(u64, u64)> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().expect("it does not panic")
    }
}

impl Stage {
    /// Waits until nothing is going on any more.
    async fn come_to_rest(&self) -> Vec<Violation> {
        for worker in &self.workers {
            worker.ask("calm").await;
        }
        let deadline = Instant::now() + RETURN;
        let mut violations = Vec::new();
        for (number, worker) in self.workers.iter().enumerate() {
            loop {
                let state = worker.ask("state").await;
                if state == "connected" {
                    break;
                }
                if Instant::now() > deadline {
                    let text = format!("process {number} does not come back: {state}");
                    violations.push(Violation { check: Check::End, text });
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        tokio::time::sleep(SETTLING).await;
        violations
    }
}

impl fmt::Display for Episode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let near = if self.near { "with" } else { "without" };
        write!(f, "seed {}, {near} near cache, {} s", self.seed, self.length.as_secs())?;
        let Schedule { server, links } = self.schedule();
        write!(f, "\n  server:{server}")?;
        links.iter().enumerate().try_for_each(|(link, track)| write!(f, "\n  link {link}:{track}"))
    }
}
