//! The serializer that writes nothing: each method says what the part it is given takes where it lies.

use std::any::type_name;
use std::cell::Cell;
use std::fmt::{self, Display, Write as _};

use serde::ser::{self, Serialize, SerializeSeq as _, Serializer};

use super::container::Kind;
use super::{Part, allocation};

/// A longer text that a type prints is one that it holds; a shorter one is an address, a date or a number.
const PRINTED: usize = 64;

/// A walk over one value, at one part of it.
#[derive(Clone, Copy)]
pub(super) struct Walk<'c> {
    /// What was found to be owned.
    pub(super) heap: &'c Cell<usize>,
    /// How much deeper it may go.
    pub(super) left: u8,
    /// The name of the type that is looked at.
    pub(super) of: &'static str,
}

/// The type's own `Serialize` failed.
#[derive(Debug)]
pub(super) struct Unseen;

impl std::error::Error for Unseen {}

impl Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value cannot be serialized")
    }
}

impl ser::Error for Unseen {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// The elements of a sequence or a set.
pub(super) struct Elements<'c> {
    walk: Walk<'c>,
    kind: Kind,
    count: usize,
    largest: Part,
}

/// The entries of a map, or the fields of a struct that is written as one, as with `flatten`.
pub(super) struct Entries<'c> {
    walk: Walk<'c>,
    kind: Kind,
    count: usize,
    key: Part,
    value: Part,
    fields: Part,
    is_field: bool,
}

/// The fields of a struct, a tuple or a variant.
pub(super) struct Fields<'c> {
    walk: Walk<'c>,
    sum: Part,
    is_variant: bool,
}

impl<'c> Walk<'c> {
    fn fields(self, is_variant: bool) -> Fields<'c> {
        Fields { walk: self, sum: Part::NOTHING, is_variant }
    }

    fn text(self, len: usize) -> Part {
        self.add(allocation(len));
        Part::HANDLE
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty);)*) => {$(
        #[inline]
        fn $method(self, _: $type) -> Result<Part, Unseen> {
            Ok(Part::of::<$type>())
        }
    )*};
}

impl<'c> Serializer for Walk<'c> {
    type Ok = Part;
    type Error = Unseen;
    type SerializeSeq = Elements<'c>;
    type SerializeTuple = Fields<'c>;
    type SerializeTupleStruct = Fields<'c>;
    type SerializeTupleVariant = Fields<'c>;
    type SerializeMap = Entries<'c>;
    type SerializeStruct = Fields<'c>;
    type SerializeStructVariant = Fields<'c>;

    scalars! {
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_f32(f32);
        serialize_f64(f64);
    }

    fn serialize_bool(self, _: bool) -> Result<Part, Unseen> {
        Ok(Part { niche: true, ..Part::of::<bool>() })
    }

    fn serialize_char(self, _: char) -> Result<Part, Unseen> {
        Ok(Part { niche: true, ..Part::of::<char>() })
    }

    fn serialize_str(self, text: &str) -> Result<Part, Unseen> {
        Ok(self.text(text.len()))
    }

    /// Sixteen bytes are a `Uuid` rather than a `Vec`, and twelve an `ObjectId`: between the two.
    fn serialize_bytes(self, bytes: &[u8]) -> Result<Part, Unseen> {
        match bytes.len() {
            len @ (12 | 16) => {
                self.add(len);
                Ok(Part::plain(16, 8))
            }
            len => Ok(self.text(len)),
        }
    }

