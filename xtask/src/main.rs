//! The chores of the project, in Rust, so that a developer and the CI do the same: `cargo xtask` lists them.
//!
//! ```text
//! main ──> steps ──> redis ──> run      what each step runs; where redis-server is; one command
//!            ├─────> browser ──┤        where Chromium is; both look and install by way of tools
//!            ├─────> summary ──┤        the table at the end
//!            └─────> history ──┘        the history checker, and the flaws it has to find
//! ```

mod browser;
mod build_cost;
mod history;
mod redis;
mod run;
mod steps;
mod summary;
mod tools;

use std::env;
use std::process::ExitCode;

use run::Job;

const BENCHES: &str = "cargo bench -p cachefn-benches";
/// Apart: what these need would be compiled into the others too.
const REDIS_BENCHES: &str = "cargo bench -p cachefn-benches-redis";
const HTTP_BENCHES: &str = "cargo bench -p cachefn-benches-http";

const USAGE: &str = "\
cargo xtask test [--only STEP,STEP]   everything that must be green, or just these steps
cargo xtask bench [redis|http] [ARGUMENTS]
                                      the benches, or those with a Redis or of HTTP; arguments go to `cargo bench`
cargo xtask build-cost                200 annotated functions: what they cost the compiler, beside `cached`
cargo xtask fuzz [CASES]              a million cases of what may stand in Redis and of what becomes a key, or so many
cargo xtask history [--seconds N] [--seed S] [--near true|false]
                                      processes that read, write and invalidate while Redis fails, and are judged;
                                      with --flaw NAME on sources without one of the mechanisms, with --flaws on
                                      each such: then something must be found
cargo xtask ui                        bless the snapshots: compile errors and macro expansions
cargo xtask help                      this page

REDIS_SERVER=PATH names the redis-server the tests start; else it is found on PATH or installed. CHROMIUM=PATH likewise.

steps of `test`:";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help" | "--help" | "-h"] => {
            println!("{}", usage());
            ExitCode::SUCCESS
        }
        ["test"] => steps::test(&steps::all()),
        ["test", "--only", names] => match steps::named(names) {
            Ok(chosen) => steps::test(&chosen),
            Err(fault) => refuse(&fault),
        },
        ["bench"] => chore([BENCHES, REDIS_BENCHES, HTTP_BENCHES].map(Job::new)),
        ["bench", "http", rest @ ..] => chore([Job::new(HTTP_BENCHES).args(rest)]),
        ["bench", "redis", rest @ ..] => chore([Job::new(REDIS_BENCHES).args(rest)]),
        ["bench", rest @ ..] => chore([Job::new(BENCHES).args(rest)]),
        ["build-cost"] => match build_cost::table(&run::root()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(fault) => refuse(&fault),
        },
        ["fuzz"] => chore(fuzz(1_000_000)),
        ["fuzz", cases] => match cases.parse() {
            Ok(cases) => chore(fuzz(cases)),
            Err(_) => refuse(&format!("`{cases}` is not a number of cases")),
        },
        ["history", rest @ ..] => match judge_histories(rest) {
            Ok(()) => ExitCode::SUCCESS,
            Err(fault) => refuse(&fault),
        },
        ["ui"] => chore(bless()),
        _ => refuse(&format!("`{}` is not a chore\n\n{}", words.join(" "), usage())),
    }
}

fn judge_histories(arguments: &[&str]) -> Result<(), String> {
    let server = redis::server()?;
    match arguments {
        ["--flaws", rest @ ..] => history::seek(&server, None, rest),
        ["--flaw", name, rest @ ..] => history::seek(&server, Some(name), rest),
        rest => history::check(&server, rest),
    }
}

/// Every feature is on, as in the step `tests`: a snapshot must not depend on who asks for it.
fn bless() -> [Job; 2] {
    [
        Job::new("cargo test -p cachefn-tests --all-features --test ui").env("TRYBUILD", "overwrite"),
        Job::new("cargo test -p cachefn-macros --all-features").env("UPDATE_SNAPSHOTS", "1"),
    ]
}

/// The property tests of stored bytes and of keys, in the release profile. A case of the codecs is 24 decodings, so there
/// are a tenth of those.
fn fuzz(cases: u32) -> [Job; 3] {
    const CASES: &str = "PROPTEST_CASES";
    let job = |line: &str, cases: u32| Job::new(line).env(CASES, cases.to_string());
    [
        job("cargo test --release -p cachefn-backends --all-features --lib envelope::fuzz", cases),
        job("cargo test --release -p cachefn --all-features --lib key::tests::injective", cases),
        job("cargo test --release -p cachefn --all-features --lib codec::", (cases / 10).max(1)),
    ]
}

/// Runs all of them, also after one that failed.
fn chore(jobs: impl IntoIterator<Item = Job>) -> ExitCode {
    let faults: Vec<String> = jobs.into_iter().filter_map(|job| job.stream().err()).collect();
    if faults.is_empty() { ExitCode::SUCCESS } else { refuse(&faults.join("\n")) }
}

fn refuse(fault: &str) -> ExitCode {
    eprintln!("error: {fault}");
    ExitCode::FAILURE
}

fn usage() -> String {
    steps::all()
        .iter()
        .fold(USAGE.to_owned(), |page, step| format!("{page}\n  {:<10}{}", step.name, step.about))
}
