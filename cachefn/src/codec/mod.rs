//! How values are written down where they leave the process: what `codec = …` of [`cached`](crate::cached) names.
//!
//! | codec | bytes | cannot carry |
//! |---|---|---|
//! | [`Postcard`] | binary, no names | fields left out, unknown lengths, types that ask the input what it holds |
//! | [`Json`] | text, self-describing | non-finite floats, `Some` of a null, map keys that are not strings, equal keys |
//! | [`MessagePack`] | binary, self-describing | `Some` of a null |
//! | one of your own | whatever it writes | whatever it refuses |
//!
//! A function that names no codec has Postcard, and Json by itself for a type that Postcard cannot carry (`flatten`,
//! `untagged`, `tag`, `skip_serializing_if`, `serde_json::Value`), said once. A codec that was named and cannot carry a
//! value does not store it: that is counted in [`FunctionStats::unfit`](crate::FunctionStats::unfit) and logged, and
//! never another value. What another codec has stored is a miss.
//!
//! A type may also write what it cannot read, in any codec, as with `serialize_with` alone. So values are read back when
//! they are written: the first 16 of each type and codec, the first of each function, the first that holds a variant, a
//! `Some` or a struct that none before it held, and 256 after one that could not be read. What Postcard does not read back
//! takes JSON by itself; what a codec that was named does not read back is not stored. All others cost two loads. A value
//! that is found unreadable in Redis is a miss, and logged once for each function.
//!
//! A `Serialize`, a `Deserialize` or a codec that panics has failed: the value is not stored, or what is stored is a miss,
//! and the caller has its value from the body. With `panic = "abort"` nothing can be done about it.
//!
//! What `flatten`, `untagged` and `tag` hide from the fingerprint of a type is seen when a value is read: it is written
//! again, and is a miss if that does not give what was stored, as after a field in there was renamed. That is one more
//! encoding for a value of such a type that comes from Redis, and none for one from memory.
//!
//! Not seen by any of them: fields with `skip`, which neither side mentions; what a hand-written `Serialize` leaves out; the
//! order of a sequence, which may be a set's. Two variants of an untagged enum that are written alike, or the `Int64(5)` and
//! `Int32(5)` of `bson::Bson`, are seen where a value is read back, and else read as the first that fits.
//!
//! # Compression
//!
//! With the feature `compression`, what takes more than 1 KiB is stored as an LZ4 block if that saves an eighth of it;
//! what one's own codec writes, too. A value may have 1 MiB as its codec writes it, and no block is unpacked to more. A
//! process without the feature takes blocks for foreign bytes: where some processes have it and others do not, each long
//! value is a miss for one kind of them.
//!
//! A list of users, with names, addresses and a date each, packed and unpacked on one core of a cloud machine:
//!
//! | users | codec | bytes | packed | µs to pack | µs to unpack |
//! |---:|---|---:|---:|---:|---:|
//! | 40 | JSON | 10 275 | 3 438 | 8 | 2 |
//! | 40 | MessagePack | 7 985 | 3 126 | 7 | 2 |
//! | 40 | Postcard | 4 813 | 2 663 | 6 | 1 |
//! | 400 | JSON | 102 341 | 29 427 | 101 | 26 |
//! | 400 | Postcard | 47 767 | 22 812 | 83 | 14 |
//!
//! # One of your own
//!
//! ```
//! use cachefn::codec::{Codec, CodecError};
//! use serde::{Serialize, de::DeserializeOwned};
//!
//! /// JSON that people can read.
//! struct Pretty;
//!
//! impl Codec for Pretty {
//!     const NAME: &'static str = "pretty-json";
//!
//!     fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError> {
//!         serde_json::to_vec_pretty(value).map_err(CodecError::new)
//!     }
//!
//!     fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
//!         serde_json::from_slice(bytes).map_err(CodecError::new)
//!     }
//! }
//!
//! #[cachefn::cached(codec = Pretty)]
//! async fn squares(below: u64) -> Vec<u64> {
//!     (0..below).map(|n| n * n).collect()
//! }
//! ```

// Encoding passes through `guard` (in `forward`'s serializer), which stops where the codec would write something else
// than the value; decoding passes through `depth`, so that no input overflows the stack. Both count nesting alike: what
// was written can be read. With the forms of a type, `guard` also compares what is written with what will be read, and
// refuses what `skip_serializing` and skipped variants change.

mod again;
mod alike;
mod depth;
mod forms;
mod forward;
mod guard;
mod limit;
mod named;
mod pack;
#[cfg(all(test, not(cachefn_model)))]
mod tests;

use std::fmt::{self, Display};
use std::panic::{self, AssertUnwindSafe};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use again::is_all_of;
pub(crate) use alike::are_alike;
use depth::Bounds;
pub(crate) use forms::{Form, Forms, Name};
use guard::{Rules, Watch};
pub(crate) use named::BuiltIn;
pub use named::{Codec, CodecError, Json, MessagePack, Postcard};
pub(crate) use pack::{pack, unpack};

/// How deep sequences, maps, tuples, structs and variants with content may nest, the leaf included.
const MAX_DEPTH: u8 = 128;

/// Elements that take no bytes, such as those of a `Vec<()>`, are bounded by the input's length plus this.
const FREE_ELEMENTS: usize = 1 << 16;

/// How a value is written. The number is stored with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Format {
    /// Compact, and only as good as the shape it is read with.
    Postcard = 1,
    /// For types that ask the input what it holds.
    Json = 2,
    /// The same in fewer bytes.
    MessagePack = 3,
}

