//! What a `Deserialize` asks for.

use std::any::type_name;
use std::fmt::{self, Display};

use serde::de::{Error, Visitor};
use xxhash_rust::xxh3::xxh3_64;

/// The request cannot be answered; the pass fails.
#[derive(Debug)]
pub(super) struct Refused;

impl std::error::Error for Refused {}

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the traced type refused a sample")
    }
}

impl Error for Refused {
    fn custom<T: Display>(_: T) -> Self {
        Refused
    }
}

/// One request, as hashes.
#[derive(Clone, Copy)]
pub(super) struct Request {
    /// What goes into the fingerprint.
    pub(super) print: u64,
    /// Tells two functions producing one type apart as well, by their visitors. Not part of the fingerprint,
    /// as a visitor is private to whoever wrote it.
    pub(super) identity: u64,
    /// The values of an enum may decide what is asked for next.
    pub(super) is_enum: bool,
}

impl Request {
    pub(super) fn of<'de, V: Visitor<'de>>(
        kind: &'static str,
        name: &str,
        names: &[&str],
        len: usize,
    ) -> Self {
        let print = [kind, type_name::<V::Value>(), name]
            .iter()
            .chain(names)
            .fold(len as u64, |print, text| mix(print, text));
        Self { print, identity: mix(print, type_name::<V>()), is_enum: kind == "enum" }
    }
}

/// The order of the texts counts.
fn mix(hash: u64, text: &str) -> u64 {
    (hash.rotate_left(5) ^ xxh3_64(text.as_bytes())).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
