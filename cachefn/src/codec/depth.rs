//! The deserializer in front of a codec's own: counts nesting, elements without content, and caps the lengths
//! that types may allocate for.
//!
//! A type that contains itself can be nested as deep as the input is long, and overflows the stack long
//! before the input ends.

use std::cell::Cell;
use std::fmt::{self, Display};

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess};
use serde::de::{SeqAccess, VariantAccess, Visitor};

use super::{DecodeError, FREE_ELEMENTS, MAX_DEPTH};

/// The most elements a type may allocate for before it has read one.
const MAX_HINT: usize = 1 << 10;

/// One decoding.
pub(super) struct Bounds {
    too_deep: Cell<bool>,
    elements_left: Cell<usize>,
}

impl Bounds {
    pub(super) fn new(input: usize) -> Self {
        Self { too_deep: Cell::new(false), elements_left: Cell::new(input.saturating_add(FREE_ELEMENTS)) }
    }

    pub(super) fn read<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        &self,
        inner: D,
    ) -> Result<T, DecodeError> {
        let place = Place { bounds: self, depth: 1, in_some: false, is_list: false };
        let read = T::deserialize(Bounded { inner, place });
        if self.too_deep.get() {
            return Err(DecodeError::TooDeep);
        }
        read.map_err(classify)
    }
}

/// JSON's own bound is met first where a type asks the input what it holds.
fn classify(error: impl Display) -> DecodeError {
    if error.to_string().starts_with("recursion limit exceeded") {
        DecodeError::TooDeep
    } else {
        DecodeError::Malformed
    }
}

/// Where in the value the deserializer stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    bounds: &'a Bounds,
    depth: u8,
    in_some: bool,
    /// The elements to come are as many as the input says.
    is_list: bool,
}

impl Place<'_> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth + 1 > MAX_DEPTH {
            self.bounds.too_deep.set(true);
            return Err(E::custom("nested too deep"));
        }
        Ok(Self { depth: self.depth + 1, in_some: false, ..self })
    }

    fn some<E: Error>(self) -> Result<Self, E> {
        let place = if self.in_some { self.inside()? } else { self };
        Ok(Self { in_some: true, ..place })
    }

    fn count<T, E: Error>(&self, element: Option<T>) -> Result<Option<T>, E> {
        if element.is_some() && self.is_list {
            let left = self.bounds.elements_left.get().checked_sub(1);
            self.bounds.elements_left.set(left.ok_or_else(|| E::custom("more elements than bytes"))?);
        }
        Ok(element)
    }
}

/// Anything of serde's that is handed on, with its place.
struct Bounded<'a, T> {
    inner: T,
    place: Place<'a>,
}

macro_rules! forward_requests {
    ($($method:ident($($arg:ident: $type:ty),*) $(as $list:literal)?;)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($arg: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            let place = Place { is_list: false $(|| $list)?, ..self.place };
            self.inner.$method($($arg,)* Bounded { inner: visitor, place })
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Bounded<'_, D> {
    type Error = D::Error;

    forward_requests! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq() as true;
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map() as true;
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! forward_values {
    ($($method:ident($type:ty);)*) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Bounded<'_, V> {
    type Value = V::Value;

    forward_values! {
        visit_bool(bool);
        visit_i8(i8);
        visit_i16(i16);
        visit_i32(i32);
        visit_i64(i64);
        visit_i128(i128);
        visit_u8(u8);
        visit_u16(u16);
        visit_u32(u32);
        visit_u64(u64);
        visit_u128(u128);
        visit_f32(f32);
        visit_f64(f64);
        visit_char(char);
        visit_str(&str);
        visit_borrowed_str(&'de str);
        visit_string(String);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Bounded { inner, place: self.place.some()? })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Bounded { inner, place: self.place })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Bounded { inner, place: self.place.inside()? })
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Bounded { inner, place: self.place.inside()? })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Bounded { inner, place: self.place })
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Bounded<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Bounded { inner, place: self.place })
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let element = self.inner.next_element_seed(Bounded { inner: seed, place: self.place })?;
        self.place.count(element)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint().map(|hint| hint.min(MAX_HINT))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let key = self.inner.next_key_seed(Bounded { inner: seed, place: self.place })?;
        self.place.count(key)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(Bounded { inner: seed, place: self.place })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint().map(|hint| hint.min(MAX_HINT))
    }
}

impl<'de, 'a, A: EnumAccess<'de>> EnumAccess<'de> for Bounded<'a, A> {
    type Error = A::Error;
    type Variant = Bounded<'a, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, inner) = self.inner.variant_seed(seed)?;
        Ok((value, Bounded { inner, place: self.place }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.newtype_variant_seed(Bounded { inner: seed, place: self.place.inside()? })
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.tuple_variant(len, Bounded { inner: visitor, place: self.place.inside()? })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.inner.struct_variant(fields, Bounded { inner: visitor, place: self.place.inside()? })
    }
}
