//! The history checker: whole processes read through cached functions, write to a database and invalidate, while Redis,
//! the links to it and the processes themselves fail by a schedule; what they have seen is judged as it comes.
//!
//! ```text
//! main ──> episode ──> stage ──> schedule, scene    server, links, processes; what goes wrong, and when
//!             └──────> collector ──> judge          takes their records; what a history must not show
//!
//! worker ──> reading, writing ──> calls ──> functions, page, database    a process: what it does
//!               └───────────────> recorder ──> record, row               and what it says of it
//! ```
//!
//! `cargo xtask history` runs it. One episode is one life of a server and its workers, some seconds long, and ends when
//! nothing is going on any more; episodes with and without near cache take turns. The schedule can be replayed by its
//! seed; how the processes' steps fall in between cannot.

mod calls;
mod clock;
mod collector;
mod database;
mod episode;
mod functions;
mod judge;
mod page;
mod reading;
mod record;
mod recorder;
mod row;
mod scene;
mod schedule;
mod stage;
mod table;
mod worker;
mod writing;

use std::process::ExitCode;
use std::time::Duration;

use episode::Episode;
use judge::Check;
use table::Table;

/// How long things go wrong in one episode.
const LENGTH: Duration = Duration::from_secs(7);

const USAGE: &str = "history [--seconds N] [--seed S] [--near true|false] [--slow true|false]";

struct Options {
    seconds: u64,
    seed: u64,
    /// Both, if it is not said.
    near: Option<bool>,
    /// Whether a slow call ends the run: not where only flaws of coherence are sought, on a machine that builds.
    slow: bool,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("the operating system provides threads and an event queue");
    if std::env::var_os("NUMBER").is_some() {
        runtime.block_on(worker::work());
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(options) = Options::read(&words) else {
        eprintln!("usage: {USAGE}");
        return ExitCode::from(2);
    };
    runtime.block_on(run(&options))
}

impl Options {
    fn read(words: &[String]) -> Option<Self> {
        let seed = u64::from(std::process::id());
        let mut options = Self { seconds: LENGTH.as_secs() * 2, seed, near: None, slow: true };
        for pair in words.chunks(2) {
            let [name, value] = pair else { return None };
            match name.as_str() {
                "--seconds" => options.seconds = value.parse().ok()?,
                "--seed" => options.seed = value.parse().ok()?,
                "--near" => options.near = Some(value.parse().ok()?),
                "--slow" => options.slow = value.parse().ok()?,
                _ => return None,
            }
        }
        Some(options)
    }
}

/// Ends with the first episode that shows what must not be.
async fn run(options: &Options) -> ExitCode {
    let mut table = Table::begin();
    let episodes = options.seconds.div_ceil(LENGTH.as_secs()).max(1);
    for number in 0..episodes {
        let near = options.near.unwrap_or(number % 2 == 0);
        let episode = Episode { seed: options.seed + number, near, length: LENGTH };
        println!("\n{episode}");
        let seen = episode.run().await;
        table.add(near, seen);
        let mut violations = table.violations();
        violations.retain(|violation| options.slow || violation.check != Check::Slow);
        if !violations.is_empty() {
            table::explain(&violations);
            println!("\n{table}");
            println!("\nto replay its schedule: --seed {} --near {near} --seconds 1", episode.seed);
            return ExitCode::FAILURE;
        }
    }
    println!("\n{table}");
    ExitCode::SUCCESS
}
