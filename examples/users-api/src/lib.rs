//! A service with a database, and what caching saves it. See `README.md`.

pub mod caller;
pub mod db;
pub mod error;
pub mod keys;
pub mod routes;
pub mod users;

pub use db::Db;
pub use routes::app;
