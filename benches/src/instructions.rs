//! Counts instructions, which unlike time are nearly the same in every run.
//!
//! The program runs itself under callgrind, twice and with different numbers of calls: what both runs have in common
//! cancels out, the start of the process included.

use std::env;
use std::process::{Command, Stdio};

const FEW: u64 = 1_000;
const MANY: u64 = 11_000;

/// Instructions of one call, where the program runs a call `n` times if its arguments are `arguments` and `n`.
/// Nothing if there is no valgrind.
pub fn per_call(arguments: &[&str]) -> Option<u64> {
    let few = counted(arguments, FEW)?;
    let many = counted(arguments, MANY)?;
    Some(many.saturating_sub(few) / (MANY - FEW))
}

fn counted(arguments: &[&str], calls: u64) -> Option<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg(env::current_exe().ok()?).args(arguments).arg(calls.to_string());
    let output = valgrind.stdout(Stdio::null()).output().ok()?;
    collected(&String::from_utf8_lossy(&output.stderr))
}

/// Input: what callgrind reports, with the line `==7== Collected : 123456` in it.
fn collected(report: &str) -> Option<u64> {
    report.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_number_of_instructions_stands_in_the_report() {
        assert_eq!(super::collected("==7== Events    : Ir\n==7== Collected : 123456\n"), Some(123_456));
        assert_eq!(super::collected("valgrind: cannot execute"), None);
    }
}
