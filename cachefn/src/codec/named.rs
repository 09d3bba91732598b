//! Codecs that a function can name.

use std::error::Error;
use std::fmt::{self, Display};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Format, Forms, decode, encode_for};

/// A way to write values down and to read them back.
///
/// What `decode` returns for bytes that `encode` has written is equal to what was written, or else an error. The bytes
/// may also be anybody's: `decode` answers those with an error. A panic in either counts as an error.
pub trait Codec: 'static {
    /// Tells what this codec has written from what others have. A codec that changes its bytes changes its name.
    const NAME: &'static str;

    /// One of ours, which the type's own forms guard.
    #[doc(hidden)]
    const BUILT_IN: Option<BuiltIn> = None;

    /// Writes a value down.
    ///
    /// # Errors
    ///
    /// Whatever it cannot write: the value is then not stored.
    fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError>;

    /// Reads a value back.
    ///
    /// # Errors
    ///
    /// Whatever it cannot read: the entry is then a miss.
    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError>;
}

/// Nobody else's business.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn(pub(crate) Format);

/// Why a codec could not write or read.
#[derive(Debug)]
pub struct CodecError(Box<str>);

impl CodecError {
    /// Any reason, in its own words.
    pub fn new(why: impl Display) -> Self {
        Self(why.to_string().into())
    }
}

impl Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for CodecError {}

macro_rules! ours {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Codec for $name {
            const NAME: &'static str = $text;
            const BUILT_IN: Option<BuiltIn> = Some(BuiltIn(Format::$name));

            fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError> {
                encode_for(&Forms::default(), Format::$name, value, usize::MAX).map_err(CodecError::new)
            }

            fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
                decode(Format::$name, bytes).map_err(CodecError::new)
            }
        }
    )*};
}

ours! {
    /// [Postcard](https://postcard.jamesmunns.com): the fewest bytes, and no names in them.
    Postcard = "postcard";
    /// [JSON](https://www.rfc-editor.org/rfc/rfc8259): people can read it.
    Json = "json";
    /// [MessagePack](https://msgpack.org), with names like JSON and in fewer bytes.
    MessagePack = "messagepack";
}
