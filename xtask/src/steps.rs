//! The steps of `cargo xtask test`, in the order in which they run.
//!
//! A step that fails does not stop the later ones. A step whose tool is missing is skipped and says so in the
//! summary; Redis and Chromium have no substitute: without them the suite fails.

use std::mem;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::run::{Job, REDIS_SERVER, Tally, target};
use crate::summary::{Row, Stop, Summary};
use crate::{browser, history, redis};

/// The oldest toolchain the published crates promise to build with, as in `rust-version` of the workspace.
const OLDEST: &str = "1.88";

/// One line of the summary.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    needs_redis: bool,
    run: fn(&mut Stage) -> Result<(), Stop>,
}

/// What a step works with.
struct Stage {
    redis: Option<PathBuf>,
    tests: Tally,
}

/// Every step, in order.
pub(crate) fn all() -> Vec<Step> {
    let step = |name, about, run| Step { name, about, needs_redis: false, run };
    let redis = |name, about, run| Step { name, about, needs_redis: true, run };
    vec![
        step("fmt", "the formatting, by rustfmt.toml", fmt),
        step("clippy", "the lints of the workspace, warnings refused", clippy),
        redis("tests", "every test with every feature, against a real Redis", tests),
        step("dashboard", "the dashboard of the admin router, in a real browser", dashboard),
        redis(
            "off",
            "the crate without `enabled`, without TLS, sentinels and clusters, and without Redis",
            off,
        ),
        redis(
            "history",
            "processes that read, write and invalidate while Redis fails, for 14 seconds",
            history,
        ),
        step("model", "what runs at once, under a model checker, in every order", model),
        step("doc", "the pages of the published crates, warnings refused", doc),
        redis("examples", "the examples, which assert what they show", examples),
        step("msrv", "the oldest supported toolchain", msrv),
        step("deny", "licences, advisories and sources of the dependencies", deny),
    ]
}

/// The steps of a list such as `fmt,clippy`, in their own order.
pub(crate) fn named(names: &str) -> Result<Vec<Step>, String> {
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    let mut steps = all();
    if let Some(unknown) = names.iter().find(|name| steps.iter().all(|step| step.name != **name)) {
        let known: Vec<&str> = steps.iter().map(|step| step.name).collect();
        return Err(format!("`{unknown}` is not a step; the steps are {}", known.join(", ")));
    }
    steps.retain(|step| names.contains(&step.name));
    Ok(steps)
}

/// Runs them all and prints the summary.
pub(crate) fn test(steps: &[Step]) -> ExitCode {
    let mut stage = Stage { redis: None, tests: Tally::default() };
    let mut rows = Vec::new();
    if steps.iter().any(|step| step.needs_redis) {
        rows.push(stage.row("redis", find_redis));
    }
    rows.extend(steps.iter().map(|step| stage.row(step.name, step.run)));
    let summary = Summary(rows);
    println!("\n{summary}");
    ExitCode::from(u8::from(summary.failed() > 0))
}

impl Stage {
    fn row(&mut self, name: &'static str, run: fn(&mut Self) -> Result<(), Stop>) -> Row {
        let begun = Instant::now();
        let result = run(self);
        if let Err(Stop::Failed(why)) = &result {
            eprintln!("error: {name}: {why}");
        }
        Row { name, took: begun.elapsed(), tests: mem::take(&mut self.tests), result }
    }

    fn with_redis(&self, line: &str) -> Job {
        match &self.redis {
            Some(server) => Job::new(line).env(REDIS_SERVER, server),
            None => Job::new(line),
        }
    }

    fn test(&mut self, line: &str) -> Result<(), Stop> {
        Ok(self.with_redis(line).test(&mut self.tests)?)
    }
}

/// Not a step of its own: it goes before the steps that need a server.
fn find_redis(stage: &mut Stage) -> Result<(), Stop> {
    stage.redis = Some(redis::server()?);
    Ok(())
}

fn fmt(_: &mut Stage) -> Result<(), Stop> {
    let check = Job::new("cargo fmt --all --check").stream();
    Ok(check.map_err(|fault| format!("{fault}: run `cargo fmt --all`"))?)
}

fn clippy(_: &mut Stage) -> Result<(), Stop> {
    stream("cargo clippy --quiet --workspace --all-targets --all-features -- -D warnings")
}

/// The chores are counted apart: their tests alone must not make a suite of the library.
fn tests(stage: &mut Stage) -> Result<(), Stop> {
    let chores = stage.test("cargo test -p xtask");
    // cachefn-tests-off would be built with `enabled` here, for the features of a workspace are unified.
    let library = stage.test(
        "cargo test --workspace --all-features --no-fail-fast --exclude cachefn-tests-off \
         --exclude cachefn-tests-dashboard --exclude xtask",
    );
    library.and(chores)
}

/// Without a browser it fails: nothing else would show that the page works.
fn dashboard(stage: &mut Stage) -> Result<(), Stop> {
    // Built with the features of all the tests before, so that nothing is compiled twice.
    let job = Job::new(
        "cargo test --workspace --all-features --exclude cachefn-tests-off --exclude xtask --test dashboard",
    );
    Ok(job.env(browser::CHROMIUM, browser::program()?).test(&mut stage.tests)?)
}

