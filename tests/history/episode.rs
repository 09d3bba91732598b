//! One life of a server and its workers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::clock::now;
use crate::collector::{Collector, Parcel};
use crate::judge::{Check, Fact, Judge, STALL, Verdict};
use crate::row::ROWS;
use crate::scene::Scene;
use crate::schedule::Schedule;
use crate::stage::{Stage, WORKERS};

/// What is run.
pub(crate) struct Episode {
    pub(crate) seed: u64,
    pub(crate) near: bool,
    pub(crate) length: Duration,
}

/// What was seen.
pub(crate) struct Seen {
    pub(crate) verdict: Verdict,
    /// What the workers counted: `hits=12 misses=3`.
    pub(crate) counts: Vec<String>,
}

impl Episode {
    pub(crate) async fn run(&self) -> Seen {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let collector = Collector::start(directory.path(), Judge::new(self.near, now()));
        let collector = collector.expect("a socket in a directory of our own");
        let awake = Awake::begin(collector.facts());
        let mut stage = Stage::new(self.seed, self.near, directory);
        stage.enter().await;
        self.play(&stage, collector.facts()).await;
        let missing = stage.come_to_rest().await;
        let counts = stage.ask_all("over").await;
        let rows = rows(&stage).await;
        let database = database(&stage);
        for worker in stage.workers {
            worker.into_inner().quit().await;
        }
        awake.end();
        let mut judge = collector.finish().expect("the socket is still there");
        for text in missing {
            judge.report(Check::End, text);
        }
        for said in counts.iter().filter(|said| !said.starts_with("errors=0 panics=0 ")) {
            judge.report(Check::Fault, said.clone());
        }
        for (who, said) in rows {
            judge.judge_end(&who, &said, &database);
        }
        Seen { verdict: judge.verdict(), counts }
    }

    fn schedule(&self) -> Schedule {
        Schedule::draw(self.seed, WORKERS, self.length)
    }

    /// Has the workers work while things go wrong.
    async fn play(&self, stage: &Stage, facts: SyncSender<Parcel>) {
        stage.ask_all("go").await;
        let (schedule, runtime) = (self.schedule(), Handle::current());
        let begun = Instant::now();
        tokio::task::block_in_place(|| Scene { stage, facts, begun, runtime }.play(&schedule));
        tokio::time::sleep_until((begun + self.length).into()).await;
    }
}

/// What the workers read when nothing is going on any more, and what a process reads that has just begun.
async fn rows(stage: &Stage) -> Vec<(String, String)> {
    let fresh = stage.start_fresh().await;
    fresh.ask("calm").await;
    // The fresh one first: what others fill when they are asked would hide what Redis has.
    let mut rows = vec![("a fresh process".to_owned(), fresh.ask("rows").await)];
    fresh.quit().await;
    for (link, said) in stage.ask_all("rows").await.into_iter().enumerate() {
        rows.push((format!("the process on link {link}"), said));
    }
    rows
}

/// The version of every row.
fn database(stage: &Stage) -> Vec<u64> {
    let length = |row: usize| {
        let row = std::fs::metadata(stage.directory.path().join(format!("row-{row}")));
        row.map_or(0, |row| row.len())
    };
    (0..ROWS).map(length).collect()
}

/// Notes when this process, which carries the bytes of the others, wakes up late.
struct Awake {
    over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Awake {
    fn begin(facts: SyncSender<Parcel>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut last = now();
            while !told.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(2));
                let woken = now();
                if woken - last > STALL {
                    facts.send(Parcel::Fact(Fact::Pause(last, woken))).expect("the judge takes all");
                }
                last = woken;
            }
        });
        Self { over, thread }
    }

    fn end(self) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().expect("it does not panic");
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
