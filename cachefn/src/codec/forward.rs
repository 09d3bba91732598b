//! The methods of the guard: each asks its place whether the codec can carry this, and hands it on.

use std::fmt::Display;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant};
use serde::ser::{SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer};

use super::guard::{Fields, Guarded, Keys, Kind, Place};
use super::{EncodeError, Form, Name};

/// A codec's serializer, watched.
pub(super) struct Guard<'a, S> {
    pub(super) inner: S,
    pub(super) place: Place<'a>,
}

/// A codec's half-written container, watched.
pub(super) struct Parts<'a, C, N = ()> {
    inner: C,
    /// Where the parts stand.
    place: Place<'a>,
    noted: N,
}

impl<'a, C, N> Parts<'a, C, N> {
    fn of<E: Display>(inner: Result<C, E>, place: Place<'a>, noted: N) -> Result<Self, EncodeError> {
        let inner = inner.map_err(|error| place.watch.recover(error))?;
        Ok(Self { inner, place, noted })
    }
}

type Outcome<S> = Result<<S as Serializer>::Ok, EncodeError>;

macro_rules! scalars {
    ($($method:ident($type:ty) $(is $kind:ident)? $(where $check:expr)?;)*) => {$(
        fn $method(self, value: $type) -> Outcome<S> {
            $(self.place.holds(Kind::$kind);)?
            $(let check: fn(Place<'a>, &$type) -> Result<Place<'a>, EncodeError> = $check;
            check(self.place, &value)?;)?
            self.inner.$method(value).map_err(|error| self.place.watch.recover(error))
        }
    )*};
}

impl<'a, S: Serializer> Serializer for Guard<'a, S> {
    type Ok = S::Ok;
    type Error = EncodeError;
    type SerializeSeq = Parts<'a, S::SerializeSeq>;
    type SerializeTuple = Parts<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Parts<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Parts<'a, S::SerializeTupleVariant>;
    type SerializeMap = Parts<'a, S::SerializeMap, Keys>;
    type SerializeStruct = Parts<'a, S::SerializeStruct, Fields>;
    type SerializeStructVariant = Parts<'a, S::SerializeStructVariant, Fields>;

    scalars! {
        serialize_bool(bool) is Bool;
        serialize_i8(i8) is Signed;
        serialize_i16(i16) is Signed;
        serialize_i32(i32) is Signed;
        serialize_i64(i64) is Long;
        serialize_i128(i128) is Wide;
        serialize_u8(u8) is Unsigned;
        serialize_u16(u16) is Unsigned;
        serialize_u32(u32) is Unsigned;
        serialize_u64(u64) is UnsignedLong;
        serialize_u128(u128) is Wide;
        serialize_f32(f32) where |place, value| place.float(value.is_finite());
        serialize_f64(f64) where |place, value| place.float(value.is_finite());
        serialize_char(char) is Text;
        serialize_str(&str) is Text;
        serialize_bytes(&[u8]) where |place, _| place.bytes();
        serialize_unit_struct(&'static str) where |place, _| place.null();
    }

    fn serialize_unit(self) -> Outcome<S> {
        self.place.null()?;
        self.inner.serialize_unit().map_err(|error| self.place.watch.recover(error))
    }

    fn serialize_none(self) -> Outcome<S> {
        self.place.null()?;
        self.inner.serialize_none().map_err(|error| self.place.watch.recover(error))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome<S> {
        let place = self.place.some()?;
        self.inner.serialize_some(&Guarded { value, place }).map_err(|error| place.watch.recover(error))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Outcome<S> {
        let place = self.place.holds(Kind::Named(name, 1));
        let written = self.inner.serialize_newtype_struct(name, &Guarded { value, place });
        written.map_err(|error| place.watch.recover(error))
    }

    fn serialize_unit_variant(self, name: &'static str, index: u32, variant: &'static str) -> Outcome<S> {
        self.place.variant(Name { owner: name, variant }, index, Some(&Form::Unit))?;
        let written = self.inner.serialize_unit_variant(name, index, variant);
        written.map_err(|error| self.place.watch.recover(error))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Outcome<S> {
        let full = Name { owner: name, variant };
        let place = self.place.variant(full, index, Some(&Form::Newtype))?.inside()?;
        let written = self.inner.serialize_newtype_variant(name, index, variant, &Guarded { value, place });
        written.map_err(|error| place.watch.recover(error))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, EncodeError> {
        let place = self.place.inside()?;
        Parts::of(self.inner.serialize_seq(place.len(len)?), place, ())
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, EncodeError> {
        let place = self.place.inside()?;
        Parts::of(self.inner.serialize_tuple(len), place, ())
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, EncodeError> {
        let place = self.place.tuple(name, len)?.inside()?;
        Parts::of(self.inner.serialize_tuple_struct(name, len), place, ())
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, EncodeError> {
        let full = Name { owner: name, variant };
        let place = self.place.variant(full, index, Some(&Form::Tuple(len)))?.inside()?.inside()?;
        Parts::of(self.inner.serialize_tuple_variant(name, index, variant, len), place, ())
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, EncodeError> {
        let place = self.place.inside()?;
        Parts::of(self.inner.serialize_map(place.len(len)?), place, Keys::default())
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, EncodeError> {
        let place = self.place.holds(Kind::Named(name, len)).inside()?;
        Parts::of(self.inner.serialize_struct(name, len), place, Fields::of(Name::of(name), len, place))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, EncodeError> {
        let full = Name { owner: name, variant };
        let place = self.place.variant(full, index, None)?.inside()?.inside()?;
        let inner = self.inner.serialize_struct_variant(name, index, variant, len);
        Parts::of(inner, place, Fields::of(full, len, place))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Outcome<S> {
        self.place.holds(Kind::Text);
        self.inner.collect_str(value).map_err(|error| self.place.watch.recover(error))
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! tuples {
    ($($trait:ident: $method:ident;)*) => {$(
        impl<C: $trait> $trait for Parts<'_, C> {
            type Ok = C::Ok;
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                let value = Guarded { value, place: self.place };
                self.inner.$method(&value).map_err(|error| self.place.watch.recover(error))
            }

            fn end(self) -> Result<C::Ok, EncodeError> {
                self.inner.end().map_err(|error| self.place.watch.recover(error))
            }
        }
    )*};
}

tuples! {
    SerializeTuple: serialize_element;
    SerializeTupleStruct: serialize_field;
    SerializeTupleVariant: serialize_field;
}

macro_rules! structs {
    ($($trait:ident)*) => {$(
        impl<C: $trait> $trait for Parts<'_, C, Fields> {
            type Ok = C::Ok;
            type Error = EncodeError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), EncodeError> {
                self.noted.note(key);
                let value = Guarded { value, place: self.place };
                self.inner.serialize_field(key, &value).map_err(|error| self.place.watch.recover(error))
            }

            fn skip_field(&mut self, key: &'static str) -> Result<(), EncodeError> {
                self.place.left_out()?;
                self.noted.note(key);
                self.inner.skip_field(key).map_err(|error| self.place.watch.recover(error))
            }

            fn end(self) -> Result<C::Ok, EncodeError> {
                self.noted.check(self.place)?;
                self.inner.end().map_err(|error| self.place.watch.recover(error))
            }
        }
    )*};
}

structs! { SerializeStruct SerializeStructVariant }

impl<C: SerializeSeq> SerializeSeq for Parts<'_, C> {
    type Ok = C::Ok;
    type Error = EncodeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let place = self.place.counted().holds(Kind::Element);
        self.inner.serialize_element(&Guarded { value, place }).map_err(|error| place.watch.recover(error))
    }

    fn end(self) -> Result<C::Ok, EncodeError> {
        self.inner.end().map_err(|error| self.place.watch.recover(error))
    }
}

impl<C: SerializeMap> SerializeMap for Parts<'_, C, Keys> {
    type Ok = C::Ok;
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let place = self.place.counted().holds(Kind::Entry).key();
        let start = place.watch.sink().len();
        let written = self.inner.serialize_key(&Guarded { value, place });
        self.noted.note(place, start);
        written.map_err(|error| place.watch.recover(error))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let value = Guarded { value, place: self.place };
        self.inner.serialize_value(&value).map_err(|error| self.place.watch.recover(error))
    }

    fn end(self) -> Result<C::Ok, EncodeError> {
        self.noted.check()?;
        self.inner.end().map_err(|error| self.place.watch.recover(error))
    }
}
