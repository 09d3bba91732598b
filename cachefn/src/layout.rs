//! How the values of one type are written down: the fingerprint of its shape, and the codec that can
//! carry it.
//!
//! Postcard carries most types. It cannot carry those that describe themselves (`flatten`, `untagged`,
//! `tag`, `serde_json::Value`), which the tracer sees, nor `skip_serializing_if`, which shows only when a
//! value is written. Such types go to JSON by themselves, said once. What was written before is read
//! all the same: the envelope names its codec. A function that [names its codec](Named) has that one and no other.

#[cfg(test)]
mod changed;
#[cfg(test)]
mod zoo;

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use cachefn_backends::envelope::{Envelope, Ident};
use xxhash_rust::xxh3::xxh3_64;

use crate::codec::{self, BuiltIn, Codec, EncodeError, Format};
use crate::event;
use crate::schema::{self, Shape};
use crate::verdict::Storable;

/// A longer encoded value is not stored outside the process, however small it is when packed.
pub(crate) const MAX_VALUE_BYTES: usize = 1 << 20;

/// The number of a codec that is not one of ours.
const USERS_OWN: u8 = u8::MAX;

/// Odd, so that no two versions meet.
const VERSIONS_APART: u64 = 0x9e37_79b9_7f4a_7c15;

/// Whose values: the function's number, and the version of its values, 0 if it says none.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    pub(crate) site: u64,
    pub(crate) version: u64,
}

/// A decoded value whose type only the caller knows.
pub(crate) type Erased = Box<dyn Any + Send>;

/// How the values of one type are written down.
pub(crate) struct Layout {
    type_name: &'static str,
    postcard: Shape,
    json: Shape,
    self_describing: AtomicBool,
}

type Layouts = HashMap<TypeId, &'static Layout, foldhash::fast::RandomState>;

/// Read by whoever decodes, so that none of them writes to what the others read.
static LAYOUTS: LazyLock<ArcSwap<Layouts>> = LazyLock::new(ArcSwap::default);

impl Layout {
    /// The layout of `V`, traced at the first call and kept for the life of the process.
    pub(crate) fn of<V: Storable>() -> &'static Self {
        let known = LAYOUTS.load().get(&TypeId::of::<V>()).copied();
        known.unwrap_or_else(|| {
            let traced: &'static Self = Box::leak(Box::new(Self::trace::<V>()));
            let before = LAYOUTS.rcu(|layouts| {
                let mut layouts = Layouts::clone(layouts);
                layouts.entry(TypeId::of::<V>()).or_insert(traced);
                layouts
            });
            // Another thread may have been faster.
            before.get(&TypeId::of::<V>()).copied().unwrap_or(traced)
        })
    }

    fn trace<V: Storable>() -> Self {
        let trace = |format: Format| schema::trace::<V>(format.human_readable());
        let postcard = trace(Format::Postcard);
        if postcard.self_describing {
            event::stored_as_json(type_name::<V>(), "it describes itself");
        }
        Self {
            type_name: type_name::<V>(),
            self_describing: AtomicBool::new(postcard.self_describing),
            postcard,
            json: trace(Format::Json),
        }
    }

    /// Writes a value down as the type allows.
    fn encode<V: Storable>(&self, value: &V, owner: Owner) -> Result<(Ident, Vec<u8>), EncodeError> {
        if !self.self_describing.load(Ordering::Relaxed) {
            match self.encode_as(Format::Postcard, value, owner) {
                Ok(encoded) => return Ok(encoded),
                Err(EncodeError::Unfit(why)) => self.describe_itself(why),
                Err(other) => return Err(other),
            }
        }
        self.encode_as(Format::Json, value, owner)
    }

    fn encode_as<V: Storable>(
        &self,
        format: Format,
        value: &V,
        owner: Owner,
    ) -> Result<(Ident, Vec<u8>), EncodeError> {
        if format == Format::Postcard && self.postcard.self_describing {
            return Err(EncodeError::Unfit("a type that describes itself"));
        }
        let payload = codec::encode_for(&self.shape(format).forms, format, value, MAX_VALUE_BYTES)?;
        Ok((self.ident(format as u8, format, owner), payload))
    }

    /// Reads a value that was written as `format`; `None` if it is anything else.
    fn decode_as<V: Storable>(&self, format: Format, envelope: &Envelope, owner: Owner) -> Option<Erased> {
        if envelope.ident != self.ident(format as u8, format, owner) {
            return None;
        }
        let payload = codec::unpack(envelope, MAX_VALUE_BYTES)?;
        let value: V = codec::decode(format, &payload).ok()?;
        let whole = !self.shape(format).self_describing || codec::is_all_of(&value, format, &payload);
        whole.then(|| -> Erased { Box::new(value) })
    }

    fn describe_itself(&self, why: &str) {
        if !self.self_describing.swap(true, Ordering::Relaxed) {
            event::stored_as_json(self.type_name, why);
        }
    }

    /// Who writes it, in which codec and for which type; `like` is the format whose view of the type counts.
    fn ident(&self, codec: u8, like: Format, owner: Owner) -> Ident {
        let fingerprint = self.shape(like).fingerprint ^ owner.version.wrapping_mul(VERSIONS_APART);
        Ident { codec, fingerprint, site: owner.site }
    }

    fn shape(&self, format: Format) -> &Shape {
        match format {
            Format::Postcard => &self.postcard,
            Format::Json | Format::MessagePack => &self.json,
        }
    }
}

