//! The writer that generated code fills, and the key that comes out of it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::buffer::Buffer;
use super::escape::Escaped;
use super::shorten;

/// Builds one key, piece by piece, in the order of the text.
pub struct KeyWriter {
    /// Only whole strings are pushed, so this is UTF-8 at every piece's end.
    pub(super) text: Buffer,
    namespace: usize,
    arguments: usize,
    /// How many of the first bytes are literals: the same in every call.
    fixed: usize,
    function: Option<&'static str>,
    form: Form,
    bypass: bool,
    /// What hardly any key has.
    rare: Option<Box<Rare>>,
}

#[derive(Default)]
struct Rare {
    error: Option<KeyError>,
    /// The call in short, where it is written beside the key.
    short: Option<Buffer>,
    /// What the namespace does not show of the arguments in it.
    unshown: Vec<Unshown>,
    #[cfg(feature = "test-util")]
    loose: Option<Vec<Loose>>,
}

/// A part of a key, and what is left of it if also that does not count which may not.
#[cfg(feature = "test-util")]
struct Loose {
    part: std::ops::Range<usize>,
    text: String,
}

/// An argument whose place in a namespace, or in the name of one, shows less than what its key would hold.
struct Unshown {
    at: Range<usize>,
    separator: u8,
    whole: Box<str>,
    /// Whether it tells more, and not only reads differently.
    tells: bool,
}

/// So many of them in one name are looked at in every combination.
const MOST_UNSHOWN: usize = 4;

/// A longer call in short, in bytes, is not kept beside its entry: its key is looked up each time.
const LONGEST_SHORT: usize = 128;

/// Begins what a namespace does not show of an argument, in a call in short.
const UNSHOWN: u64 = 5;

/// What is written.
#[derive(Clone, Copy)]
enum Form {
    /// The text of a key.
    Key,
    /// Text as it is.
    Raw,
    /// Words.
    Short,
}

/// A finished logical key: `namespace:function:arguments` or `namespace:template`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    text: Arc<str>,
    namespace: usize,
    /// How many of the first bytes are the same in every call, if that is known.
    fixed: Option<usize>,
    #[cfg(test)]
    pub(super) arguments: usize,
}

/// A part that could not be serialized; the call is not cached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyError(Box<str>);

impl KeyWriter {
    /// Nothing yet: a key whose namespace is written first, up to [`Self::namespace_end`], and which is a template.
    #[inline]
    pub(crate) const fn new() -> Self {
        Self {
            text: Buffer::new(),
            namespace: 0,
            arguments: 0,
            fixed: 0,
            function: None,
            form: Form::Key,
            bypass: false,
            rare: None,
        }
    }

    /// Begins a key whose first part is known beforehand: that of another key, of which nothing else was written.
    #[inline]
    pub(crate) fn begin(&mut self, head: &Key) {
        self.push(&head.text);
        (self.namespace, self.arguments, self.fixed) = (head.namespace, head.text.len(), head.text.len());
    }

    /// Has the function's name follow the namespace.
    pub(crate) fn keyed_by(&mut self, function: Option<&'static str>) {
        self.function = function;
    }

    /// Begins the text of a tag: what `format!` would make of it, so that a program can name the same tag. Two
    /// tags that read alike are invalidated together, which is no harm.
    pub(crate) fn raw() -> Self {
        Self { form: Form::Raw, ..Self::new() }
    }

    /// Begins a call in short: what its key is made of, before it is text. It is not escaped and has no literals in it,
    /// for they are the same in every call of a function; equal calls in short have equal keys, as a key is made of
    /// nothing else.
    #[inline]
    pub(crate) fn short() -> Self {
        Self { form: Form::Short, ..Self::new() }
    }

    #[inline]
    pub(super) fn is_short(&self) -> bool {
        matches!(self.form, Form::Short)
    }

    /// The same, with the key beside it: both are made of one look at the arguments.
    pub(crate) fn with_short() -> Self {
        let rare = Rare { short: Some(Buffer::new()), ..Rare::default() };
        Self { rare: Some(Box::new(rare)), ..Self::new() }
    }

    /// What [`Self::with_short`] has written beside the key.
    pub(crate) fn short_form(&self) -> Option<&[u8]> {
        let short = self.rare.as_ref()?.short.as_ref()?;
        (short.len() <= LONGEST_SHORT).then(|| short.as_slice())
    }

    /// Where the call in short is written, if it is.
    #[inline]
    pub(super) fn words(&mut self) -> Option<&mut Buffer> {
        if self.is_short() { Some(&mut self.text) } else { self.rare.as_mut()?.short.as_mut() }
    }

    /// Whether the arguments are asked if the cache is not to be read: once in a call.
    #[inline]
    pub fn asks(&self) -> bool {
        self.is_short()
    }

