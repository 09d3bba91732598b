//! A comparison of two values of one type by everything that their `Serialize` hands out: kinds, widths, names and
//! contents. It tells more apart than the bytes of a codec do, for which 5 is 5 whether it was an `i32` or an `i64`.
//!
//! The order of elements and entries is that of a hash map or a hash set, so it does not count; nor does what a type
//! leaves out of its `Serialize`.

use serde::ser::{self, Serialize, Serializer};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{EncodeError, contain};

/// Whether `read` hands out what `written` does, to a codec that is `human_readable` or not.
///
/// A type that hands out something else each time, as one that encrypts with a random nonce, cannot be compared: nothing
/// speaks against it.
pub(crate) fn are_alike<T: Serialize>(written: &T, read: &T, human_readable: bool) -> bool {
    let digest = |value: &T| contain(|| value.serialize(Tokens { human_readable }))?.ok();
    let first = digest(written);
    first == digest(read) || first != digest(written)
}

/// A serializer whose output is a hash of what it was given.
#[derive(Clone, Copy)]
struct Tokens {
    human_readable: bool,
}

/// What a hash is of.
#[derive(Clone, Copy)]
enum Token {
    Bool = 1,
    Char,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Text,
    Bytes,
    None,
    Some,
    Unit,
    Name,
    Variant,
    Sequence,
    Tuple,
    Map,
    Struct,
    LeftOut,
}

fn hash(token: Token, bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, token as u64)
}

/// The order of the two counts.
fn join(first: u64, second: u64) -> u64 {
    xxh3_64(&[first.to_le_bytes(), second.to_le_bytes()].concat())
}

fn name(name: &str) -> u64 {
    hash(Token::Name, name.as_bytes())
}

fn variant(owner: &str, of: &str) -> u64 {
    join(name(owner), hash(Token::Variant, of.as_bytes()))
}

macro_rules! scalars {
    ($($method:ident($type:ty) = $token:ident $bytes:expr;)*) => {$(
        fn $method(self, value: $type) -> Result<u64, EncodeError> {
            Ok(hash(Token::$token, ($bytes)(value).as_ref()))
        }
    )*};
}

impl Serializer for Tokens {
    type Ok = u64;
    type Error = EncodeError;
    type SerializeSeq = Unordered;
    type SerializeTuple = Ordered;
    type SerializeTupleStruct = Ordered;
    type SerializeTupleVariant = Ordered;
    type SerializeMap = Unordered;
    type SerializeStruct = Ordered;
    type SerializeStructVariant = Ordered;

    scalars! {
        serialize_bool(bool) = Bool |value| [u8::from(value)];
        serialize_char(char) = Char |value| u32::from(value).to_le_bytes();
        serialize_i8(i8) = I8 i8::to_le_bytes;
        serialize_i16(i16) = I16 i16::to_le_bytes;
        serialize_i32(i32) = I32 i32::to_le_bytes;
        serialize_i64(i64) = I64 i64::to_le_bytes;
        serialize_i128(i128) = I128 i128::to_le_bytes;
        serialize_u8(u8) = U8 u8::to_le_bytes;
        serialize_u16(u16) = U16 u16::to_le_bytes;
        serialize_u32(u32) = U32 u32::to_le_bytes;
        serialize_u64(u64) = U64 u64::to_le_bytes;
        serialize_u128(u128) = U128 u128::to_le_bytes;
        serialize_f32(f32) = F32 f32::to_le_bytes;
        serialize_f64(f64) = F64 f64::to_le_bytes;
    }

