//! The serializer in front of a codec's own: forwards everything, and stops at what the codec would lose.
//!
//! A derive writes a field left out by `skip_serializing_if` as no bytes at all. Postcard then reads the next
//! field in its place, a wrong value that no checksum notices, so the guard refuses such fields before they
//! are stored. JSON writes `Some(None)`, `None` and NaN all as `null`, MessagePack the first two as `nil`.

use std::cell::{Cell, RefCell};
use std::fmt::Display;

use serde::ser::{Error, Serialize, Serializer};
use xxhash_rust::xxh3::xxh3_64;

use super::forward::Guard;
use super::limit::Sink;
use super::{EncodeError, FREE_ELEMENTS, Form, Format, Forms, MAX_DEPTH, Name, Written};

/// No struct is expected to have more; one that does allocates again.
const MAX_FIELDS: usize = 64;

const TOO_DEEP: EncodeError = EncodeError::Unfit("values nested deeper than 128 levels");
const NULL: EncodeError = EncodeError::Unfit("`Some` of a value that is null itself");
const NOT_FINITE: EncodeError = EncodeError::Unfit("floats that are not finite");
const LEFT_OUT: EncodeError = EncodeError::Unfit("fields left out by `skip_serializing_if`");
const UNKNOWN_LENGTH: EncodeError = EncodeError::Unfit("`flatten` or other parts of unknown length");
const KEY: EncodeError = EncodeError::Unfit("map keys that are not strings, numbers or unit variants");
const EQUAL_KEYS: EncodeError = EncodeError::Unfit("map keys written alike");
const UNREAD: EncodeError =
    EncodeError::Unfit("parts that are read otherwise than written, as with `skip_serializing`");
const NOTHINGS: EncodeError = EncodeError::Unfit("many elements without content");

/// What is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    Postcard,
    Json,
    MessagePack,
}

/// One encoding: its rules, its bytes, and the first fault.
pub(super) struct Watch<'f> {
    rules: Rules,
    forms: &'f Forms,
    sink: Sink,
    fault: RefCell<Option<EncodeError>>,
    elements: Cell<usize>,
    /// See [`Written::kinds`].
    kinds: Cell<u64>,
}

impl<'f> Watch<'f> {
    pub(super) fn new(rules: Rules, max_bytes: usize, forms: &'f Forms) -> Self {
        Self {
            rules,
            forms,
            sink: Sink::new(max_bytes),
            fault: RefCell::default(),
            elements: Cell::new(0),
            kinds: Cell::new(0),
        }
    }

    pub(super) fn sink(&self) -> &Sink {
        &self.sink
    }

    pub(super) fn write<T: Serialize + ?Sized, S: Serializer>(
        &self,
        value: &T,
        inner: S,
    ) -> Result<(), EncodeError> {
        let place = Place { watch: self, depth: 1, in_some: false, is_key: false };
        value.serialize(Guard { inner, place }).map(drop)
    }

    pub(super) fn finish(self, written: Result<(), EncodeError>) -> Result<Written, EncodeError> {
        if self.sink.is_full() {
            return Err(EncodeError::TooLarge);
        }
        written?;
        if self.elements.get() > self.sink.len() + FREE_ELEMENTS {
            return Err(NOTHINGS);
        }
        Ok(Written { kinds: self.kinds.get(), bytes: self.sink.into_bytes() })
    }

    /// Carries a fault past the codec's own error type, which has no room for it.
    fn park<E: Error>(&self, fault: EncodeError) -> E {
        let error = E::custom(&fault);
        self.fault.borrow_mut().get_or_insert(fault);
        error
    }

    pub(super) fn recover(&self, error: impl Display) -> EncodeError {
        let parked = self.fault.borrow_mut().take();
        parked.unwrap_or_else(|| EncodeError::Custom(error.to_string()))
    }
}

/// Where in the value the guard stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) watch: &'a Watch<'a>,
    depth: u8,
    in_some: bool,
    is_key: bool,
}

