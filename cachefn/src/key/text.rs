//! Structured text: any value that serializes, so that the text tells which value it was.

use std::fmt::{self, Write};

use serde::ser::{Serialize, Serializer};

use super::KeyError;
use super::compound::{List, Map};

/// A serde format of one direction. What it writes is not escaped yet.
pub(super) struct Text<'a> {
    out: &'a mut dyn Write,
}

impl<'a> Text<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }

    /// Writes `open`, and leaves the elements and `close` to the list.
    fn list(self, open: &str, close: char) -> Result<List<'a>, KeyError> {
        self.out.write_str(open)?;
        Ok(List::new(self.out, close))
    }

    fn value(self, open: &str, value: &(impl Serialize + ?Sized)) -> Result<(), KeyError> {
        self.out.write_str(open)?;
        value.serialize(Text::new(self.out))?;
        Ok(self.out.write_char(')')?)
    }

    fn type_name(&mut self, name: &str) -> Result<(), KeyError> {
        self.out.write_char('@')?;
        write_name(self.out, name)
    }

    fn variant_name(&mut self, name: &str, variant: &str) -> Result<(), KeyError> {
        self.type_name(name)?;
        self.out.write_char('.')?;
        write_name(self.out, variant)
    }
}

macro_rules! numbers {
    ($($method:ident $type:ident $format:literal,)*) => {$(
        fn $method(self, number: $type) -> Result<(), KeyError> {
            Ok(write!(self.out, concat!($format, stringify!($type)), number)?)
        }
    )*};
}

impl<'a> Serializer for Text<'a> {
    type Ok = ();
    type Error = KeyError;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeMap = Map<'a>;
    type SerializeStruct = List<'a>;
    type SerializeStructVariant = List<'a>;

    numbers! {
        serialize_i8 i8 "{}",
        serialize_i16 i16 "{}",
        serialize_i32 i32 "{}",
        serialize_i64 i64 "{}",
        serialize_i128 i128 "{}",
        serialize_u8 u8 "{}",
        serialize_u16 u16 "{}",
        serialize_u32 u32 "{}",
        serialize_u64 u64 "{}",
        serialize_u128 u128 "{}",
    }

    fn serialize_f32(self, float: f32) -> Result<(), KeyError> {
        if float.is_nan() {
            return Ok(write!(self.out, "nan{:x}f32", float.to_bits())?);
        }
        Ok(write!(self.out, "{float:?}f32")?)
    }

    fn serialize_f64(self, float: f64) -> Result<(), KeyError> {
        if float.is_nan() {
            return Ok(write!(self.out, "nan{:x}f64", float.to_bits())?);
        }
        Ok(write!(self.out, "{float:?}f64")?)
    }

    fn serialize_bool(self, value: bool) -> Result<(), KeyError> {
        Ok(self.out.write_str(if value { "true" } else { "false" })?)
    }

    fn serialize_char(self, value: char) -> Result<(), KeyError> {
        Ok(write!(self.out, "'{value}'")?)
    }

    fn serialize_str(self, value: &str) -> Result<(), KeyError> {
        write_quoted(self.out, value)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), KeyError> {
        write_quoted(self.out, value)
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), KeyError> {
        self.out.write_str("b\"")?;
        for byte in bytes {
            write!(self.out, "{byte:02x}")?;
        }
        Ok(self.out.write_char('"')?)
    }

    fn serialize_none(self) -> Result<(), KeyError> {
        Ok(self.out.write_str("none")?)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), KeyError> {
        self.value("some(", value)
    }

    fn serialize_unit(self) -> Result<(), KeyError> {
        Ok(self.out.write_str("unit")?)
    }

    fn serialize_unit_struct(mut self, name: &'static str) -> Result<(), KeyError> {
        self.type_name(name)
    }

    fn serialize_unit_variant(
        mut self,
        name: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), KeyError> {
        self.variant_name(name, variant)
    }

    fn serialize_newtype_struct<T>(mut self, name: &'static str, value: &T) -> Result<(), KeyError>
    where
        T: Serialize + ?Sized,
    {
        self.type_name(name)?;
        self.value("(", value)
    }

    fn serialize_newtype_variant<T>(
        mut self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), KeyError>
    where
        T: Serialize + ?Sized,
    {
        self.variant_name(name, variant)?;
        self.value("(", value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'a>, KeyError> {
        self.list("#(", ')')
    }

    fn serialize_tuple(self, _: usize) -> Result<List<'a>, KeyError> {
        self.list("(", ')')
    }

    fn serialize_tuple_struct(mut self, name: &'static str, _: usize) -> Result<List<'a>, KeyError> {
        self.type_name(name)?;
        self.list("<", '>')
    }

    fn serialize_tuple_variant(
        mut self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List<'a>, KeyError> {
        self.variant_name(name, variant)?;
        self.list("<", '>')
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Map<'a>, KeyError> {
        Ok(Map::new(self.out))
    }

    fn serialize_struct(mut self, name: &'static str, _: usize) -> Result<List<'a>, KeyError> {
        self.type_name(name)?;
        self.list("(", ')')
    }

    fn serialize_struct_variant(
        mut self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List<'a>, KeyError> {
        self.variant_name(name, variant)?;
        self.list("(", ')')
    }
}

/// Writes a name as it is where no character of it can end it, and else quoted.
pub(super) fn write_name(out: &mut dyn Write, name: &str) -> Result<(), KeyError> {
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(plain) {
        Ok(out.write_str(name)?)
    } else {
        write_quoted(out, name)
    }
}

fn write_quoted(out: &mut dyn Write, value: &(impl fmt::Display + ?Sized)) -> Result<(), KeyError> {
    out.write_char('"')?;
    write!(Doubled(out), "{value}")?;
    Ok(out.write_char('"')?)
}

/// Doubles every quote, so that a single one ends the text.
struct Doubled<'a>(&'a mut dyn Write);

impl Write for Doubled<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut pieces = text.split('"');
        self.0.write_str(pieces.next().unwrap_or_default())?;
        pieces.try_for_each(|piece| {
            self.0.write_str("\"\"")?;
            self.0.write_str(piece)
        })
    }
}
