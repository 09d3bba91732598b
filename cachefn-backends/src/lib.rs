//! Where the entries of cachefn live: in memory or in Redis.
//!
//! Applications name `cachefn` only; this crate is its ground floor.
//!
//! ```text
//! backend     the protocol every backend speaks: lookup, acquire, fill, release, invalidate
//! place       where an entry lives: its key and the groups it hangs on
//! envelope    the bytes that a backend outside the process stores
//! memory      typed entries in this process, on moka
//! redis       entries shared by all processes (feature `redis`)
//! verbs       the protocol over five plain verbs, for any other store
//! contract    the suite that every backend passes (feature `test-util`)
//! background  the one thread on which timers and connections live
//! clock       time, real or moved by hand
//! life        how long an entry serves: fresh, stale, only on failure
//! ```
//!
//! The rule everything here keeps: an entry is usable only while every *generation* it was filled
//! under is still current. Invalidation changes a generation or removes a key; nothing ever has to
//! be found.

pub mod backend;
pub mod background;
pub mod clock;
#[cfg(feature = "test-util")]
pub mod contract;
pub mod envelope;
pub mod error;
pub mod life;
pub mod memory;
pub mod place;
#[cfg(feature = "redis")]
pub mod redis;
mod sync;
pub mod verbs;