impl Place<'_> {
    fn is(&self, rules: Rules) -> bool {
        self.watch.rules == rules
    }

    fn codec(&self) -> Format {
        match self.watch.rules {
            Rules::Postcard => Format::Postcard,
            Rules::Json => Format::Json,
            Rules::MessagePack => Format::MessagePack,
        }
    }

    /// Notes that the value holds content of this kind.
    #[inline]
    pub(super) fn holds(self, kind: Kind) -> Self {
        let kinds = &self.watch.kinds;
        kinds.set(kinds.get() | 1 << kind.bit());
        self
    }

    /// A variant and, where it has no names, its content.
    pub(super) fn variant(self, name: Name, index: u32, content: Option<&Form>) -> Result<Self, EncodeError> {
        self.holds(Kind::Named(name.variant, index as usize));
        let forms = self.watch.forms;
        let fits = forms.fit_variant(self.codec(), name, index)
            && content.is_none_or(|content| forms.fit_content(name, content));
        self.refuse_if(!fits, UNREAD)
    }

    pub(super) fn tuple(self, name: &'static str, len: usize) -> Result<Self, EncodeError> {
        let fits = self.watch.forms.fit_content(Name::of(name), &Form::Tuple(len));
        self.holds(Kind::Named(name, len)).refuse_if(!fits, UNREAD)
    }

    fn deeper(self) -> Result<Self, EncodeError> {
        if self.depth + 1 > MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        Ok(Self { depth: self.depth + 1, in_some: false, is_key: false, ..self })
    }

    /// The content of a container, which JSON cannot use as a key.
    pub(super) fn inside(self) -> Result<Self, EncodeError> {
        self.refuse_if(self.is_key, KEY)?.deeper()
    }

    /// A `Some` costs a level only directly inside another, where no container bounds the nesting.
    pub(super) fn some(self) -> Result<Self, EncodeError> {
        let this = self.holds(Kind::Some);
        let place = if this.in_some { Self { is_key: this.is_key, ..this.deeper()? } } else { this };
        Ok(Self { in_some: true, ..place })
    }

    pub(super) fn null(self) -> Result<Self, EncodeError> {
        let null = self.is(Rules::Json) || self.is(Rules::MessagePack);
        self.holds(Kind::Null).refuse_if(null && self.in_some, NULL)?.refuse_if(self.is_key, KEY)
    }

    pub(super) fn float(self, finite: bool) -> Result<Self, EncodeError> {
        let json = self.is(Rules::Json);
        self.holds(Kind::Float).refuse_if(json && !finite, NOT_FINITE)
    }

    /// The length to announce: postcard must know it.
    pub(super) fn len(self, len: Option<usize>) -> Result<Option<usize>, EncodeError> {
        match (self.watch.rules, len) {
            (Rules::Postcard, None) => Err(UNKNOWN_LENGTH),
            (_, len) => Ok(len),
        }
    }

    /// An element of a sequence or map, which need not take a byte.
    pub(super) fn counted(self) -> Self {
        self.watch.elements.set(self.watch.elements.get() + 1);
        self
    }

    pub(super) fn key(self) -> Self {
        Self { is_key: self.is(Rules::Json), ..self }
    }

    pub(super) fn bytes(self) -> Result<Self, EncodeError> {
        self.holds(Kind::Bytes).refuse_if(self.is_key, KEY)
    }

    pub(super) fn left_out(self) -> Result<Self, EncodeError> {
        self.refuse_if(self.is(Rules::Postcard), LEFT_OUT)
    }

    fn refuse_if(self, refuse: bool, fault: EncodeError) -> Result<Self, EncodeError> {
        if refuse { Err(fault) } else { Ok(self) }
    }
}

/// A kind of content: one that was not in a value before may be the one that cannot be read.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Bool,
    Signed,
    Long,
    Unsigned,
    UnsignedLong,
    Wide,
    Float,
    Text,
    Bytes,
    Null,
    Some,
    Element,
    Entry,
    /// A struct by its name and number of fields, a variant by its name and position.
    Named(&'static str, usize),
}

impl Kind {
    /// Named kinds share the upper 48 bits. Where a name stands in memory does for the name: two bits for one name cost a
    /// value that is read back without need.
    #[inline]
    fn bit(self) -> u32 {
        match self {
            Self::Bool => 0,
            Self::Signed => 1,
            Self::Long => 2,
            Self::Unsigned => 3,
            Self::UnsignedLong => 4,
            Self::Wide => 5,
            Self::Float => 6,
            Self::Text => 7,
            Self::Bytes => 8,
            Self::Null => 9,
            Self::Some => 10,
            Self::Element => 11,
            Self::Entry => 12,
            Self::Named(name, number) => {
                let mixed = (name.as_ptr() as usize ^ number << 3) as u64;
                16 + (((mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) * 48) >> 32) as u32
            }
        }
    }
}

/// A value on its way through the codec's serializer, to be guarded again on the other side.
pub(super) struct Guarded<'a, T: ?Sized> {
    pub(super) value: &'a T,
    pub(super) place: Place<'a>,
}

impl<T: Serialize + ?Sized> Serialize for Guarded<'_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        let watch = self.place.watch;
        self.value.serialize(Guard { inner, place: self.place }).map_err(|fault| watch.park(fault))
    }
}

/// The keys a JSON map was given, as hashes.
#[derive(Default)]
pub(super) struct Keys(Vec<u64>);

impl Keys {
    /// Notes the key written since the output was `start` bytes long.
    pub(super) fn note(&mut self, place: Place<'_>, start: usize) {
        if place.is_key {
            let hash = |written: &[u8]| xxh3_64(written.strip_prefix(b",").unwrap_or(written));
            self.0.push(place.watch.sink.since(start, hash));
        }
    }

    pub(super) fn check(mut self) -> Result<(), EncodeError> {
        self.0.sort_unstable();
        if self.0.windows(2).any(|pair| pair[0] == pair[1]) { Err(EQUAL_KEYS) } else { Ok(()) }
    }
}

/// The fields a struct was given and those it left out.
pub(super) struct Fields {
    name: Name,
    /// `None` if the name is not judged.
    written: Option<Vec<&'static str>>,
}

impl Fields {
    pub(super) fn of(name: Name, len: usize, place: Place<'_>) -> Self {
        let known = place.watch.forms.know(name);
        Self { name, written: known.then(|| Vec::with_capacity(len.min(MAX_FIELDS))) }
    }

    pub(super) fn note(&mut self, field: &'static str) {
        if let Some(written) = &mut self.written {
            written.push(field);
        }
    }

    pub(super) fn check(&self, place: Place<'_>) -> Result<(), EncodeError> {
        let Some(written) = &self.written else { return Ok(()) };
        let fits = place.watch.forms.fit_fields(place.codec(), self.name, written);
        place.refuse_if(!fits, UNREAD).map(drop)
    }
}
