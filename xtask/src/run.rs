//! One command: shown, run from the root of the workspace, its tests counted.

use std::env;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Write};
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// Names the redis-server the tests start: by the developer to us, and by us to the tests.
pub(crate) const REDIS_SERVER: &str = "REDIS_SERVER";

/// What the `test result:` lines of a run add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    /// What the failed tests said, line by line: the end of a long run repeats it.
    pub(crate) failures: Vec<String>,
}

/// A command and the line that shows it.
pub(crate) struct Job {
    command: Command,
    line: String,
}

impl Job {
    /// The words of `line`, separated by blanks: a program and its arguments.
    pub(crate) fn new(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().expect("a job names its program"));
        command.args(words).current_dir(root());
        for name in ambient() {
            command.env_remove(name);
        }
        Self { command, line: line.to_owned() }
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        for argument in arguments {
            self.command.arg(argument);
            self.line = format!("{} {argument}", self.line);
        }
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, &value);
        self.line = format!("{name}={} {}", value.as_ref().display(), self.line);
        self
    }

    /// Runs it from another directory than the root.
    pub(crate) fn inside(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Runs it with its output on ours, and returns what it ends with.
    pub(crate) fn code(mut self) -> Result<i32, String> {
        self.show();
        let status = self.command.status().map_err(|fault| self.unstartable(&fault))?;
        status.code().ok_or_else(|| format!("`{}` was killed ({status})", self.line))
    }

    /// Runs it with its output on ours.
    pub(crate) fn stream(mut self) -> Result<(), String> {
        self.show();
        let status = self.command.status().map_err(|fault| self.unstartable(&fault))?;
        self.judge(status)
    }

    /// Runs it with its output on ours and adds the tests it reports to `tally`, also when it fails.
    ///
    /// A run without a passed test, or with an ignored one, is a failure.
    pub(crate) fn test(mut self, tally: &mut Tally) -> Result<(), String> {
        self.show();
        let mut child =
            self.command.stdout(Stdio::piped()).spawn().map_err(|fault| self.unstartable(&fault))?;
        let output = child.stdout.take().expect("stdout was piped two lines above");
        let seen = echo(BufReader::new(output), io::stdout().lock())
            .map_err(|fault| format!("`{}`: {fault}", self.line))?;
        let status = child.wait().map_err(|fault| format!("`{}`: {fault}", self.line))?;
        // What does not compile has no failed test either, and is no suite without tests.
        let verdict = if seen.failed == 0 { self.judge(status) } else { Ok(()) };
        let verdict = verdict.and_then(|()| seen.judge());
        *tally += seen;
        verdict
    }

    /// Runs it unseen and returns what it prints.
    pub(crate) fn output(mut self) -> Result<String, String> {
        let output = self.command.output().map_err(|fault| self.unstartable(&fault))?;
        self.judge(output.status)
            .map_err(|fault| format!("{fault}: {}", String::from_utf8_lossy(&output.stderr).trim()))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn show(&self) {
        println!("\n$ {}", self.line);
    }

    fn unstartable(&self, fault: &io::Error) -> String {
        format!("`{}` cannot be started ({fault}): is `{}` on PATH?", self.line, self.program())
    }

    fn program(&self) -> String {
        self.command.get_program().to_string_lossy().into_owned()
    }

    fn judge(&self, status: ExitStatus) -> Result<(), String> {
        if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", self.line)) }
    }
}

impl Tally {
    /// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`, coloured or not.
    fn of_line(line: &str) -> Option<Self> {
        let counts = line.trim().strip_prefix("test result:")?;
        let count = |what: &str| {
            let words = counts.split(';').find_map(|part| part.trim().strip_suffix(what))?;
            words.split_whitespace().last()?.parse().ok()
        };
        let [passed, failed, ignored] = ["passed", "failed", "ignored"].map(count);
        Some(Self { passed: passed?, failed: failed?, ignored: ignored?, failures: Vec::new() })
    }

    fn judge(&self) -> Result<(), String> {
        match self {
            Self { failed: 1.., .. } => Err(format!("{} failed, see above", tests(self.failed))),
            Self { ignored: 1.., .. } => {
                Err(format!("{} ignored: make it run or delete it", tests(self.ignored)))
            }
            Self { passed: 0, .. } => Err("no test ran: a suite without tests proves nothing".to_owned()),
            Self { .. } => Ok(()),
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.failures.extend(other.failures);
    }
}

/// The root of the workspace, wherever in it the chore was called.
pub(crate) fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = package.as_deref().and_then(Path::parent).map(Path::to_owned);
    root.unwrap_or_else(|| PathBuf::from("."))
}

/// The directory that cargo builds into.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The developer's own settings of the library: a test must see none, nor reach the Redis they name.
fn ambient() -> impl Iterator<Item = String> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let ours = |name: &String| name.starts_with("CACHE_") || name.starts_with("REDIS_");
    names.filter(move |name| ours(name) && name != REDIS_SERVER)
}

