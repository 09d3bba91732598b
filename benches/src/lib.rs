//! What the attribute costs: the functions that are measured, and the ways to measure them.
//!
//! | question | asked in |
//! |---|---|
//! | how much does a call cost beyond the plain function, with caching off, compiled out, and at a hit | `overhead` |
//! | how long does a hit take beside peers', with many keys and one, on one thread and two | `peers` |
//! | how many bodies run when many call one cold key | `stampede` |
//! | how many requests are hits under a bound, and what an entry weighs | `capacity` |
//! | how long does a hit in Redis mode take beside a bare `GET`, and does an invalidation ask how much it strikes | `redis/`, `hits` |
//! | what do callers notice when Redis fails | `redis/`, `outage` |
//! | how many requests a second are answered out of the cache, beside bytes that are at hand | `http/`, `responses` |
//! | what of that is ours: instructions and allocations of one response | `http/`, `instructions` |
//! | how large is the future, and how often is memory allocated: no matter of time, so a test | `promises` |
//!
//! Times are for reading. They are medians over interleaved rounds, so that whatever slows the machine down for a
//! moment slows all variants of a round.

pub mod allocations;
pub mod cases;
pub mod cost;
pub mod instructions;
pub mod measure;
