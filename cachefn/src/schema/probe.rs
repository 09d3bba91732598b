//! The deserializer without input: every request goes to the tape, which says what to answer.

use serde::de::{Deserializer, Visitor};

use crate::codec::{Form, Name};

use super::access::{Elements, Entries, Fields, Variant};
use super::request::{Refused, Request};
use super::samples::{BYTES, CHARS, NUMBERS, STRINGS};
use super::slot::Until;
use super::tape::Tape;

/// The deserializer of one value.
pub(super) struct Probe<'t>(pub(super) &'t mut Tape);

impl Probe<'_> {
    fn leaf<'de, V: Visitor<'de>>(self, kind: &'static str, of: usize) -> Result<usize, Refused> {
        self.0.leaf(Request::of::<V>(kind, "", &[], 0), of)
    }

    fn any<'de, V: Visitor<'de>>(self, kind: &'static str, visitor: V) -> Result<V::Value, Refused> {
        self.0.self_describing = true;
        match self.0.leaf(Request::of::<V>(kind, "", &[], 0), 6)? {
            0 => visitor.visit_unit(),
            1 => visitor.visit_borrowed_str(STRINGS[0]),
            2 => visitor.visit_u64(1),
            3 => visitor.visit_bool(false),
            4 => visitor.visit_map(Entries::of(self.0, 0)),
            _ => visitor.visit_seq(Elements::of(self.0, 0)),
        }
    }

    pub(super) fn composite<'de, V: Visitor<'de>>(
        self,
        request: Request,
        (of, until): (usize, Until),
        answer: impl FnOnce(&mut Tape, usize) -> Result<V::Value, Refused>,
    ) -> Result<V::Value, Refused> {
        let open = self.0.open(request, of, until)?;
        let result = answer(self.0, open.pick);
        self.0.close(&open, result.is_ok());
        result
    }

    pub(super) fn positional<'de, V: Visitor<'de>>(
        self,
        kind: &'static str,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let request = Request::of::<V>(kind, name, &[], len);
        self.composite::<V>(request, (1, Until::Exhausted), |tape, _| {
            visitor.visit_seq(Elements::of(tape, len))
        })
    }

    /// Offers all fields in order, then all by name, then each alone to look behind one that refuses.
    pub(super) fn fields<'de, V: Visitor<'de>>(
        self,
        name: Name,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let (kind, own) =
            if name.variant.is_empty() { ("struct", name.owner) } else { ("variant", name.variant) };
        let request = Request::of::<V>(kind, own, fields, fields.len());
        self.0.learn(name, Form::Fields { names: fields, read: None });
        self.composite::<V>(request, (fields.len() + 2, Until::Whole), |tape, pick| match pick {
            0 => in_order(tape, name, fields, visitor),
            1 => visitor.visit_map(Fields::of(tape, fields)),
            alone => visitor.visit_map(Fields::of(tape, &fields[alone - 2..alone - 1])),
        })
    }
}

/// A visitor that refuses before it asks for an element takes its fields by name only.
fn in_order<'de, V: Visitor<'de>>(
    tape: &mut Tape,
    name: Name,
    names: &'static [&'static str],
    visitor: V,
) -> Result<V::Value, Refused> {
    let mut elements = Elements::of(tape, names.len());
    let result = visitor.visit_seq(&mut elements);
    let read = names.len() - elements.left;
    if result.is_ok() && !tape.is_by_name() {
        tape.learn(name, Form::Fields { names, read: Some(read) });
    }
    tape.self_describing |= result.is_err() && read == 0 && !names.is_empty();
    result
}

macro_rules! leaves {
    ($($ask:ident => $visit:ident($samples:expr, $convert:expr);)*) => {$(
        fn $ask<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            let pick = self.leaf::<V>(stringify!($ask), $samples.len())?;
            visitor.$visit($convert($samples[pick]))
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Refused;

    leaves! {
        deserialize_bool => visit_bool([false, true], bool::from);
        deserialize_i8 => visit_i8([1, 0, 2], i8::from);
        deserialize_i16 => visit_i16(NUMBERS, i16::from);
        deserialize_i32 => visit_i32(NUMBERS, i32::from);
        deserialize_i64 => visit_i64(NUMBERS, i64::from);
        deserialize_i128 => visit_i128(NUMBERS, i128::from);
        deserialize_u8 => visit_u8(NUMBERS, u8::from);
        deserialize_u16 => visit_u16(NUMBERS, u16::from);
        deserialize_u32 => visit_u32(NUMBERS, u32::from);
        deserialize_u64 => visit_u64(NUMBERS, u64::from);
        deserialize_u128 => visit_u128(NUMBERS, u128::from);
        deserialize_f32 => visit_f32(NUMBERS, f32::from);
        deserialize_f64 => visit_f64(NUMBERS, f64::from);
        deserialize_char => visit_char(CHARS, char::from);
        deserialize_str => visit_borrowed_str(STRINGS, <&str>::from);
        deserialize_string => visit_borrowed_str(STRINGS, <&str>::from);
        deserialize_bytes => visit_borrowed_bytes(BYTES, <&[u8]>::from);
        deserialize_byte_buf => visit_borrowed_bytes(BYTES, <&[u8]>::from);
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.leaf::<V>("unit", 1)?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.0.leaf(Request::of::<V>("unit struct", name, &[], 0), 1)?;
        visitor.visit_unit()
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.any("any", visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.any("ignored any", visitor)
    }

    /// Names of fields and variants are answered by the accesses, so this one is a key of a map that the type
    /// tells apart by name.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.0.asks_by_name();
        let pick = self.leaf::<V>("identifier", STRINGS.len())?;
        visitor.visit_borrowed_str(STRINGS[pick])
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let request = Request::of::<V>("option", "", &[], 0);
        self.composite::<V>(request, (2, Until::Exhausted), |tape, pick| match pick {
            0 => visitor.visit_none(),
            _ => visitor.visit_some(Probe(tape)),
        })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let request = Request::of::<V>("seq", "", &[], 0);
        self.composite::<V>(request, (2, Until::Exhausted), |tape, len| {
            visitor.visit_seq(Elements::of(tape, len))
        })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let request = Request::of::<V>("map", "", &[], 0);
        self.composite::<V>(request, (2, Until::Exhausted), |tape, len| {
            visitor.visit_map(Entries::of(tape, len))
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let request = Request::of::<V>("newtype struct", name, &[], 0);
        self.composite::<V>(request, (1, Until::Exhausted), |tape, _| {
            visitor.visit_newtype_struct(Probe(tape))
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Refused> {
        self.positional("tuple", "", len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.0.learn(Name::of(name), Form::Tuple(len));
        self.positional("tuple struct", name, len, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.fields(Name::of(name), fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let request = Request::of::<V>("enum", name, variants, variants.len());
        self.composite::<V>(request, (variants.len(), Until::Exhausted), |tape, pick| {
            visitor.visit_enum(Variant::of(tape, (name, variants), pick))
        })
    }

    fn is_human_readable(&self) -> bool {
        self.0.human_readable
    }
}