fn off(stage: &mut Stage) -> Result<(), Stop> {
    const MEMORY: &str = "-p cachefn --no-default-features --features enabled";
    let tests = stage.test("cargo test -p cachefn-tests-off --no-fail-fast");
    let plain = stage.test("cargo test -p cachefn --lib --no-fail-fast -- config:: codec::pack");
    let lint = |chosen: &str| stream(&format!("cargo clippy --quiet {chosen} -- -D warnings"));
    let lints = ["-p cachefn --no-default-features", MEMORY, "-p cachefn"].map(lint);
    lints.into_iter().fold(tests.and(plain), Result::and)?;
    let tree = Job::new(&format!("cargo tree {MEMORY} -e normal --prefix none --color never")).output()?;
    match tree.lines().find(|line| line.starts_with("redis v")) {
        Some(line) => Err(Stop::Failed(format!("{line} is in the tree of `{MEMORY}`: make it optional"))),
        None => Ok(()),
    }
}

/// Built apart, for the code is built on the checker's primitives, and with optimizations, for there are many orders.
fn model(stage: &mut Stage) -> Result<(), Stop> {
    const TESTS: &str = "cargo test --profile model -p cachefn -p cachefn-backends --no-default-features --features \
                         cachefn/enabled --lib model:: --no-fail-fast";
    let job = Job::new(TESTS).env("RUSTFLAGS", "--cfg cachefn_model").env("CARGO_TARGET_DIR", "target/model");
    Ok(job.test(&mut stage.tests)?)
}

fn history(stage: &mut Stage) -> Result<(), Stop> {
    Ok(stage.with_redis(history::CHECK).stream()?)
}

fn doc(_: &mut Stage) -> Result<(), Stop> {
    let published = "-p cachefn -p cachefn-macros -p cachefn-backends";
    let pages = Job::new(&format!("cargo doc --quiet {published} --no-deps --all-features"));
    Ok(pages.env("RUSTDOCFLAGS", "-Dwarnings").stream()?)
}

fn examples(stage: &mut Stage) -> Result<(), Stop> {
    // Together, for apart they would be built with other features of the same dependencies. The service is a program of its
    // own, which the load starts.
    stream("cargo build --quiet -p cachefn-examples -p users-api --examples --bins")?;
    let run = |program: &str| stage.with_redis(&format!("{}/debug/{program}", target().display())).stream();
    let quickstart = run("examples/quickstart");
    let metrics = run("examples/metrics");
    let redis = run("examples/redis");
    let load = run("load --seconds 1 --users 1000");
    Ok(quickstart.and(metrics).and(redis).and(load)?)
}

fn msrv(_: &mut Stage) -> Result<(), Stop> {
    let installed = Job::new("rustup toolchain list").output();
    match installed.ok().as_deref().and_then(oldest_toolchain) {
        Some(name) => stream(&format!("cargo +{name} check --quiet -p cachefn --all-features")),
        None => Err(Stop::Skipped(format!("toolchain {OLDEST} is not installed"))),
    }
}

fn deny(_: &mut Stage) -> Result<(), Stop> {
    match Job::new("cargo deny --version").output() {
        Ok(_) => stream("cargo deny check"),
        Err(_) => Err(Stop::Skipped("cargo-deny is not installed".to_owned())),
    }
}

fn stream(line: &str) -> Result<(), Stop> {
    Ok(Job::new(line).stream()?)
}

/// The full name, for `+1.88` does not find a toolchain installed as `1.88.0`.
fn oldest_toolchain(list: &str) -> Option<&str> {
    let mut names = list.lines().filter_map(|line| line.split_whitespace().next());
    let oldest = |name: &&str| name.strip_prefix(OLDEST).is_some_and(|rest| rest.starts_with(['.', '-']));
    names.find(oldest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(steps: &[Step]) -> Vec<&str> {
        steps.iter().map(|step| step.name).collect()
    }

    #[test]
    fn chosen_steps_keep_their_order() {
        assert_eq!(names(&named("clippy, fmt").unwrap()), ["fmt", "clippy"]);
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_names_of_the_known_ones() {
        let fault = named("fmt,clipy").err().unwrap();
        assert!(
            fault.starts_with("`clipy` is not a step; the steps are fmt, clippy, tests, dashboard, off"),
            "{fault}"
        );
    }

    #[test]
    fn the_oldest_toolchain_is_found_by_either_name() {
        let list = "stable-x86_64-unknown-linux-gnu (default)\n1.88.0-x86_64-unknown-linux-gnu (active)\n";
        assert_eq!(oldest_toolchain(list), Some("1.88.0-x86_64-unknown-linux-gnu"));
        assert_eq!(oldest_toolchain("1.88-aarch64-apple-darwin\n"), Some("1.88-aarch64-apple-darwin"));
        assert_eq!(oldest_toolchain("1.880.0-x\n1.95.0-x86_64-unknown-linux-gnu\n"), None);
    }
}
