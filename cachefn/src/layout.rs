//! How the values of one type are written down: the fingerprint of its shape, and the codec that can
//! carry it.
//!
//! Postcard carries most types. It cannot carry those that describe themselves (`flatten`, `untagged`,
//! `tag`, `serde_json::Value`), which the tracer sees, nor `skip_serializing_if`, which shows only when a
//! value is written. Such types go to JSON by themselves, said once. What was written before is read
//! all the same: the envelope names its codec.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, PoisonError, RwLock};

use cachefn_backends::envelope::{Envelope, Ident};

use crate::codec::{self, Codec, EncodeError};
use crate::event;
use crate::schema::{self, Shape};
use crate::shape::Storable;

/// A longer encoded value is not stored outside the process.
pub(crate) const MAX_VALUE_BYTES: usize = 1 << 20;

/// A decoded value whose type only the caller knows.
pub(crate) type Erased = Box<dyn Any + Send>;

/// How the values of one type are written down.
pub(crate) struct Layout {
    type_name: &'static str,
    postcard: Shape,
    json: Shape,
    self_describing: AtomicBool,
}

static LAYOUTS: LazyLock<RwLock<HashMap<TypeId, &'static Layout>>> = LazyLock::new(RwLock::default);

impl Layout {
    /// The layout of `V`, traced at the first call and kept for the life of the process.
    pub(crate) fn of<V: Storable>() -> &'static Self {
        let known = LAYOUTS.read().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<V>()).copied();
        known.unwrap_or_else(|| {
            let traced: &'static Self = Box::leak(Box::new(Self::trace::<V>()));
            let mut layouts = LAYOUTS.write().unwrap_or_else(PoisonError::into_inner);
            layouts.entry(TypeId::of::<V>()).or_insert(traced)
        })
    }

    fn trace<V: Storable>() -> Self {
        let trace = |codec: Codec| schema::trace::<V>(codec.human_readable());
        let postcard = trace(Codec::Postcard);
        if postcard.self_describing {
            event::stored_as_json(type_name::<V>(), "it describes itself");
        }
        Self {
            type_name: type_name::<V>(),
            self_describing: AtomicBool::new(postcard.self_describing),
            postcard,
            json: trace(Codec::Json),
        }
    }

    /// Writes a value down for the function `site`.
    pub(crate) fn encode<V: Storable>(&self, value: &V, site: u64) -> Result<(Ident, Vec<u8>), EncodeError> {
        if !self.self_describing.load(Ordering::Relaxed) {
            match self.encode_as(Codec::Postcard, value, site) {
                Ok(encoded) => return Ok(encoded),
                Err(EncodeError::Unfit(why)) => self.describe_itself(why),
                Err(other) => return Err(other),
            }
        }
        self.encode_as(Codec::Json, value, site)
    }

    fn encode_as<V: Storable>(
        &self,
        codec: Codec,
        value: &V,
        site: u64,
    ) -> Result<(Ident, Vec<u8>), EncodeError> {
        let payload = codec::encode_for(&self.shape(codec).forms, codec, value, MAX_VALUE_BYTES)?;
        Ok((self.ident(codec, site), payload))
    }

    /// Reads a value that the function `site` wrote; `None` if it is anything else.
    pub(crate) fn decode<V: Storable>(envelope: &Envelope, site: u64) -> Option<Erased> {
        let codec = Codec::from_byte(envelope.ident.codec)?;
        if envelope.ident != Self::of::<V>().ident(codec, site) || envelope.payload().len() > MAX_VALUE_BYTES
        {
            return None;
        }
        let value: V = codec::decode(codec, envelope.payload()).ok()?;
        Some(Box::new(value))
    }

    fn describe_itself(&self, why: &str) {
        if !self.self_describing.swap(true, Ordering::Relaxed) {
            event::stored_as_json(self.type_name, why);
        }
    }

    fn ident(&self, codec: Codec, site: u64) -> Ident {
        Ident { codec: codec as u8, fingerprint: self.shape(codec).fingerprint, site }
    }

    fn shape(&self, codec: Codec) -> &Shape {
        match codec {
            Codec::Postcard => &self.postcard,
            Codec::Json => &self.json,
        }
    }
}