/// What decides how the values of a function are written down.
pub trait Choice: 'static {
    /// Writes a value down for the function `site` in the version of its values.
    #[doc(hidden)]
    fn encode<V: Storable>(value: &V, owner: Owner) -> Result<(Ident, Vec<u8>), EncodeError>;

    /// Reads it back; `None` if it is anything else.
    #[doc(hidden)]
    fn decode<V: Storable>(envelope: &Envelope, owner: Owner) -> Option<Erased>;
}

/// The type decides: Postcard, or Json where Postcard cannot carry it.
#[derive(Debug)]
pub struct Auto;

impl Choice for Auto {
    fn encode<V: Storable>(value: &V, owner: Owner) -> Result<(Ident, Vec<u8>), EncodeError> {
        Layout::of::<V>().encode(value, owner)
    }

    fn decode<V: Storable>(envelope: &Envelope, owner: Owner) -> Option<Erased> {
        let format =
            Format::from_byte(envelope.ident.codec).filter(|format| *format != Format::MessagePack)?;
        Layout::of::<V>().decode_as::<V>(format, envelope, owner)
    }
}

/// `codec = C`.
#[derive(Debug)]
pub struct Named<C>(PhantomData<fn() -> C>);

impl<C: Codec> Choice for Named<C> {
    fn encode<V: Storable>(value: &V, owner: Owner) -> Result<(Ident, Vec<u8>), EncodeError> {
        let layout = Layout::of::<V>();
        if let Some(BuiltIn(format)) = C::BUILT_IN {
            return layout.encode_as(format, value, owner);
        }
        let payload = codec::contain(|| C::encode(value))
            .ok_or_else(|| EncodeError::Custom(format!("the codec `{}` has panicked", C::NAME)))?
            .map_err(|error| EncodeError::Custom(error.to_string()))?;
        if payload.len() > MAX_VALUE_BYTES {
            return Err(EncodeError::TooLarge);
        }
        Ok((Self::ident(layout, owner), payload))
    }

    fn decode<V: Storable>(envelope: &Envelope, owner: Owner) -> Option<Erased> {
        let layout = Layout::of::<V>();
        if let Some(BuiltIn(format)) = C::BUILT_IN {
            return layout.decode_as::<V>(format, envelope, owner);
        }
        if envelope.ident != Self::ident(layout, owner) {
            return None;
        }
        let payload = codec::unpack(envelope, MAX_VALUE_BYTES)?;
        let decoded = codec::contain(|| C::decode::<V>(&payload));
        Some(Box::new(decoded?.ok()?))
    }
}

impl<C: Codec> Named<C> {
    fn ident(layout: &Layout, owner: Owner) -> Ident {
        let ident = layout.ident(USERS_OWN, Format::Json, owner);
        Ident { fingerprint: ident.fingerprint ^ xxh3_64(C::NAME.as_bytes()), ..ident }
    }
}
