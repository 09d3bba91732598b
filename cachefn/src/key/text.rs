//! Structured text: any value that serializes, so that the text tells which value it was.

use std::any::type_name;
use std::borrow::Cow;
use std::fmt::{self, Write};

use serde::ser::{Serialize, Serializer};

use super::KeyError;
use super::compound::{List, Map};
use super::equal::{self, Equality, Named};

/// How much of what is written counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// What tells two values apart that are not equal.
    Exact,
    /// What is left if also that does not count which may not: for [`strict`](crate::testing::strict) to compare.
    #[cfg_attr(not(feature = "test-util"), allow(dead_code))]
    Loose,
}

/// A serde format of one direction. What it writes is not escaped yet.
pub(super) struct Text<'a> {
    out: &'a mut dyn Write,
    reading: Reading,
    /// The type that is written.
    named: Named,
}

/// Writes a value as structured text.
pub(super) fn write_text<T: Serialize + ?Sized>(
    value: &T,
    out: &mut dyn Write,
    reading: Reading,
) -> Result<(), KeyError> {
    value.serialize(Text { out, reading, named: type_name::<T> })
}

impl<'a> Text<'a> {
    /// Writes `open`, and leaves the elements and `close` to the list.
    fn list(self, open: &str, close: char) -> Result<List<'a>, KeyError> {
        self.out.write_str(open)?;
        Ok(List::new(self.out, close, self.reading))
    }

    fn value(self, open: &str, value: &(impl Serialize + ?Sized)) -> Result<(), KeyError> {
        self.out.write_str(open)?;
        write_text(value, self.out, self.reading)?;
        Ok(self.out.write_char(')')?)
    }

    /// Text in the form that all equal values share; nothing where it is the one it has.
    fn text(&self, text: &str) -> Option<String> {
        let equality = Equality::of((self.named)());
        let shared = match self.reading {
            Reading::Exact => equality.text(text),
            Reading::Loose => equality.guess(text),
        };
        if let Cow::Owned(shared) = shared { Some(shared) } else { None }
    }

    /// An integer and its type. Lists are made of them: formatting takes 120 instructions more for each.
    fn integer(self, negative: bool, magnitude: u64, kind: &str) -> Result<(), KeyError> {
        // The longest: a sign, or 20 digits, and the name of a type.
        const DIGITS: usize = 20;
        let mut text = [0; DIGITS + 4];
        let end = DIGITS + kind.len();
        text[DIGITS..end].copy_from_slice(kind.as_bytes());
        let (mut at, mut rest) = (DIGITS, magnitude);
        while at == DIGITS || rest > 0 {
            at -= 1;
            text[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        if negative {
            at -= 1;
            text[at] = b'-';
        }
        let text = std::str::from_utf8(&text[at..end]).expect("digits and names are ASCII");
        Ok(self.out.write_str(text)?)
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

macro_rules! integers {
    ($($method:ident $type:ident: $parts:expr;)*) => {$(
        fn $method(self, number: $type) -> Result<(), KeyError> {
            let parts: fn($type) -> (bool, u64) = $parts;
            let (negative, magnitude) = parts(number);
            self.integer(negative, magnitude, stringify!($type))
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

    integers! {
        serialize_i8 i8: |n| (n < 0, n.unsigned_abs().into());
        serialize_i16 i16: |n| (n < 0, n.unsigned_abs().into());
        serialize_i32 i32: |n| (n < 0, n.unsigned_abs().into());
        serialize_i64 i64: |n| (n < 0, n.unsigned_abs());
        serialize_u8 u8: |n| (false, n.into());
        serialize_u16 u16: |n| (false, n.into());
        serialize_u32 u32: |n| (false, n.into());
        serialize_u64 u64: |n| (false, n);
    }

    fn serialize_i128(self, number: i128) -> Result<(), KeyError> {
        Ok(write!(self.out, "{number}i128")?)
    }

    fn serialize_u128(self, number: u128) -> Result<(), KeyError> {
        Ok(write!(self.out, "{number}u128")?)
    }

    fn serialize_f32(self, float: f32) -> Result<(), KeyError> {
        if float.is_nan() {
            return Ok(write!(self.out, "nan{:x}f32", f32::NAN.to_bits())?);
        }
        Ok(write!(self.out, "{:?}f32", equal::without_sign_of_zero(float))?)
    }

    fn serialize_f64(self, float: f64) -> Result<(), KeyError> {
        if float.is_nan() {
            return Ok(write!(self.out, "nan{:x}f64", f64::NAN.to_bits())?);
        }
        Ok(write!(self.out, "{:?}f64", equal::without_sign_of_zero(float))?)
    }

    fn serialize_bool(self, value: bool) -> Result<(), KeyError> {
        Ok(self.out.write_str(if value { "true" } else { "false" })?)
    }

    fn serialize_char(self, value: char) -> Result<(), KeyError> {
        Ok(write!(self.out, "'{value}'")?)
    }

    fn serialize_str(self, value: &str) -> Result<(), KeyError> {
        match self.text(value) {
            Some(shared) => write_quoted(self.out, &shared),
            None => write_quoted(self.out, value),
        }
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), KeyError> {
        if Equality::of((self.named)()).is_plain(self.reading) {
            return write_quoted(self.out, value);
        }
        let mut text = String::new();
        write!(text, "{value}")?;
        self.serialize_str(&text)
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
        let name = (self.named)();
        let unordered = Equality::of(name) == Equality::Set
            || self.reading == Reading::Loose && equal::may_be_a_set(name);
        let list = self.list("#(", ')')?;
        Ok(if unordered { list.sorted() } else { list })
    }

    fn serialize_tuple(self, len: usize) -> Result<List<'a>, KeyError> {
        let is_moment = len == 9 && matches!(Equality::of((self.named)()), Equality::Moment { .. });
        let list = self.list("(", ')')?;
        Ok(if is_moment { list.moment() } else { list })
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
        Ok(Map::new(self.out, self.reading))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: impl Serialize) -> String {
        let mut text = String::new();
        write_text(&value, &mut text, Reading::Exact).expect("a number can be written");
        text
    }

    #[test]
    fn an_integer_is_written_as_it_displays_with_its_type() {
        assert_eq!((text(u8::MIN), text(u8::MAX)), ("0u8".into(), "255u8".into()));
        assert_eq!((text(i8::MIN), text(-1_i16)), ("-128i8".into(), "-1i16".into()));
        for number in [0, 9, 10, 99, 100, 12_345, u64::MAX / 10, u64::MAX] {
            assert_eq!(text(number), format!("{number}u64"));
        }
        for number in [i64::MIN, i64::MIN + 1, -10, -9, 0, i64::MAX] {
            assert_eq!(text(number), format!("{number}i64"));
        }
        assert_eq!((text(i32::MIN), text(u32::MAX)), ("-2147483648i32".into(), "4294967295u32".into()));
        assert_eq!((text(u16::MAX), text(u128::MAX)), ("65535u16".into(), format!("{}u128", u128::MAX)));
    }
}