impl Format {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Postcard),
            2 => Some(Self::Json),
            3 => Some(Self::MessagePack),
            _ => None,
        }
    }

    /// What `is_human_readable` says to types that have two forms.
    pub(crate) fn human_readable(self) -> bool {
        self != Self::Postcard
    }
}

/// Why a value was not encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum EncodeError {
    /// The codec cannot carry the value faithfully; another one may.
    Unfit(&'static str),
    /// More bytes than allowed.
    TooLarge,
    /// The value's own `Serialize` failed.
    Custom(String),
}

impl Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfit(why) => write!(f, "the codec cannot carry {why}"),
            Self::TooLarge => f.write_str("the value is larger than allowed"),
            Self::Custom(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for EncodeError {}

impl serde::ser::Error for EncodeError {
    fn custom<T: Display>(message: T) -> Self {
        Self::Custom(message.to_string())
    }
}

/// Why bytes were not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecodeError {
    /// Not a value of the type.
    Malformed,
    /// A value of the type, and more.
    TrailingBytes,
    /// Nested deeper than what is ever written.
    TooDeep,
}

impl Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the bytes are not a value of the type",
            Self::TrailingBytes => "bytes are left after the value",
            Self::TooDeep => "the value is nested too deep",
        })
    }
}

impl std::error::Error for DecodeError {}

/// Encodes `value` in at most `max_bytes` bytes, for a reader of whom nothing is known: where the type writes
/// one form and reads another, the bytes may be read as another value.
#[cfg(test)]
pub(crate) fn encode<T: Serialize + ?Sized>(
    codec: Format,
    value: &T,
    max_bytes: usize,
) -> Result<Vec<u8>, EncodeError> {
    encode_for(&Forms::default(), codec, value, max_bytes)
}

/// Encodes `value` in at most `max_bytes` bytes, for a reader that expects `forms`.
///
/// A `Serialize` that panics has failed.
pub(crate) fn encode_for<T: Serialize + ?Sized>(
    forms: &Forms,
    codec: Format,
    value: &T,
    max_bytes: usize,
) -> Result<Vec<u8>, EncodeError> {
    encode_noting(forms, codec, value, max_bytes).map(|written| written.bytes)
}

/// What was encoded.
pub(crate) struct Written {
    pub(crate) bytes: Vec<u8>,
    /// A bit for each kind of content in it. Different kinds may share one.
    pub(crate) kinds: u64,
}

/// Encodes `value` like [`encode_for`], and notes what it holds.
pub(crate) fn encode_noting<T: Serialize + ?Sized>(
    forms: &Forms,
    codec: Format,
    value: &T,
    max_bytes: usize,
) -> Result<Written, EncodeError> {
    contain(|| write(forms, codec, value, max_bytes))
        .unwrap_or_else(|| Err(EncodeError::Custom("the type's `Serialize` has panicked".to_owned())))
}

/// Decodes all of `bytes`.
///
/// A `Deserialize` that panics has refused them.
pub(crate) fn decode<T: DeserializeOwned>(codec: Format, bytes: &[u8]) -> Result<T, DecodeError> {
    contain(|| read(codec, bytes)).unwrap_or(Err(DecodeError::Malformed))
}

/// What `work` comes to; `None` if it panics. It runs the user's code where the caller already has a value, or can still
/// have one from the body: a panic there is a fault of the cache, and those do not reach the caller. What `work` wrote to
/// is dropped with it.
pub(crate) fn contain<R>(work: impl FnOnce() -> R) -> Option<R> {
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}

fn write<T: Serialize + ?Sized>(
    forms: &Forms,
    codec: Format,
    value: &T,
    max_bytes: usize,
) -> Result<Written, EncodeError> {
    match codec {
        Format::Postcard => {
            let watch = Watch::new(Rules::Postcard, max_bytes, forms);
            let written = watch.write(value, &mut postcard::Serializer { output: watch.sink() });
            watch.finish(written)
        }
        Format::Json => {
            let watch = Watch::new(Rules::Json, max_bytes, forms);
            let written = watch.write(value, &mut serde_json::Serializer::new(watch.sink()));
            watch.finish(written)
        }
        Format::MessagePack => {
            let watch = Watch::new(Rules::MessagePack, max_bytes, forms);
            let mut output = rmp_serde::Serializer::new(watch.sink()).with_struct_map().with_human_readable();
            let written = watch.write(value, &mut output);
            watch.finish(written)
        }
    }
}

fn read<T: DeserializeOwned>(codec: Format, bytes: &[u8]) -> Result<T, DecodeError> {
    let bounds = Bounds::new(bytes.len());
    match codec {
        Format::Postcard => {
            let mut input = postcard::Deserializer::from_bytes(bytes);
            let value = bounds.read(&mut input)?;
            match input.finalize() {
                Ok([]) => Ok(value),
                _ => Err(DecodeError::TrailingBytes),
            }
        }
        Format::Json => {
            let mut input = serde_json::Deserializer::from_slice(bytes);
            let value = bounds.read(&mut input)?;
            let ends = input.end().is_ok() && !bytes.last().is_some_and(u8::is_ascii_whitespace);
            if ends { Ok(value) } else { Err(DecodeError::TrailingBytes) }
        }
        Format::MessagePack => {
            let mut rest = bytes;
            let mut input = rmp_serde::Deserializer::new(&mut rest).with_human_readable();
            let value = bounds.read(&mut input)?;
            if rest.is_empty() { Ok(value) } else { Err(DecodeError::TrailingBytes) }
        }
    }
}
