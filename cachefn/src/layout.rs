//! How the values of one type are written down: the fingerprint of its shape, and the codec that can
//! carry it.
//!
//! Postcard carries most types. It cannot carry those that describe themselves (`flatten`, `untagged`,
//! `tag`, `serde_json::Value`), which the tracer sees, nor `skip_serializing_if`, which shows only when a
//! value is written. Such types go to JSON by themselves, said once. What was written before is read
//! all the same: the envelope names its codec. A function that [names its codec](Named) has that one and no other.
//!
//! A type may also write what it cannot read, in any codec. The first values are therefore [read back](trial) before they
//! are stored: what is not read as it was written takes JSON instead, or is not stored.

#[cfg(all(test, not(cachefn_model)))]
mod changed;
#[cfg(all(test, not(cachefn_model)))]
mod crates;
mod trial;
#[cfg(all(test, not(cachefn_model)))]
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
use crate::layout::trial::Trial;
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
    /// Whether a value is read back whatever is known of its type: none of the function's was yet.
    pub(crate) untried: bool,
}

/// Why a value was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is another function's, another version's, or damaged.
    Foreign,
    /// It is one of the function's own, whole, and its type does not read it.
    Unreadable,
}

/// What was written is read back as nothing, or as another value.
const NOT_READ_BACK: &str = "a value that is not read back as it was written";
/// The same, said to whoever has named the codec.
const WRITE_JSON: &str =
    "a value that is not read back as it was written; write `codec = Json`, which carries more types";
const BOTH_SIDES: &str =
    "a value that is not read back as it was written: its type's `Serialize` and `Deserialize` disagree";

/// A decoded value whose type only the caller knows.
pub(crate) type Erased = Box<dyn Any + Send>;

/// How the values of one type are written down.
pub(crate) struct Layout {
    type_name: &'static str,
    postcard: Shape,
    json: Shape,
    self_describing: AtomicBool,
    /// By [`Format`], and one for the codecs of users.
    trials: [Trial; 4],
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
            trials: std::array::from_fn(|_| Trial::new()),
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
        self.encode_as(Format::Json, value, owner).map_err(|error| said(error, BOTH_SIDES))
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
        let written = codec::encode_noting(&self.shape(format).forms, format, value, MAX_VALUE_BYTES)?;
        let (kinds, payload) = (written.kinds, written.bytes);
        let read = || self.read::<V>(format, &payload);
        try_out(self.trial(format), kinds, owner, value, format.human_readable(), read)?;
        Ok((self.ident(format as u8, format, owner), payload))
    }

    /// Reads a value that was written as `format`.
    fn decode_as<V: Storable>(
        &self,
        format: Format,
        envelope: &Envelope,
        owner: Owner,
    ) -> Result<Erased, Unread> {
        if envelope.ident != self.ident(format as u8, format, owner) {
            return Err(Unread::Foreign);
        }
        let payload = codec::unpack(envelope, MAX_VALUE_BYTES).ok_or(Unread::Foreign)?;
        owned(self.read::<V>(format, &payload), self.trial(format))
    }

    /// What is read of what was written; nothing if that is not all of it.
    fn read<V: Storable>(&self, format: Format, payload: &[u8]) -> Option<V> {
        let value = codec::decode(format, payload).ok()?;
        let whole = !self.shape(format).self_describing || codec::is_all_of(&value, format, payload);
        whole.then_some(value)
    }

    fn trial(&self, format: Format) -> &Trial {
        &self.trials[format as usize - 1]
    }

    fn trial_of_users(&self) -> &Trial {
        &self.trials[3]
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

/// Reads a value back, if that is due, and refuses it if it does not come back as it was written.
fn try_out<V: Storable>(
    trial: &Trial,
    kinds: u64,
    owner: Owner,
    value: &V,
    human_readable: bool,
    read: impl FnOnce() -> Option<V>,
) -> Result<(), EncodeError> {
    if !owner.untried && !trial.is_due(kinds) {
        return Ok(());
    }
    if read().is_some_and(|read| codec::are_alike(value, &read, human_readable)) {
        trial.passed(kinds);
        return Ok(());
    }
    trial.failed();
    Err(EncodeError::Unfit(NOT_READ_BACK))
}

/// The value that was read. One that was not, although it is the function's own, may not be the last.
fn owned<V: Storable>(read: Option<V>, trial: &Trial) -> Result<Erased, Unread> {
    if let Some(value) = read {
        return Ok(Box::new(value));
    }
    trial.failed();
    Err(Unread::Unreadable)
}

/// The error, with what to do about a value that is not read back.
fn said(error: EncodeError, advice: &'static str) -> EncodeError {
    match error {
        EncodeError::Unfit(NOT_READ_BACK) => EncodeError::Unfit(advice),
        other => other,
    }
}

/// What decides how the values of a function are written down.
pub trait Choice: 'static {
    /// Writes a value down for the function `site` in the version of its values.
    #[doc(hidden)]
    fn encode<V: Storable>(value: &V, owner: Owner) -> Result<(Ident, Vec<u8>), EncodeError>;

    /// Reads it back.
    #[doc(hidden)]
    fn decode<V: Storable>(envelope: &Envelope, owner: Owner) -> Result<Erased, Unread>;
}

