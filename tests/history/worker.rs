//! A process that reads through the cached functions, writes to the database and invalidates, until it is told to stop.
//!
//! ```text
//! 1 go      1 done                  readers and writers begin
//! 2 calm    2 done                  the writers have stopped, and no body fails any more
//! 3 state   3 connected             or what else it says of Redis
//! 4 over    4 errors=0 panics=0 …   the readers have stopped, and the history is sent
//! 5 rows    5 0 3 7 …               the version of every row, by the functions
//! 6 quit
//! ```

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::clock::now;
use crate::functions::CALM;
use crate::record::{Record, Sample};
use crate::recorder;
use crate::row::{ROWS, Row};
use crate::{reading, writing};

/// As many calls are under way at a time, so that something can be done whoever waits for Redis or a body.
const READERS: u64 = 32;
/// Readers of `Leased`: after a process died in the middle each call of its row waits for up to five seconds.
const LEASED: u64 = 2;
const WRITERS: u64 = 3;
const SAMPLED_EVERY: Duration = Duration::from_millis(2);

static OVER: AtomicBool = AtomicBool::new(false);
static ERRORS: AtomicU64 = AtomicU64::new(0);
static PANICS: AtomicU64 = AtomicU64::new(0);
/// How many calls there were.
pub(crate) static CALLS: AtomicU64 = AtomicU64::new(0);

#[derive(Default)]
struct Work {
    readers: JoinSet<()>,
    writers: JoinSet<()>,
    sampler: Option<std::thread::JoinHandle<()>>,
}

/// Obeys the lines on standard input.
pub(crate) async fn work() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        hook(panic);
    }));
    let directory: PathBuf = std::env::var_os("DATABASE").unwrap_or_default().into();
    let [process, link] = ["NUMBER", "LINK"].map(|name| u8::try_from(number(name)).unwrap_or(u8::MAX));
    if let Err(error) = recorder::connect(&directory, process, link) {
        return answer("0", &error.to_string());
    }
    match cachefn::init().await {
        Ok(()) => answer("0", "ready"),
        Err(error) => return answer("0", &error.to_string()),
    }
    let (lines, mut commands) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
    let mut work = Work::default();
    while let Some(line) = commands.recv().await {
        let Some((tag, command)) = line.split_once(' ') else { continue };
        let said = match command {
            "go" => work.go(),
            "calm" => work.calm().await,
            "state" => cachefn::status().redis.map_or("none", |redis| redis.state).to_owned(),
            "over" => work.over().await,
            "rows" => rows().await,
            _ => break,
        };
        answer(tag, &said);
    }
    cachefn::shutdown().await;
}

fn answer(tag: &str, text: &str) {
    let mut out = std::io::stdout().lock();
    // Who drives this process may have ended.
    let _ = writeln!(out, "{tag} {text}").and_then(|()| out.flush());
}

fn number(name: &str) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

impl Work {
    fn go(&mut self) -> String {
        let seed = number("SEED");
        let random = |role: u64| fastrand::Rng::with_seed(seed.wrapping_mul(1_000).wrapping_add(role));
        let is_set = |name| std::env::var(name).is_ok_and(|value| value == "true");
        for reader in 0..READERS + LEASED {
            let reader = reading::Reader {
                random: random(reader),
                near: is_set("CACHE_NEAR"),
                leased: reader >= READERS,
            };
            self.readers.spawn(reader.run());
        }
        for writer in 0..if is_set("WRITES") { WRITERS } else { 0 } {
            self.writers.spawn(writing::write(random(100 + writer)));
        }
        self.sampler = Some(std::thread::spawn(sample));
        "done".to_owned()
    }

    async fn calm(&mut self) -> String {
        CALM.store(true, Ordering::SeqCst);
        while self.writers.join_next().await.is_some() {}
        "done".to_owned()
    }

    async fn over(&mut self) -> String {
        OVER.store(true, Ordering::SeqCst);
        while self.readers.join_next().await.is_some() {}
        if self.sampler.take().is_some_and(|sampler| sampler.join().is_err()) {
            failed(&"the sampler panicked");
        }
        let [errors, panics] = [&ERRORS, &PANICS].map(|count| count.load(Ordering::SeqCst));
        let total = cachefn::stats().total();
        format!(
            "errors={errors} panics={panics} hits={} misses={} stale={} collapsed={} fills={} refused={}",
            total.hits, total.misses, total.stale, total.collapsed, total.fills, total.refused
        )
    }
}

/// The version of every row, as its function says.
async fn rows() -> String {
    let mut reads: Vec<_> = (0..ROWS).map(|row| tokio::spawn(Row(row).read())).collect();
    let mut said = Vec::with_capacity(ROWS);
    for read in &mut reads {
        said.push(match read.await {
            Ok(Ok(value)) => value.version.to_string(),
            Ok(Err(error)) => error.to_string().replace(' ', "-"),
            Err(_) => "panicked".to_owned(),
        });
    }
    said.join(" ")
}

pub(crate) fn is_over() -> bool {
    OVER.load(Ordering::Relaxed)
}

/// Counts what a caller must never see.
pub(crate) fn failed(what: &dyn std::fmt::Display) {
    eprintln!("{what}");
    ERRORS.fetch_add(1, Ordering::SeqCst);
}

/// Whether Redis is in use, and nothing waits for it.
pub(crate) fn is_connected() -> bool {
    cachefn::status().redis.is_some_and(|redis| redis.connected && redis.journal == 0)
}

/// Notes how things stand with Redis, and sends the records.
fn sample() {
    while !OVER.load(Ordering::SeqCst) {
        let before = now();
        let connected = is_connected();
        recorder::push(&Record::Sample(Sample { before, after: now(), connected }));
        recorder::flush();
        std::thread::sleep(SAMPLED_EVERY);
    }
    recorder::flush();
}
