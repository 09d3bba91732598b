//! What the cache does over HTTP, for [axum](https://docs.rs/axum).

pub mod admin;