fn tests(count: u64) -> String {
    if count == 1 { "1 test".to_owned() } else { format!("{count} tests") }
}

/// Copies the output line by line as it comes, counts, and keeps what stands between `failures:` and the result.
fn echo(mut output: impl BufRead, mut ours: impl Write) -> io::Result<Tally> {
    let mut tally = Tally::default();
    let mut failing = false;
    let mut bytes = Vec::new();
    while output.read_until(b'\n', &mut bytes)? > 0 {
        ours.write_all(&bytes)?;
        ours.flush()?;
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        if let Some(seen) = Tally::of_line(&line) {
            tally += seen;
            failing = false;
        }
        failing |= line == "failures:";
        if failing {
            tally.failures.push(line);
        }
        bytes.clear();
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, ignored: u64) -> Tally {
        Tally { passed, failed, ignored, failures: Vec::new() }
    }

    #[test]
    fn a_result_line_gives_its_three_counts() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.05s\n";
        assert_eq!(Tally::of_line(line), Some(tally(12, 3, 1)));
    }

    #[test]
    fn colours_do_not_hide_the_counts() {
        let line = "test result: \u{1b}[32mok\u{1b}(B\u{1b}[m. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(Tally::of_line(line), Some(tally(7, 0, 0)));
    }

    #[test]
    fn other_lines_are_no_results() {
        for line in [
            "",
            "running 3 tests",
            "test a ... ok",
            "it printed test result: ok. 1 passed;",
            "test result: odd",
        ] {
            assert_eq!(Tally::of_line(line), None, "{line}");
        }
    }

    #[test]
    fn the_results_of_all_binaries_of_a_run_are_added() {
        let output = "\
running 1 test
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
   Doc-tests cachefn
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s
";
        let mut shown = Vec::new();
        assert_eq!(echo(output.as_bytes(), &mut shown).unwrap(), tally(3, 0, 1));
        assert_eq!(shown, output.as_bytes());
    }

    #[test]
    fn what_failed_is_kept_up_to_the_result() {
        let output = "\
test a ... FAILED
failures:
---- a stdout ----
a is not b
failures:
    a
test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
test c ... ok
";
        let seen = echo(output.as_bytes(), io::sink()).unwrap();
        assert_eq!(seen.failures, ["failures:", "---- a stdout ----", "a is not b", "failures:", "    a"]);
    }

    #[test]
    fn a_line_that_is_not_utf8_stops_nothing() {
        let output = b"\xff\xfe\ntest result: ok. 1 passed; 0 failed; 0 ignored\n";
        assert_eq!(echo(&output[..], io::sink()).unwrap(), tally(1, 0, 0));
    }

    #[test]
    fn a_suite_fails_without_passed_tests_and_with_failed_or_ignored_ones() {
        assert!(tally(1, 0, 0).judge().is_ok());
        assert!(tally(0, 0, 0).judge().unwrap_err().starts_with("no test ran"));
        assert!(tally(5, 1, 0).judge().unwrap_err().starts_with("1 test failed"));
        assert!(tally(5, 0, 2).judge().unwrap_err().starts_with("2 tests ignored"));
    }
}
