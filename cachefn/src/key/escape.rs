//! The layer between a part's text and the key: nothing in a part reads as a separator or a marker.

use std::fmt;

use super::shorten::hex;
use super::writer::{KeyError, KeyWriter};

/// Writes one part, escaped, into a key.
#[derive(Debug)]
pub struct Escaped<'a> {
    key: &'a mut KeyWriter,
    separator: u8,
    /// Of what is written next, in a call in short.
    kind: u64,
    /// Whether text was written last, in a call in short.
    open: bool,
}

/// The kinds of what a part in short consists of: words, and text up to a byte that is in no text. Each begins with a word,
/// the first of a part with a bit of its own, so that what is written tells what it was written from.
const FIRST: u64 = 1 << 7;
const TEXT: u64 = 1;
const MARKER: u64 = 2;
const POSITIVE: u64 = 3;
const NEGATIVE: u64 = 4;
/// Set where an integer stands in the word itself, above its lowest byte, as nearly all do: then no other word follows.
const SMALL: u64 = 1 << 6;

impl<'a> Escaped<'a> {
    /// `separator` is the first byte of what follows the part.
    #[inline]
    pub(super) fn new(key: &'a mut KeyWriter, separator: u8) -> Self {
        Self { key, separator, kind: FIRST, open: false }
    }

    /// Writes the next piece of a part in short, if that is written: a word, and another one.
    #[inline]
    fn piece(&mut self, kind: u64, more: Option<u64>) {
        self.close();
        let first = std::mem::take(&mut self.kind);
        if let Some(words) = self.key.words() {
            words.push_word(kind | first);
            if let Some(word) = more {
                words.push_word(word);
            }
        }
    }

    /// Ends the part.
    #[inline]
    pub(super) fn close(&mut self) {
        if std::mem::take(&mut self.open)
            && let Some(words) = self.key.words()
        {
            words.end_word(0xff);
        }
    }

    /// Writes text, escaped.
    pub(super) fn text(&mut self, text: &str) {
        if !self.open {
            self.piece(TEXT, None);
            self.open = true;
        }
        if let Some(words) = self.key.words() {
            words.push(text.as_bytes());
        }
        if self.key.is_short() {
            return;
        }
        if self.key.is_raw() {
            return self.key.push(text);
        }
        let mut rest = text;
        while let Some((at, special)) = self.find_special(rest) {
            self.key.push(&rest[..at]);
            self.escape(special);
            rest = &rest[at + special.len_utf8()..];
        }
        self.key.push(rest);
    }

    /// Writes an integer in decimal.
    #[inline]
    pub(super) fn integer(&mut self, negative: bool, magnitude: u64) {
        let kind = if negative { NEGATIVE } else { POSITIVE };
        if magnitude < 1 << 56 {
            self.piece(kind | SMALL | magnitude << 8, None);
        } else {
            self.piece(kind, Some(magnitude));
        }
        if self.key.is_short() {
            return;
        }
        if negative {
            let escaped = self.separator == b'-' && !self.key.is_raw();
            self.key.push(if escaped { "%2D" } else { "-" });
        }
        self.key.push_decimal(magnitude);
    }

    /// Writes the empty text, which an empty part must not be.
    pub(super) fn nothing(&mut self) {
        if !self.key.is_raw() {
            self.marker('e');
        }
    }

    /// Writes what no text can read as: `%` and a lower-case letter.
    pub(super) fn marker(&mut self, letter: char) {
        debug_assert!(letter.is_ascii_lowercase());
        self.piece(MARKER | u64::from(u32::from(letter)) << 8, None);
        if self.key.is_short() {
            return;
        }
        self.key.push("%");
        self.key.push(letter.encode_utf8(&mut [0; 4]));
    }

    pub(super) fn fail(&mut self, error: KeyError) {
        self.key.fail(error);
    }

    /// The next character to escape. Looks at bytes, and decodes only where one may begin such a character.
    fn find_special(&self, text: &str) -> Option<(usize, char)> {
        let candidate = |byte: u8| byte == self.separator || MAY_BE_SPECIAL[usize::from(byte)];
        let mut from = 0;
        while let Some(at) = text.as_bytes()[from..].iter().position(|&byte| candidate(byte)) {
            let at = from + at;
            let c = text[at..].chars().next()?;
            if text.as_bytes()[at] == self.separator || is_special(c) {
                return Some((at, c));
            }
            from = at + c.len_utf8();
        }
        None
    }

    #[cold]
    fn escape(&mut self, c: char) {
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            let [high, low] = hex(byte, b"0123456789ABCDEF");
            self.key.push_ascii(&[b'%', high, low]);
        }
    }
}

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}

/// Escaped in every part: what Redis, shells, templates and logs give a meaning.
fn is_special(c: char) -> bool {
    if c.is_ascii() { is_special_ascii(c as u8) } else { c.is_whitespace() || c.is_control() }
}

const fn is_special_ascii(byte: u8) -> bool {
    matches!(byte, 0..=b' ' | 0x7f | b'%' | b':' | b'{' | b'}' | b'*' | b'?' | b'[' | b']' | b'\\' | b'^')
}

/// By first byte of a character. Of the others, white space and controls begin with these four.
const MAY_BE_SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte as usize] = is_special_ascii(byte);
        byte += 1;
    }
    [table[0xc2], table[0xe1], table[0xe2], table[0xe3]] = [true; 4];
    table
};
