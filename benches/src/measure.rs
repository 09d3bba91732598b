//! Times, and the states of the cache that they are taken in.

use std::time::Instant;

use cachefn::Config;

use crate::cases::call;

/// Turns caching on, in memory.
///
/// # Panics
///
/// If it is on already.
pub fn turn_on() {
    let config = Config::builder().enabled(true).build().expect("nothing else is set");
    call(async { cachefn::init_with(config).await.expect("it is off") });
}

/// Turns caching off, as far as that can be done at run time.
pub fn turn_off() {
    call(cachefn::shutdown());
}

/// Nanoseconds of one call, on average over `calls`.
pub fn nanoseconds(calls: u32, mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    (0..calls).for_each(|_| work());
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

/// The sample in the middle.
///
/// # Panics
///
/// If there is none.
pub fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
