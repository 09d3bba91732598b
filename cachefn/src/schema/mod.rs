//! The shape of a type, read from what its `Deserialize` asks for.
//!
//! A binary codec stores values without names, so bytes written by one version of a type may decode as
//! another. The tracer runs `T::deserialize` against a deserializer that has no input: it writes down every
//! request (kind, name of the type asked for, names of fields and variants, lengths), answers with samples,
//! and runs again with the next answer until every branch has been taken once.
//!
//! | file | holds |
//! |---|---|
//! | `tape`, `slot` | which answer is next, which types are known, the running hash |
//! | `request` | what is asked for, as hashes |
//! | `probe`, `access` | the deserializer, and what it hands to visitors |
//! | `samples` | the strings, numbers and bytes offered |
//!
//! The same compiler and the same dependencies give the same fingerprint in every run and on every machine.
//! Names of types are part of it, with their crate and module: a type that moves has another fingerprint, and
//! a new compiler may print names differently. Both cost a fill, never a wrong value.
//!
//! Not seen: what a hand-written `Deserialize` does behind a value it refuses in every sample (in a struct the
//! other fields are still seen, in a tuple or a map only what comes before), and everything a self-describing
//! type buffers first, as `flatten`, `untagged` and `tag` do: such values are written again when they are read.

mod access;
mod probe;
mod request;
mod samples;
mod slot;
mod tape;
#[cfg(all(test, not(cachefn_model)))]
mod tests;

use std::panic::catch_unwind;

use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

use crate::codec::Forms;
use probe::Probe;
use tape::Tape;

/// What the tracer learned of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// A hash of every request the type makes, in order.
    pub(crate) fingerprint: u64,
    /// The type asks the input what it holds, so only a self-describing codec can carry it.
    pub(crate) self_describing: bool,
    /// What the type's structs and enums expect, for the encoder to compare with what is written.
    pub(crate) forms: Forms,
}

/// Traces `T` as a codec that is `human_readable` or not would see it.
///
/// Microseconds for most types, and bounded for all. Runs the type's own `Deserialize` on samples; where that
/// panics on one, nothing but the type's name is known, and it is left to a self-describing codec.
pub(crate) fn trace<T: DeserializeOwned>(human_readable: bool) -> Shape {
    catch_unwind(|| walk::<T>(human_readable)).unwrap_or_else(|_| Shape {
        fingerprint: xxh3_64(std::any::type_name::<T>().as_bytes()),
        self_describing: true,
        forms: Forms::default(),
    })
}

fn walk<T: DeserializeOwned>(human_readable: bool) -> Shape {
    let mut tape = Tape::new(std::any::type_name::<T>(), human_readable);
    loop {
        let passed = T::deserialize(Probe(&mut tape)).is_ok();
        if !tape.next_pass(passed) {
            return tape.into_shape();
        }
    }
}
