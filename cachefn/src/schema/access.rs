//! What a visitor of the probe reads its parts from.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess};
use serde::de::{VariantAccess, Visitor};

use crate::codec::{Form, Name};

use super::probe::Probe;
use super::request::Refused;
use super::tape::Tape;

/// The elements of a sequence or tuple.
pub(super) struct Elements<'t> {
    tape: &'t mut Tape,
    pub(super) left: usize,
}

impl<'t> Elements<'t> {
    pub(super) fn of(tape: &'t mut Tape, len: usize) -> Self {
        Self { tape, left: len }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(Probe(self.tape)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The entries of a map, whose keys are traced as its values are.
pub(super) struct Entries<'t> {
    tape: &'t mut Tape,
    left: usize,
}

impl<'t> Entries<'t> {
    pub(super) fn of(tape: &'t mut Tape, len: usize) -> Self {
        Self { tape, left: len }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Refused;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(Probe(self.tape)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        seed.deserialize(Probe(self.tape))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The fields of a struct by name.
pub(super) struct Fields<'t> {
    tape: &'t mut Tape,
    names: &'static [&'static str],
}

impl<'t> Fields<'t> {
    pub(super) fn of(tape: &'t mut Tape, names: &'static [&'static str]) -> Self {
        Self { tape, names }
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Refused;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        let Some((name, rest)) = self.names.split_first() else { return Ok(None) };
        self.names = rest;
        seed.deserialize(named(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        seed.deserialize(Probe(self.tape))
    }
}

/// One variant of an enum.
pub(super) struct Variant<'t> {
    tape: &'t mut Tape,
    name: Name,
    names: &'static [&'static str],
    index: u32,
}

impl<'t> Variant<'t> {
    pub(super) fn of(
        tape: &'t mut Tape,
        (owner, names): (&'static str, &'static [&'static str]),
        index: usize,
    ) -> Self {
        let name = Name { owner, variant: names[index] };
        Self { tape, name, names, index: u32::try_from(index).unwrap_or(u32::MAX) }
    }

    fn learn(&mut self, content: Form) {
        self.tape.learn(self.name, content);
    }
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Refused;
    type Variant = Self;

    /// By name or by index, whichever the codec writes.
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Refused> {
        let value = if self.tape.human_readable {
            seed.deserialize(named(self.name.variant))?
        } else {
            seed.deserialize(IntoDeserializer::<Refused>::into_deserializer(self.index))?
        };
        let variants = Form::Variants { names: self.names, positions: self.index as usize + 1 };
        self.tape.learn(Name::of(self.name.owner), variants);
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Refused;

    fn unit_variant(mut self) -> Result<(), Refused> {
        self.learn(Form::Unit);
        self.tape.feed("unit variant");
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<S::Value, Refused> {
        self.learn(Form::Newtype);
        self.tape.feed("newtype variant");
        seed.deserialize(Probe(self.tape))
    }

    fn tuple_variant<V: Visitor<'de>>(mut self, len: usize, visitor: V) -> Result<V::Value, Refused> {
        self.learn(Form::Tuple(len));
        Probe(self.tape).positional("tuple variant", self.name.variant, len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        Probe(self.tape).fields(self.name, fields, visitor)
    }
}

fn named(name: &'static str) -> StrDeserializer<'static, Refused> {
    name.into_deserializer()
}
