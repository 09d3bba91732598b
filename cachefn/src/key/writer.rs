//! The writer that generated code fills, and the key that comes out of it.

use std::fmt;

use smallvec::SmallVec;

use super::shorten;

/// Keys up to this many bytes are built without allocating.
type Buffer = SmallVec<[u8; 128]>;

/// Builds one key, piece by piece, in the order of the text.
pub struct KeyWriter {
    /// Only whole strings are pushed, so this is UTF-8 at every piece's end.
    pub(super) text: Buffer,
    namespace: usize,
    arguments: usize,
    function: Option<&'static str>,
    raw: bool,
    bypass: bool,
    error: Option<KeyError>,
}

/// A finished logical key: `namespace:function:arguments` or `namespace:template`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    text: Buffer,
    namespace: usize,
    #[cfg(test)]
    pub(super) arguments: usize,
}

/// A part that could not be serialized; the call is not cached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyError(Box<str>);

impl KeyWriter {
    /// Begins a key under a namespace known beforehand; a template has no `function`.
    pub(crate) fn fixed(namespace: &str, function: Option<&'static str>) -> Self {
        let mut writer = Self::dynamic(function);
        writer.push(namespace);
        writer.namespace_end();
        writer
    }

    /// Begins a key whose namespace is written first, up to [`Self::namespace_end`].
    pub(crate) fn dynamic(function: Option<&'static str>) -> Self {
        Self {
            text: Buffer::new(),
            namespace: 0,
            arguments: 0,
            function,
            raw: false,
            bypass: false,
            error: None,
        }
    }

    /// Begins the text of a tag: what `format!` would make of it, so that a program can name the same tag. Two
    /// tags that read alike are invalidated together, which is no harm.
    pub(crate) fn raw() -> Self {
        Self { raw: true, ..Self::dynamic(None) }
    }

    /// `bypass = …`: whether the cache is not to be read.
    #[inline]
    pub fn bypass(&mut self, bypass: bool) {
        self.bypass = bypass;
    }

    pub(crate) fn bypasses(&self) -> bool {
        self.bypass
    }

    pub(super) fn is_raw(&self) -> bool {
        self.raw
    }

    /// Writes a literal as it is.
    pub fn text(&mut self, literal: &'static str) {
        self.push(literal);
    }

    /// Ends the namespace: what follows is the function's own.
    pub fn namespace_end(&mut self) {
        if self.text.len() > shorten::SEGMENT_LIMIT
            && let Some(short) = shorten::group(as_str(&self.text))
        {
            self.text = Buffer::from_slice(short.as_bytes());
        }
        self.namespace = self.text.len();
        self.push(":");
        if let Some(function) = self.function {
            self.push(function);
        }
        self.arguments = self.text.len();
    }

    /// Writes the namespace once more, for `{namespace}` in a template.
    pub fn namespace(&mut self) {
        let namespace = Buffer::from_slice(&self.text[..self.namespace]);
        self.text.extend_from_slice(&namespace);
    }

    /// The key, or why one of its parts could not be written.
    pub(crate) fn finish(mut self) -> Result<Key, KeyError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.text.len() > shorten::KEY_LIMIT {
            self.replace_arguments(shorten::digest);
        }
        Ok(self.whole())
    }

    /// The key with a digest in the place of everything that is the function's own, for which `secret` must be
    /// known.
    pub(crate) fn seal(mut self, secret: &[u8]) -> Result<Key, KeyError> {
        if self.error.is_some() {
            // What a type says when it fails may hold its value.
            return Err(KeyError("a sensitive argument does not serialize".into()));
        }
        self.replace_arguments(|arguments| shorten::sealed(secret, arguments));
        Ok(self.whole())
    }

    /// What was written, without a key around it.
    pub(crate) fn into_text(self) -> Result<String, KeyError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(as_str(&self.text).to_owned()),
        }
    }

    fn whole(self) -> Key {
        Key {
            text: self.text,
            namespace: self.namespace,
            #[cfg(test)]
            arguments: self.arguments,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }

    #[inline]
    pub(super) fn push_ascii(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.is_ascii());
        self.text.extend_from_slice(bytes);
    }

    /// Keeps the first error; what is written after it does not matter.
    pub(super) fn fail(&mut self, error: KeyError) {
        self.error.get_or_insert(error);
    }

    fn replace_arguments(&mut self, digest: impl FnOnce(&[u8]) -> [u8; 34]) {
        let arguments = &self.text[self.arguments..];
        let colon = usize::from(arguments.first() == Some(&b':'));
        if arguments.len() > colon {
            let digest = digest(&arguments[colon..]);
            self.text.truncate(self.arguments + colon);
            self.push_ascii(&digest);
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
    /// The whole key.
    pub(crate) fn as_str(&self) -> &str {
        as_str(&self.text)
    }

    /// The namespace the key begins with, long segments shortened.
    pub(crate) fn namespace(&self) -> &str {
        as_str(&self.text[..self.namespace])
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

fn as_str(text: &[u8]) -> &str {
    std::str::from_utf8(text).expect("only whole strings are pushed")
}
