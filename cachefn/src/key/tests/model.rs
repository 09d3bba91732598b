//! All of serde's data model as one type.

use proptest::prelude::*;
use serde::ser::{
    Serialize, SerializeMap as _, SerializeSeq as _, SerializeStruct as _, SerializeStructVariant as _,
    SerializeTuple as _, SerializeTupleStruct as _, SerializeTupleVariant as _, Serializer,
};

/// Names of types, variants and fields that look like other things.
pub(super) const NAMES: [&str; 9] = ["A", "B", "", "a.b", "none", "7u8", "-1", "\"", "=("];

pub(super) type Name = &'static str;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    I8(i8),
    I64(i64),
    I128(i128),
    U8(u8),
    U64(u64),
    F32(u32),
    F64(u64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    None,
    Some(Box<Value>),
    Unit,
    Seq(Vec<Value>),
    Tuple(Vec<Value>),
    Map(Entries),
    Struct(Name, Shape),
    Variant(Name, Name, Shape),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Unit,
    Newtype(Box<Value>),
    Tuple(Vec<Value>),
    Fields(Vec<(Name, Option<Value>)>),
}

/// Equal in any order; the keys are distinct.
#[derive(Clone, Debug)]
pub(super) struct Entries(pub(super) Vec<(Value, Value)>);

impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().all(|entry| other.0.contains(entry))
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => to.serialize_bool(*value),
            Self::I8(value) => to.serialize_i8(*value),
            Self::I64(value) => to.serialize_i64(*value),
            Self::I128(value) => to.serialize_i128(*value),
            Self::U8(value) => to.serialize_u8(*value),
            Self::U64(value) => to.serialize_u64(*value),
            Self::F32(bits) => to.serialize_f32(f32::from_bits(*bits)),
            Self::F64(bits) => to.serialize_f64(f64::from_bits(*bits)),
            Self::Char(value) => to.serialize_char(*value),
            Self::Text(value) => to.serialize_str(value),
            Self::Bytes(value) => to.serialize_bytes(value),
            Self::None => to.serialize_none(),
            Self::Some(value) => to.serialize_some(value),
            Self::Unit => to.serialize_unit(),
            Self::Seq(values) => {
                let mut seq = to.serialize_seq(None)?;
                values.iter().try_for_each(|value| seq.serialize_element(value))?;
                seq.end()
            }
            Self::Tuple(values) => {
                let mut tuple = to.serialize_tuple(values.len())?;
                values.iter().try_for_each(|value| tuple.serialize_element(value))?;
                tuple.end()
            }
            Self::Map(Entries(entries)) => {
                let mut map = to.serialize_map(None)?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Self::Struct(name, shape) => shape.serialize_struct(name, to),
            Self::Variant(name, variant, shape) => shape.serialize_variant(name, variant, to),
        }
    }
}

impl Shape {
    fn serialize_struct<S: Serializer>(&self, name: Name, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unit => to.serialize_unit_struct(name),
            Self::Newtype(value) => to.serialize_newtype_struct(name, value),
            Self::Tuple(values) => {
                let mut tuple = to.serialize_tuple_struct(name, values.len())?;
                values.iter().try_for_each(|value| tuple.serialize_field(value))?;
                tuple.end()
            }
            Self::Fields(fields) => {
                let mut out = to.serialize_struct(name, fields.len())?;
                fields.iter().try_for_each(|(name, value)| match value {
                    Some(value) => out.serialize_field(name, value),
                    None => out.skip_field(name),
                })?;
                out.end()
            }
        }
    }

    fn serialize_variant<S: Serializer>(&self, name: Name, variant: Name, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unit => to.serialize_unit_variant(name, 0, variant),
            Self::Newtype(value) => to.serialize_newtype_variant(name, 0, variant, value),
            Self::Tuple(values) => {
                let mut tuple = to.serialize_tuple_variant(name, 0, variant, values.len())?;
                values.iter().try_for_each(|value| tuple.serialize_field(value))?;
                tuple.end()
            }
            Self::Fields(fields) => {
                let mut out = to.serialize_struct_variant(name, 0, variant, fields.len())?;
                fields.iter().try_for_each(|(name, value)| match value {
                    Some(value) => out.serialize_field(name, value),
                    None => out.skip_field(name),
                })?;
                out.end()
            }
        }
    }
}

/// Any value, small, of few names and of characters that mean something in a key.
pub(super) fn value() -> impl Strategy<Value = Value> {
    let text = "[a1:%\"'\\-_=,()<>#@. \n{}é\u{85}]{0,4}";
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i8>().prop_map(Value::I8),
        any::<i64>().prop_map(Value::I64),
        any::<i128>().prop_map(Value::I128),
        any::<u8>().prop_map(Value::U8),
        any::<u64>().prop_map(Value::U64),
        prop_oneof![any::<u32>(), (0_u32..9).prop_map(|bits| bits << 31 | 0xff << 23)].prop_map(one_single),
        prop_oneof![any::<u64>(), (0_u64..9).prop_map(|bits| bits | 0x7ff << 52)].prop_map(one_double),
        prop_oneof![any::<char>(), Just('\'')].prop_map(Value::Char),
        text.prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(Value::Bytes),
        Just(Value::None),
        Just(Value::Unit),
    ];
    leaf.prop_recursive(4, 24, 4, |value| {
        let values = prop::collection::vec(value.clone(), 0..4);
        prop_oneof![
            value.clone().prop_map(|value| Value::Some(Box::new(value))),
            values.clone().prop_map(Value::Seq),
            values.clone().prop_map(Value::Tuple),
            prop::collection::vec((value.clone(), value.clone()), 0..4).prop_map(distinct),
            (name(), shape(value.clone())).prop_map(|(name, shape)| Value::Struct(name, shape)),
            (name(), name(), shape(value))
                .prop_map(|(name, variant, shape)| Value::Variant(name, variant, shape)),
        ]
    })
}

/// Of floats that are equal, and of all NaN, the one that is written.
fn one_single(bits: u32) -> Value {
    let float = f32::from_bits(bits) + 0.0;
    Value::F32(if float.is_nan() { f32::NAN.to_bits() } else { float.to_bits() })
}

fn one_double(bits: u64) -> Value {
    let float = f64::from_bits(bits) + 0.0;
    Value::F64(if float.is_nan() { f64::NAN.to_bits() } else { float.to_bits() })
}

fn shape(value: impl Strategy<Value = Value> + Clone + 'static) -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Unit),
        value.clone().prop_map(|value| Shape::Newtype(Box::new(value))),
        prop::collection::vec(value.clone(), 0..3).prop_map(Shape::Tuple),
        prop::collection::vec((name(), prop::option::of(value)), 0..3).prop_map(Shape::Fields),
    ]
}

fn name() -> impl Strategy<Value = Name> {
    prop::sample::select(NAMES.to_vec())
}

fn distinct(entries: Vec<(Value, Value)>) -> Value {
    let mut kept: Vec<(Value, Value)> = Vec::new();
    for entry in entries {
        if kept.iter().all(|(key, _)| *key != entry.0) {
            kept.push(entry);
        }
    }
    Value::Map(Entries(kept))
}
