//! What a run of `cargo xtask test` says at its end.

use std::fmt;
use std::time::Duration;

use crate::run::Tally;

/// Why a step has no `ok`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Failed(String),
    Skipped(String),
}

/// One step that is over.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) took: Duration,
    pub(crate) tests: Tally,
    pub(crate) result: Result<(), Stop>,
}

/// What the failed tests said, the table of the steps, and a last line `N passed, M failed`.
pub(crate) struct Summary(pub(crate) Vec<Row>);

impl Summary {
    pub(crate) fn passed(&self) -> u64 {
        self.0.iter().map(|row| row.tests.passed).sum()
    }

    /// Failed tests and failed steps together.
    pub(crate) fn failed(&self) -> u64 {
        self.0
            .iter()
            .map(|row| row.tests.failed + u64::from(matches!(row.result, Err(Stop::Failed(_)))))
            .sum()
    }
}

impl From<String> for Stop {
    fn from(fault: String) -> Self {
        Self::Failed(fault)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tests = match self.tests {
            Tally { passed: 0, failed: 0, .. } => "-".to_owned(),
            Tally { passed, failed, .. } => (passed + failed).to_string(),
        };
        write!(f, "{:<10}{:>8.1}{tests:>8}  ", self.name, self.took.as_secs_f64())?;
        match &self.result {
            Ok(()) => f.write_str("ok"),
            Err(Stop::Failed(why)) => write!(f, "FAILED: {why}"),
            Err(Stop::Skipped(why)) => write!(f, "skipped: {why}"),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in self.0.iter().filter(|row| !row.tests.failures.is_empty()) {
            writeln!(f, "{}, {}\n", row.name, row.tests.failures.join("\n"))?;
        }
        writeln!(f, "{:<10}{:>8}{:>8}  result", "step", "seconds", "tests")?;
        for row in &self.0 {
            writeln!(f, "{row}")?;
        }
        write!(f, "\n{} passed, {} failed", self.passed(), self.failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, passed: u64, failed: u64, result: Result<(), Stop>) -> Row {
        Row {
            name,
            took: Duration::from_millis(1250),
            tests: Tally { passed, failed, ..Tally::default() },
            result,
        }
    }

    #[test]
    fn what_failed_is_said_again_above_the_table() {
        let mut failed = row("tests", 1, 1, Err(Stop::Failed("1 test failed".to_owned())));
        failed.tests.failures = vec!["failures:".to_owned(), "a is not b".to_owned()];
        let page = Summary(vec![failed]).to_string();
        assert!(page.starts_with("tests, failures:\na is not b\n\nstep "), "{page}");
    }

    #[test]
    fn the_last_line_counts_passed_tests_and_failed_tests_and_steps() {
        let summary = Summary(vec![
            row("fmt", 0, 0, Ok(())),
            row("tests", 40, 2, Err(Stop::Failed("2 tests failed".to_owned()))),
            row("doc", 0, 0, Err(Stop::Failed("`cargo doc` failed".to_owned()))),
            row("msrv", 0, 0, Err(Stop::Skipped("toolchain 1.88 is not installed".to_owned()))),
        ]);
        let page = summary.to_string();
        assert_eq!(page.lines().last(), Some("40 passed, 4 failed"));
        assert!(page.contains("\ntests          1.2      42  FAILED: 2 tests failed\n"), "{page}");
        assert!(
            page.contains("\nmsrv           1.2       -  skipped: toolchain 1.88 is not installed\n"),
            "{page}"
        );
    }
}
