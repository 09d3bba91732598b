//! What the compiler says to users, and what it accepts from them.
//!
//! `ui/fail` holds one mistake per file, with what the compiler says in the `.stderr` beside it; the programs in
//! `ui/pass` are compiled and run.

#[test]
fn what_is_refused_is_one_error_that_says_what_to_write() {
    trybuild::TestCases::new().compile_fail("ui/fail/*.rs");
}

#[test]
fn what_is_accepted_is_cached() {
    trybuild::TestCases::new().pass("ui/pass/*.rs");
}