    fn serialize_none(self) -> Result<Part, Unseen> {
        Ok(Part::NONE)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Part, Unseen> {
        self.part(value).map(Part::tagged)
    }

    fn serialize_unit(self) -> Result<Part, Unseen> {
        Ok(Part::NOTHING)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Part, Unseen> {
        Ok(Part::NOTHING)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<Part, Unseen> {
        Ok(Part { niche: true, ..Part::of::<u8>() })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Part, Unseen> {
        self.part(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<Part, Unseen> {
        Ok(Part { handle: false, ..self.part(value)?.tagged() })
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements<'c>, Unseen> {
        let kind = Kind::named(self.of).unwrap_or(Kind::List);
        Ok(Elements { walk: self, kind, count: 0, largest: Part::NOTHING })
    }

    fn serialize_tuple(self, _: usize) -> Result<Fields<'c>, Unseen> {
        Ok(self.fields(false))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Fields<'c>, Unseen> {
        Ok(self.fields(false))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Fields<'c>, Unseen> {
        Ok(self.fields(true))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'c>, Unseen> {
        // JSON's own objects come this way, and structs with `flatten`.
        let kind = Kind::named(self.of).unwrap_or(Kind::Unknown);
        let [key, value, fields] = [Part::NOTHING; 3];
        Ok(Entries { walk: self, kind, count: 0, key, value, fields, is_field: false })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'c>, Unseen> {
        Ok(self.fields(false))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Fields<'c>, Unseen> {
        Ok(self.fields(true))
    }

    /// Under its own name, which a type that wraps the collection hides.
    fn collect_seq<I: IntoIterator<Item: Serialize>>(self, elements: I) -> Result<Part, Unseen> {
        let kind = Kind::named(type_name::<I>()).or_else(|| Kind::named(self.of)).unwrap_or(Kind::List);
        let mut sequence = Elements { walk: self, kind, count: 0, largest: Part::NOTHING };
        let mut elements = elements.into_iter();
        for element in elements.by_ref() {
            sequence.serialize_element(&element)?;
            if is_number(type_name::<I::Item>()) {
                break;
            }
        }
        sequence.count += elements.size_hint().0;
        ser::SerializeSeq::end(sequence)
    }

    fn collect_map<K: Serialize, V: Serialize, I: IntoIterator<Item = (K, V)>>(
        self,
        entries: I,
    ) -> Result<Part, Unseen> {
        let kind = Kind::named(type_name::<I>()).or_else(|| Kind::named(self.of)).unwrap_or(Kind::Unknown);
        let mut map = Entries { kind, ..self.serialize_map(None)? };
        let mut entries = entries.into_iter();
        for (key, value) in entries.by_ref() {
            map.entry(&key, &value)?;
            if is_number(type_name::<K>()) && is_number(type_name::<V>()) {
                break;
            }
        }
        map.count += entries.size_hint().0;
        ser::SerializeMap::end(map)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<Part, Unseen> {
        let mut printed = Length(0);
        write!(printed, "{value}").map_err(|_| Unseen)?;
        Ok(if printed.0 <= PRINTED { Part::plain(16, 8) } else { self.text(printed.0) })
    }

    /// Most types show more of what they are made of.
    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Whether all values of the type of this name take the same: one is enough to look at.
#[inline]
fn is_number(name: &'static str) -> bool {
    let name = name.strip_prefix('&').unwrap_or(name);
    // A cheap look at most names.
    name.len() < 6
        && matches!(
            name,
            "u8" | "u16"
                | "u32"
                | "u64"
                | "u128"
                | "usize"
                | "i8"
                | "i16"
                | "i32"
                | "i64"
                | "i128"
                | "isize"
                | "f32"
                | "f64"
                | "bool"
                | "char"
        )
}

/// Counts what is printed.
struct Length(usize);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

impl ser::SerializeSeq for Elements<'_> {
    type Ok = Part;
    type Error = Unseen;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unseen> {
        self.largest = self.largest.or(self.walk.part(value)?);
        self.count += 1;
        Ok(())
    }

    fn end(self) -> Result<Part, Unseen> {
        self.walk.add(self.kind.cost(self.count, self.largest, Part::NOTHING));
        Ok(Part::HANDLE)
    }
}

impl Entries<'_> {
    fn entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), Unseen> {
        ser::SerializeMap::serialize_key(self, key)?;
        ser::SerializeMap::serialize_value(self, value)
    }
}

impl ser::SerializeMap for Entries<'_> {
    type Ok = Part;
    type Error = Unseen;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unseen> {
        // A text by itself is the name of a field: no map has such keys.
        self.is_field = type_name::<T>() == "str";
        if !self.is_field {
            self.key = self.key.or(self.walk.part(key)?);
            self.count += 1;
        }
        Ok(())
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unseen> {
        let part = self.walk.part(value)?;
        if self.is_field {
            self.fields = self.fields.and(part);
        } else {
            self.value = self.value.or(part);
        }
        Ok(())
    }

    fn end(self) -> Result<Part, Unseen> {
        self.walk.add(self.kind.cost(self.count, self.key, self.value));
        Ok(if self.fields.size == 0 { Part::HANDLE } else { self.fields.and(Part::HANDLE) })
    }
}

impl Fields<'_> {
    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unseen> {
        self.sum = self.sum.and(self.walk.part(value)?);
        Ok(())
    }

    /// The compiler puts fields in the order that leaves no gaps but the last.
    #[expect(clippy::unnecessary_wraps, reason = "what the traits return")]
    fn done(self) -> Result<Part, Unseen> {
        let whole = Part { size: self.sum.stride(), ..self.sum };
        Ok(if self.is_variant { whole.tagged() } else { whole })
    }
}

macro_rules! tuples {
    ($($trait:ident: $method:ident;)*) => {$(
        impl ser::$trait for Fields<'_> {
            type Ok = Part;
            type Error = Unseen;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unseen> {
                self.field(value)
            }

            fn end(self) -> Result<Part, Unseen> {
                self.done()
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
        impl ser::$trait for Fields<'_> {
            type Ok = Part;
            type Error = Unseen;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<(), Unseen> {
                self.field(value)
            }

            fn skip_field(&mut self, _: &'static str) -> Result<(), Unseen> {
                self.sum = self.sum.and(Part::LEFT_OUT);
                Ok(())
            }

            fn end(self) -> Result<Part, Unseen> {
                self.done()
            }
        }
    )*};
}

structs! { SerializeStruct SerializeStructVariant }
