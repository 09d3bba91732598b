//! What users rely on, end to end.
#![allow(missing_docs)]

mod backends;
mod memory;
mod processes;
