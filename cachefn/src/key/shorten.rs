//! What becomes of text too long for a key: a marker and a digest.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// A longer key, in bytes, has its arguments replaced by a digest.
pub(super) const KEY_LIMIT: usize = 200;

/// A longer segment of a namespace or tag, in bytes, is replaced by a digest.
pub(super) const SEGMENT_LIMIT: usize = 64;

/// The name under which a namespace or tag is known: each `:`-separated segment over 64 bytes is a digest.
///
/// Segment by segment, and whatever the length of the whole, so that the parents of a shortened name are
/// the shortened names of its parents, and clearing a parent reaches it. Applied twice it changes nothing.
pub(crate) fn canonical_group(name: &str) -> Cow<'_, str> {
    group(name).map_or(Cow::Borrowed(name), Cow::Owned)
}

/// The shortened name, if it differs. What counts is the text before it was escaped, which is all that whoever
/// names the group by hand has.
pub(super) fn group(name: &str) -> Option<String> {
    let is_short =
        |segment: &str| segment.len() <= SEGMENT_LIMIT || unescaped(segment).len() <= SEGMENT_LIMIT;
    if name.split(':').all(is_short) {
        return None;
    }
    let segments = name.split(':').map(|segment| match unescaped(segment) {
        long if long.len() > SEGMENT_LIMIT => text_of(digest(long.as_bytes())),
        _ => segment.to_owned(),
    });
    Some(segments.collect::<Vec<_>>().join(":"))
}

/// The name of the group that the namespace of a key is: without the escapes.
pub(crate) fn group_name(namespace: &str) -> Cow<'_, str> {
    if !namespace.contains('%') {
        return Cow::Borrowed(namespace);
    }
    let levels = namespace.split(':').map(unescaped);
    Cow::Owned(levels.collect::<Vec<_>>().join(":"))
}

/// The groups that somebody may mean by the text of a namespace: a `%` in it is one, or begins an escape; nothing between
/// two `:` is nothing, for `::` separates modules, or an empty value.
pub(crate) fn readings(text: &str) -> Vec<String> {
    let whole = text.replace("::", ":");
    let whole = whole.trim_matches(':');
    let mut readings = Vec::new();
    for text in [whole, text] {
        let level = |level: &str, unescape: bool| match unescaped(level) {
            _ if level.is_empty() => "%e".to_owned(),
            plain if unescape => short(plain),
            _ => short(Cow::Borrowed(level)),
        };
        for unescape in [false, true] {
            let levels = text.split(':').map(|one| level(one, unescape));
            let reading = levels.collect::<Vec<_>>().join(":");
            if !readings.contains(&reading) {
                readings.push(reading);
            }
        }
    }
    readings
}

fn short(level: Cow<'_, str>) -> String {
    match level.len() {
        0..=SEGMENT_LIMIT => level.into_owned(),
        _ => text_of(digest(level.as_bytes())),
    }
}

/// What was written before it was escaped; `:` stays `%3A`, for it would begin another level.
fn unescaped(level: &str) -> Cow<'_, str> {
    if !level.contains('%') {
        return Cow::Borrowed(level);
    }
    let (mut out, mut rest) = (Vec::with_capacity(level.len()), level.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        match (first, after) {
            (b'%', [high, low, after @ ..]) if byte(*high, *low).is_some_and(|byte| byte != b':') => {
                out.extend(byte(*high, *low));
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(out).map_or(Cow::Borrowed(level), Cow::Owned)
}

/// The byte of two upper-case hex digits.
fn byte(high: u8, low: u8) -> Option<u8> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    };
    Some(digit(high)? << 4 | digit(low)?)
}

fn text_of(digest: [u8; 34]) -> String {
    digest.map(char::from).iter().collect()
}

/// The name under which a tag is known: itself, or a digest where it is over 200 bytes.
pub(crate) fn canonical_tag(tag: &str) -> Cow<'_, str> {
    match tag.len() {
        0..=KEY_LIMIT => Cow::Borrowed(tag),
        _ => Cow::Owned(text_of(digest(tag.as_bytes()))),
    }
}

/// `%h` and 32 lower-case hex digits: the first 128 bits of the SHA-256 of `text`.
pub(super) fn digest(text: &[u8]) -> [u8; 34] {
    marked(b'h', &Sha256::digest(text))
}

/// `%x` and 32 lower-case hex digits: the first 128 bits of the HMAC-SHA256 of `text` under `secret`.
pub(super) fn sealed(secret: &[u8], text: &[u8]) -> [u8; 34] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length will do");
    mac.update(text);
    marked(b'x', &mac.finalize().into_bytes())
}

fn marked(letter: u8, digest: &[u8]) -> [u8; 34] {
    let mut out = *b"%_00000000000000000000000000000000";
    out[1] = letter;
    for (pair, byte) in out[2..].chunks_exact_mut(2).zip(&digest[..16]) {
        pair.copy_from_slice(&hex(*byte, b"0123456789abcdef"));
    }
    out
}

/// The two digits of a byte, out of 16.
pub(super) fn hex(byte: u8, digits: &[u8; 16]) -> [u8; 2] {
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}
