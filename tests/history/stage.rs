//! A server, the links to it, and the processes that use it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cachefn_tests::{Proxy, RedisServer, Worker};
use tokio::sync::Mutex as AsyncMutex;

use crate::judge::{FALLBACK, TIMEOUT};

/// How many processes read and write.
pub(crate) const WORKERS: usize = 3;
/// When all use Redis again, what is under way comes to its end within this.
const SETTLING: Duration = Duration::from_millis(300);
/// The longest that workers stay away from a Redis that is well.
const RETURN: Duration = Duration::from_secs(15);
/// The memory of the process that has little: less than for all rows.
const LITTLE: &str = "48KiB";

pub(crate) struct Stage {
    pub(crate) server: Mutex<RedisServer>,
    pub(crate) proxies: Vec<Proxy>,
    /// The process on each link.
    pub(crate) workers: Vec<AsyncMutex<Worker>>,
    pub(crate) directory: tempfile::TempDir,
    seed: u64,
    near: bool,
    /// How many processes were started.
    started: AtomicUsize,
    /// The number of the process on each link.
    numbers: Vec<AtomicUsize>,
}

impl Stage {
    pub(crate) fn new(seed: u64, near: bool, directory: tempfile::TempDir) -> Self {
        let server = RedisServer::start();
        let proxies = (0..WORKERS).map(|_| Proxy::to(server.port())).collect();
        let numbers = (0..WORKERS).map(|_| AtomicUsize::new(0)).collect();
        let (server, workers, started) = (Mutex::new(server), Vec::new(), AtomicUsize::new(0));
        Self { server, proxies, workers, directory, seed, near, started, numbers }
    }

    pub(crate) async fn enter(&mut self) {
        for link in 0..WORKERS {
            let worker = self.start(link, self.proxies[link].port(), self.near).await;
            self.workers.push(AsyncMutex::new(worker));
        }
    }

    /// A process on no link, whose memory is empty.
    pub(crate) async fn start_fresh(&self) -> Worker {
        let port = self.server.lock().expect("nothing goes wrong any more").port();
        self.start(WORKERS, port, false).await
    }

    async fn start(&self, link: usize, port: u16, near: bool) -> Worker {
        let number = self.started.fetch_add(1, Ordering::SeqCst);
        if let Some(known) = self.numbers.get(link) {
            known.store(number, Ordering::SeqCst);
        }
        let seed = self.seed.wrapping_mul(100).wrapping_add(number as u64);
        let turn = (link as u64 + self.seed) % WORKERS as u64;
        let environment = [
            ("CACHE_ENABLED", "true".to_owned()),
            ("CACHE_NEAR", near.to_string()),
            ("CACHE_FALLBACK_TTL", format!("{}ms", FALLBACK.as_millis())),
            ("CACHE_MAX_BYTES", if turn == 1 { LITTLE } else { "64MiB" }.to_owned()),
            ("REDIS_ENABLED", "true".to_owned()),
            ("REDIS_HOST", "127.0.0.1".to_owned()),
            ("REDIS_PORT", port.to_string()),
            ("REDIS_TIMEOUT", format!("{}ms", TIMEOUT.as_millis())),
            ("SEED", seed.to_string()),
            ("NUMBER", number.to_string()),
            ("LINK", link.to_string()),
            // One only reads: what it knows of the others' writes it has been told.
            ("WRITES", (turn != 0).to_string()),
        ];
        let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
        let program = std::env::current_exe().expect("the program knows its own path");
        Worker::start(&program.to_string_lossy(), self.directory.path(), &environment).await
    }

    /// Kills the process on a link; its number.
    pub(crate) async fn kill(&self, link: usize) -> usize {
        self.workers[link].lock().await.kill().await;
        self.numbers[link].load(Ordering::SeqCst)
    }

    /// Puts another process in the place of a killed one.
    pub(crate) async fn replace(&self, link: usize) {
        let worker = self.start(link, self.proxies[link].port(), self.near).await;
        worker.ask("go").await;
        *self.workers[link].lock().await = worker;
    }

    /// Asks the processes on all links the same.
    pub(crate) async fn ask_all(&self, command: &str) -> Vec<String> {
        let mut answers = Vec::new();
        for worker in &self.workers {
            answers.push(worker.lock().await.ask(command).await);
        }
        answers
    }

    /// Waits until nothing is going on any more; returns who does not come back.
    pub(crate) async fn come_to_rest(&self) -> Vec<String> {
        self.ask_all("calm").await;
        let deadline = Instant::now() + RETURN;
        let mut missing = Vec::new();
        for (link, worker) in self.workers.iter().enumerate() {
            loop {
                let state = worker.lock().await.ask("state").await;
                if state == "connected" {
                    break;
                }
                if Instant::now() > deadline {
                    missing.push(format!("the process on link {link} does not come back: {state}"));
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        tokio::time::sleep(SETTLING).await;
        missing
    }
}
