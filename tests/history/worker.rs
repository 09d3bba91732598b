//! A process that reads through the cached functions, writes to the database and invalidates, until it is told to stop.
//!
//! ```text
//! 1 go      1 done                  readers and writers begin
//! 2 calm    2 done                  the writers have stopped
//! 3 state   3 connected             or what else it says of Redis
//! 4 over    4 errors=0 panics=0 …   the readers have stopped, and the history is written
//! 5 rows    5 0 3 7 …               the version of every row, by the functions
//! 6 quit
//! ```

use std::io::{BufRead as _, BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cachefn::Invalidated;
use tokio::task::JoinSet;

use crate::database;
use crate::functions::{ROWS, Row, Target};
use crate::record::{Outcome, Read, Record, Sample, Strike, Write, now};

const READERS: u64 = 4;
const WRITERS: u64 = 2;
const SAMPLED_EVERY: Duration = Duration::from_millis(2);

static CALM: AtomicBool = AtomicBool::new(false);
static OVER: AtomicBool = AtomicBool::new(false);
static ERRORS: AtomicU64 = AtomicU64::new(0);
static PANICS: AtomicU64 = AtomicU64::new(0);

#[derive(Default)]
struct Work {
    readers: JoinSet<Vec<Record>>,
    writers: JoinSet<Vec<Record>>,
    records: Vec<Record>,
    sampler: Option<std::thread::JoinHandle<Vec<Record>>>,
}

/// Obeys the lines on standard input.
pub(crate) async fn work() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        hook(panic);
    }));
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
        let near = std::env::var("CACHE_NEAR").is_ok_and(|near| near == "true");
        for reader in 0..READERS {
            self.readers.spawn(read(random(reader), near));
        }
        let writers = if std::env::var("WRITES").is_ok_and(|writes| writes == "true") { WRITERS } else { 0 };
        for writer in 0..writers {
            self.writers.spawn(write(random(100 + writer)));
        }
        self.sampler = Some(std::thread::spawn(sample));
        "done".to_owned()
    }

    async fn calm(&mut self) -> String {
        CALM.store(true, Ordering::SeqCst);
        while let Some(done) = self.writers.join_next().await {
            self.records.extend(done.into_iter().flatten());
        }
        "done".to_owned()
    }

    async fn over(&mut self) -> String {
        OVER.store(true, Ordering::SeqCst);
        while let Some(done) = self.readers.join_next().await {
            self.records.extend(done.into_iter().flatten());
        }
        let sampler = self.sampler.take().and_then(|sampler| sampler.join().ok());
        self.records.extend(sampler.into_iter().flatten());
        if write_down(&self.records).is_err() {
            ERRORS.fetch_add(1, Ordering::SeqCst);
        }
        let [errors, panics] = [&ERRORS, &PANICS].map(|count| count.load(Ordering::SeqCst));
        let total = cachefn::stats().total();
        format!(
            "errors={errors} panics={panics} hits={} misses={} collapsed={} fills={} refused={}",
            total.hits, total.misses, total.collapsed, total.fills, total.refused
        )
    }
}

fn write_down(records: &[Record]) -> std::io::Result<()> {
    let directory: PathBuf = std::env::var_os("DATABASE").unwrap_or_default().into();
    let file = std::fs::File::create(directory.join(format!("history-{}", number("NUMBER"))))?;
    let mut file = BufWriter::new(file);
    for record in records {
        writeln!(file, "{record}")?;
    }
    file.flush()
}

/// The version of every row, as its function says.
async fn rows() -> String {
    let mut said = Vec::with_capacity(ROWS);
    for row in (0..ROWS).map(Row) {
        said.push(row.read().await.map_or_else(|error| error.to_string(), |value| value.version.to_string()));
    }
    said.join(" ")
}

fn is_connected() -> bool {
    cachefn::status().redis.is_some_and(|redis| redis.connected)
}

fn sample() -> Vec<Record> {
    let mut samples = Vec::new();
    while !OVER.load(Ordering::SeqCst) {
        let before = now();
        let connected = is_connected();
        samples.push(Record::Sample(Sample { before, after: now(), connected }));
        std::thread::sleep(SAMPLED_EVERY);
    }
    samples
}

async fn read(mut random: fastrand::Rng, near: bool) -> Vec<Record> {
    let mut reads = Vec::new();
    while !OVER.load(Ordering::SeqCst) {
        let row = Row::any(&mut random);
        // Only where nothing is late by a push does it matter to a single call.
        let connected = !near && is_connected();
        let begin = now();
        match row.read().await {
            Ok(value) if value.row == row.0 => {
                let (end, version) = (now(), value.version);
                reads.push(Record::Read(Read { row, begin, end, version, connected }));
            }
            other => {
                eprintln!("{row} answered {other:?}");
                ERRORS.fetch_add(1, Ordering::SeqCst);
            }
        }
        match random.u8(..4) {
            0 => tokio::task::yield_now().await,
            long => tokio::time::sleep(Duration::from_millis(long.into())).await,
        }
    }
    reads
}

async fn write(mut random: fastrand::Rng) -> Vec<Record> {
    let mut records = Vec::new();
    while !CALM.load(Ordering::SeqCst) {
        if write_once(&mut random, &mut records).await.is_err() {
            ERRORS.fetch_add(1, Ordering::SeqCst);
        }
        let pause = if random.u8(..8) == 0 { 0 } else { random.u64(1..30) };
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    records
}

async fn write_once(random: &mut fastrand::Rng, records: &mut Vec<Record>) -> std::io::Result<()> {
    let row = Row::any(random);
    let found = database::version(row.0)?;
    records.push(write_row(row)?);
    if random.u8(..10) == 0 {
        if random.bool() {
            // So that there are loads under way which are older than the refresh, rather than a value.
            records.push(Record::Strike(strike(Target::Key(row), random).await?));
            tokio::time::sleep(Duration::from_millis(1)).await;
            records.push(write_row(row)?);
        }
        records.push(Record::Strike(refresh(row).await?));
        // Time for others to see what has become of it, before it is struck.
        tokio::time::sleep(Duration::from_millis(random.u64(1..40))).await;
    }
    for target in row.targets(found..database::version(row.0)?, random) {
        records.push(Record::Strike(strike(target, random).await?));
    }
    Ok(())
}

fn write_row(row: Row) -> std::io::Result<Record> {
    let begin = now();
    database::write(row.0)?;
    let end = now();
    Ok(Record::Write(Write { row, begin, end, version: database::version(row.0)? }))
}

async fn refresh(row: Row) -> std::io::Result<Strike> {
    let begin = now();
    let floors = vec![(row, row.refresh().await?.version)];
    let end = now();
    Ok(Strike { target: Target::Key(row), begin, struck: end, end, outcome: Outcome::Refreshed, floors })
}

async fn strike(target: Target, random: &mut fastrand::Rng) -> std::io::Result<Strike> {
    let covered = (0..ROWS).map(Row).filter(|row| target.covers(*row).is_some());
    let floors = covered.map(|row| Ok((row, database::version(row.0)?))).collect::<std::io::Result<_>>()?;
    let begin = now();
    let invalidation = target.strike();
    let struck = now();
    let outcome = if random.u8(..16) == 0 {
        drop(invalidation);
        Outcome::Unknown
    } else {
        match invalidation.await {
            Invalidated::Applied => Outcome::Applied,
            Invalidated::Queued => Outcome::Queued,
        }
    };
    Ok(Strike { target, begin, struck, end: now(), outcome, floors })
}
