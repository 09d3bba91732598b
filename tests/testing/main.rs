//! What programs test themselves with. The cache of this process is never set up: whoever reaches it finds nothing cached.
#![allow(missing_docs)]

mod advice;
mod clock;
mod documented;
mod faulty;
mod isolated;
mod log_lines;
mod metrics;
mod strict;

use std::sync::atomic::{AtomicU32, Ordering};

/// Counts how often bodies run.
#[derive(Debug, Default)]
struct Runs(AtomicU32);

impl Runs {
    fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}
