//! What the tests share: real servers, and what can be put in front of one.

mod certificates;
mod cluster;
mod direct;
mod fake;
pub mod logs;
mod proxy;
mod server;
mod watched;
mod worker;

use std::time::{Duration, Instant};

pub use certificates::{Authority, Certificate};
pub use cluster::Cluster;
pub use direct::Direct;
pub use fake::FakeServer;
pub use proxy::Proxy;
pub use server::{Options, RedisServer};
pub use watched::{Watched, watch};
pub use worker::{Answer, Asked, Worker};

/// Waits until `condition` holds.
///
/// # Panics
///
/// If it does not within twenty seconds.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        cachefn_backends::background::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits on any clock of tokio's, for what only time can show.
pub async fn pause(duration: Duration) {
    cachefn_backends::background::sleep(duration).await;
}
