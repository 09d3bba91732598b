//! The clock that histories are recorded by.

use std::time::Duration;

/// Nanoseconds on `CLOCK_MONOTONIC`, which all processes share.
pub(crate) fn now() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(now.tv_sec * 1_000_000_000 + now.tv_nsec).unwrap_or(0)
}

pub(crate) const fn nanos(duration: Duration) -> u64 {
    // No duration of the checker is near the limit of 584 years.
    duration.as_secs() * 1_000_000_000 + duration.subsec_nanos() as u64
}

/// A time in milliseconds, to the microsecond.
pub(crate) fn millis(nanos: u64) -> String {
    format!("{}.{:03} ms", nanos / 1_000_000, nanos / 1_000 % 1_000)
}