/// The type decides: Postcard, or Json where Postcard cannot carry it.
#[derive(Debug)]
pub struct Auto;

impl Choice for Auto {
    fn encode<V: Storable>(value: &V, owner: Owner) -> Result<(Ident, Vec<u8>), EncodeError> {
        Layout::of::<V>().encode(value, owner)
    }

    fn decode<V: Storable>(envelope: &Envelope, owner: Owner) -> Result<Erased, Unread> {
        match Format::from_byte(envelope.ident.codec) {
            None | Some(Format::MessagePack) => Err(Unread::Foreign),
            Some(format) => Layout::of::<V>().decode_as::<V>(format, envelope, owner),
        }
    }
}

/// `codec = C`.
#[derive(Debug)]
pub struct Named<C>(PhantomData<fn() -> C>);

impl<C: Codec> Choice for Named<C> {
    fn encode<V: Storable>(value: &V, owner: Owner) -> Result<(Ident, Vec<u8>), EncodeError> {
        let layout = Layout::of::<V>();
        if let Some(BuiltIn(format)) = C::BUILT_IN {
            let advice = if format == Format::Json { BOTH_SIDES } else { WRITE_JSON };
            return layout.encode_as(format, value, owner).map_err(|error| said(error, advice));
        }
        let payload = codec::contain(|| C::encode(value))
            .ok_or_else(|| EncodeError::Custom(format!("the codec `{}` has panicked", C::NAME)))?
            .map_err(|error| EncodeError::Custom(error.to_string()))?;
        if payload.len() > MAX_VALUE_BYTES {
            return Err(EncodeError::TooLarge);
        }
        let read = || Self::read::<V>(&payload);
        try_out(layout.trial_of_users(), 0, owner, value, true, read)
            .map_err(|error| said(error, WRITE_JSON))?;
        Ok((Self::ident(layout, owner), payload))
    }

    fn decode<V: Storable>(envelope: &Envelope, owner: Owner) -> Result<Erased, Unread> {
        let layout = Layout::of::<V>();
        if let Some(BuiltIn(format)) = C::BUILT_IN {
            return layout.decode_as::<V>(format, envelope, owner);
        }
        if envelope.ident != Self::ident(layout, owner) {
            return Err(Unread::Foreign);
        }
        let payload = codec::unpack(envelope, MAX_VALUE_BYTES).ok_or(Unread::Foreign)?;
        owned(Self::read::<V>(&payload), layout.trial_of_users())
    }
}

impl<C: Codec> Named<C> {
    /// What a codec that is not one of ours reads.
    fn read<V: Storable>(payload: &[u8]) -> Option<V> {
        codec::contain(|| C::decode::<V>(payload))?.ok()
    }

    fn ident(layout: &Layout, owner: Owner) -> Ident {
        let ident = layout.ident(USERS_OWN, Format::Json, owner);
        Ident { fingerprint: ident.fingerprint ^ xxh3_64(C::NAME.as_bytes()), ..ident }
    }
}