    /// Whether a call in short can be used: nothing in it failed, and it is worth keeping.
    #[inline]
    pub(crate) fn is_usable(&self) -> bool {
        self.rare.is_none() && self.text.len() <= LONGEST_SHORT
    }

    /// `bypass = …`: whether the cache is not to be read.
    #[inline]
    pub fn bypass(&mut self, bypass: bool) {
        self.bypass = bypass;
    }

    pub(crate) fn bypasses(&self) -> bool {
        self.bypass
    }

    /// Has every part be written in a loose form too.
    #[cfg(feature = "test-util")]
    pub(crate) fn comparing(mut self) -> Self {
        self.rare().loose = Some(Vec::new());
        self
    }

    /// The key as it is before it is complete, with its parts in their loose form; nothing if none has one.
    #[cfg(feature = "test-util")]
    pub(crate) fn loose_form(&self) -> Option<String> {
        let parts = self.rare.as_ref()?.loose.as_ref().filter(|parts| !parts.is_empty())?;
        let (mut form, mut rest) = (String::new(), 0);
        for Loose { part, text } in parts {
            form += self.as_str().get(rest..part.start)?;
            form += text;
            rest = part.end;
        }
        Some(form + self.as_str().get(rest..)?)
    }

    /// Writes the part that began at `start` in its loose form, if that is wanted.
    #[cfg(feature = "test-util")]
    pub(super) fn compare(
        &mut self,
        start: usize,
        write: impl FnOnce(&mut dyn fmt::Write) -> Result<(), KeyError>,
    ) {
        let part = start..self.text.len();
        if let Some(parts) = self.rare.as_mut().and_then(|rare| rare.loose.as_mut()) {
            let mut text = String::new();
            if write(&mut text).is_ok() {
                parts.push(Loose { part, text });
            }
        }
    }

    #[cfg(not(feature = "test-util"))]
    #[inline]
    #[expect(clippy::unused_self, reason = "the shape of the one that compares")]
    pub(super) fn compare(&self, _: usize, _: impl FnOnce(&mut dyn fmt::Write) -> Result<(), KeyError>) {}

    pub(super) fn is_raw(&self) -> bool {
        matches!(self.form, Form::Raw)
    }

    /// Writes a literal as it is.
    #[inline]
    pub fn text(&mut self, literal: &'static str) {
        if !self.is_short() {
            self.push_fixed(literal);
        }
    }

    /// Writes what every call writes here.
    fn push_fixed(&mut self, literal: &str) {
        let is_first = self.fixed == self.text.len();
        self.push(literal);
        if is_first {
            self.fixed = self.text.len();
        }
    }

    /// Ends the namespace: what follows is the function's own.
    pub fn namespace_end(&mut self) {
        if self.is_short() {
            return;
        }
        if self.text.len() > shorten::SEGMENT_LIMIT
            && let Some(short) = shorten::group(self.as_str())
        {
            // The digest is that of the group, and values of one group need not be the same.
            if self.text.as_slice().iter().any(|byte| matches!(byte, b'%' | b'"')) {
                let unshown = Unshown { at: 0..0, separator: b':', whole: self.as_str().into(), tells: true };
                self.rare().unshown.push(unshown);
            }
            self.text = Buffer::new();
            self.push(&short);
            self.fixed = 0;
        }
        self.namespace = self.text.len();
        self.push_fixed(":");
        if let Some(function) = self.function {
            self.push_fixed(function);
        }
        self.arguments = self.text.len();
        let unshown = self.rare.as_mut().map(|rare| std::mem::take(&mut rare.unshown));
        for unshown in unshown.into_iter().flatten().filter(|unshown| unshown.tells) {
            self.push(":");
            Escaped::new(self, b':').text(&unshown.whole);
        }
    }

    /// How much is written.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Notes what was written since `from` less than whole. If the whole `tells` more, the key of the function tells apart
    /// what its namespace does not.
    pub(super) fn distinguish(&mut self, from: usize, separator: u8, unshown: &str, tells: bool) {
        if tells && let Some(words) = self.words() {
            words.push_word(UNSHOWN);
            words.push(unshown.as_bytes());
            words.end_word(0xff);
        }
        if matches!(self.form, Form::Key) {
            let at = from..self.text.len();
            self.rare().unshown.push(Unshown { at, separator, whole: unshown.into(), tells });
        }
    }

    /// Writes the namespace once more, for `{namespace}` in a template.
    pub fn namespace(&mut self) {
        if self.is_short() {
            return;
        }
        let namespace = self.as_str()[..self.namespace].to_owned();
        if self.fixed >= self.namespace { self.push_fixed(&namespace) } else { self.push(&namespace) }
    }

    /// Ends the key, or says why one of its parts could not be written.
    #[inline]
    pub(crate) fn complete(&mut self) -> Result<(), KeyError> {
        if self.rare.is_none() && self.text.len() <= shorten::KEY_LIMIT { Ok(()) } else { self.shorten() }
    }

