//! What users rely on, end to end.
#![allow(missing_docs)]

mod apart;
mod backends;
#[path = "../both/mod.rs"]
mod both;
mod cluster;
mod codecs;
mod flights;
mod invalidating;
mod leases;
mod memory;
mod near;
mod processes;

/// What the tests of both kinds have behind them in this process.
async fn cache() {
    memory::memory().await;
}