    fn serialize_str(self, value: &str) -> Result<u64, EncodeError> {
        Ok(hash(Token::Text, value.as_bytes()))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<u64, EncodeError> {
        Ok(hash(Token::Bytes, value))
    }

    fn serialize_none(self) -> Result<u64, EncodeError> {
        Ok(hash(Token::None, &[]))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<u64, EncodeError> {
        Ok(join(Token::Some as u64, value.serialize(self)?))
    }

    fn serialize_unit(self) -> Result<u64, EncodeError> {
        Ok(hash(Token::Unit, &[]))
    }

    fn serialize_unit_struct(self, of: &'static str) -> Result<u64, EncodeError> {
        Ok(join(Token::Unit as u64, name(of)))
    }

    fn serialize_unit_variant(
        self,
        owner: &'static str,
        _: u32,
        of: &'static str,
    ) -> Result<u64, EncodeError> {
        Ok(join(Token::Unit as u64, variant(owner, of)))
    }

    fn serialize_newtype_struct<T>(self, of: &'static str, value: &T) -> Result<u64, EncodeError>
    where
        T: Serialize + ?Sized,
    {
        Ok(join(name(of), value.serialize(self)?))
    }

    fn serialize_newtype_variant<T>(
        self,
        owner: &'static str,
        _: u32,
        of: &'static str,
        value: &T,
    ) -> Result<u64, EncodeError>
    where
        T: Serialize + ?Sized,
    {
        Ok(join(variant(owner, of), value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Unordered, EncodeError> {
        Ok(Unordered { tokens: self, of: Token::Sequence, sum: 0, key: 0 })
    }

    fn serialize_tuple(self, _: usize) -> Result<Ordered, EncodeError> {
        Ok(Ordered { tokens: self, hash: Token::Tuple as u64 })
    }

    fn serialize_tuple_struct(self, of: &'static str, _: usize) -> Result<Ordered, EncodeError> {
        Ok(Ordered { tokens: self, hash: join(Token::Tuple as u64, name(of)) })
    }

    fn serialize_tuple_variant(
        self,
        owner: &'static str,
        _: u32,
        of: &'static str,
        _: usize,
    ) -> Result<Ordered, EncodeError> {
        Ok(Ordered { tokens: self, hash: join(Token::Tuple as u64, variant(owner, of)) })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Unordered, EncodeError> {
        Ok(Unordered { tokens: self, of: Token::Map, sum: 0, key: 0 })
    }

    fn serialize_struct(self, of: &'static str, _: usize) -> Result<Ordered, EncodeError> {
        Ok(Ordered { tokens: self, hash: join(Token::Struct as u64, name(of)) })
    }

    fn serialize_struct_variant(
        self,
        owner: &'static str,
        _: u32,
        of: &'static str,
        _: usize,
    ) -> Result<Ordered, EncodeError> {
        Ok(Ordered { tokens: self, hash: join(Token::Struct as u64, variant(owner, of)) })
    }

    fn is_human_readable(&self) -> bool {
        self.human_readable
    }
}

/// The parts of a tuple or struct.
struct Ordered {
    tokens: Tokens,
    hash: u64,
}

impl Ordered {
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.hash = join(self.hash, value.serialize(self.tokens)?);
        Ok(())
    }
}

macro_rules! tuples {
    ($($trait:ident $method:ident,)*) => {$(
        impl ser::$trait for Ordered {
            type Ok = u64;
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                self.part(value)
            }

            fn end(self) -> Result<u64, EncodeError> {
                Ok(self.hash)
            }
        }
    )*};
}

tuples! {
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

macro_rules! structs {
    ($($trait:ident)*) => {$(
        impl ser::$trait for Ordered {
            type Ok = u64;
            type Error = EncodeError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), EncodeError> {
                self.hash = join(self.hash, name(key));
                self.part(value)
            }

            fn skip_field(&mut self, key: &'static str) -> Result<(), EncodeError> {
                self.hash = join(self.hash, hash(Token::LeftOut, key.as_bytes()));
                Ok(())
            }

            fn end(self) -> Result<u64, EncodeError> {
                Ok(self.hash)
            }
        }
    )*};
}

structs! { SerializeStruct SerializeStructVariant }

/// The elements of a sequence or the entries of a map, whose hashes are added up.
struct Unordered {
    tokens: Tokens,
    of: Token,
    sum: u64,
    key: u64,
}

impl Unordered {
    fn add(&mut self, part: u64) {
        self.sum = self.sum.wrapping_add(xxh3_64(&part.to_le_bytes()));
    }

    fn digest(&self) -> u64 {
        join(self.of as u64, self.sum)
    }
}

impl ser::SerializeSeq for Unordered {
    type Ok = u64;
    type Error = EncodeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let element = value.serialize(self.tokens)?;
        self.add(element);
        Ok(())
    }

    fn end(self) -> Result<u64, EncodeError> {
        Ok(self.digest())
    }
}

impl ser::SerializeMap for Unordered {
    type Ok = u64;
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.key = key.serialize(self.tokens)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let entry = join(self.key, value.serialize(self.tokens)?);
        self.add(entry);
        Ok(())
    }

    fn end(self) -> Result<u64, EncodeError> {
        Ok(self.digest())
    }
}