    #[cold]
    fn shorten(&mut self) -> Result<(), KeyError> {
        if let Some(error) = self.error() {
            return Err(error);
        }
        if self.text.len() > shorten::KEY_LIMIT {
            self.replace_arguments(shorten::shortened);
        }
        Ok(())
    }

    /// The same with a digest in the place of everything that is the function's own, for which `secret` must be
    /// known.
    pub(crate) fn seal(&mut self, secret: &[u8]) -> Result<(), KeyError> {
        if self.error().is_some() {
            // What a type says when it fails may hold its value.
            return Err(KeyError("a sensitive argument does not serialize".into()));
        }
        self.replace_arguments(|arguments| shorten::sealed(secret, arguments));
        Ok(())
    }

    /// What was written.
    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_slice()
    }

    /// What was written.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("only whole strings are pushed")
    }

    /// The key, to be kept.
    pub(crate) fn to_key(&self) -> Key {
        Key {
            text: self.as_str().into(),
            namespace: self.namespace,
            fixed: Some(self.fixed),
            #[cfg(test)]
            arguments: self.arguments,
        }
    }

    /// What was written, without a key around it.
    pub(crate) fn into_text(mut self) -> Result<String, KeyError> {
        match self.error() {
            Some(error) => Err(error),
            None => Ok(self.as_str().to_owned()),
        }
    }

    /// What was written as the name of a namespace, and what it reads like where its arguments stand in keys: there a
    /// type of its own does not read as it displays.
    pub(crate) fn into_names(mut self) -> Result<Vec<String>, KeyError> {
        let mut unshown =
            self.rare.as_mut().map(|rare| std::mem::take(&mut rare.unshown)).unwrap_or_default();
        let mut names = vec![self.into_text()?];
        unshown.truncate(MOST_UNSHOWN);
        // From behind, so that what stands before stays where it is.
        for Unshown { at, separator, whole, .. } in unshown.into_iter().rev() {
            let mut written = Self::new();
            Escaped::new(&mut written, separator).text(&whole);
            for number in 0..names.len() {
                let mut other = names[number].clone();
                other.replace_range(at.clone(), written.as_str());
                names.push(other);
            }
        }
        Ok(names)
    }

    #[inline]
    pub(super) fn push(&mut self, text: &str) {
        self.text.push(text.as_bytes());
    }

    #[inline]
    pub(super) fn push_ascii(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.is_ascii());
        self.text.push(bytes);
    }

    #[inline]
    pub(super) fn push_decimal(&mut self, number: u64) {
        self.text.push_decimal(number);
    }

    /// Keeps the first error; what is written after it does not matter.
    pub(super) fn fail(&mut self, error: KeyError) {
        self.rare().error.get_or_insert(error);
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    fn error(&mut self) -> Option<KeyError> {
        self.rare.as_mut().and_then(|rare| rare.error.take())
    }

    fn replace_arguments(&mut self, replaced: impl FnOnce(&str) -> String) {
        let arguments = &self.as_str()[self.arguments..];
        let colon = usize::from(arguments.starts_with(':'));
        if arguments.len() > colon {
            let replaced = replaced(&arguments[colon..]);
            self.text.truncate(self.arguments + colon);
            self.fixed = self.fixed.min(self.text.len());
            self.push(&replaced);
        }
    }
}

/// Without the text: it may be sensitive.
impl fmt::Debug for KeyWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyWriter").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

impl Key {
    /// The first part of all keys under a namespace known beforehand; a template has no `function`.
    pub(crate) fn head(namespace: &str, function: Option<&str>) -> Self {
        let namespace = shorten::canonical_group(namespace);
        let text = format!("{namespace}:{}", function.unwrap_or_default());
        Self {
            namespace: namespace.len(),
            fixed: Some(text.len()),
            #[cfg(test)]
            arguments: text.len(),
            text: text.into(),
        }
    }

    /// A key by its text, whose first `namespace` bytes are its namespace.
    #[cfg(feature = "axum")]
    pub(crate) fn of_text(text: &str, namespace: usize) -> Self {
        Self {
            text: text.into(),
            namespace,
            fixed: None,
            #[cfg(test)]
            arguments: text.len(),
        }
    }

    /// The whole key.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The whole key, shared.
    pub(crate) fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// How many of its first bytes are the same in every call, or fewer; nothing if it was not written by one.
    pub(crate) fn fixed(&self) -> Option<usize> {
        self.fixed
    }

    /// The namespace the key begins with, long segments shortened.
    #[cfg(any(feature = "axum", test))]
    pub(crate) fn namespace(&self) -> &str {
        &self.text[..self.namespace]
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

impl serde::ser::Error for KeyError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string().into())
    }
}

impl From<fmt::Error> for KeyError {
    fn from(_: fmt::Error) -> Self {
        Self("its `Display` failed".into())
    }
}
