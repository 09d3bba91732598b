//! What holds whether memory or Redis is behind it: each test runs in a process of either kind.

mod arguments;
mod budget;
mod companions;
mod freshness;
mod groups;
mod instances;
mod invalidates;
mod levels;
mod observing;
mod panicking;
mod responses;
mod storing;
mod tags;
mod variants;

use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};

/// Counts how often bodies run.
#[derive(Default)]
pub(crate) struct Runs(AtomicU32);

impl Runs {
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    pub(crate) fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    org: String,
    run: u32,
}
