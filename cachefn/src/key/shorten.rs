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

/// The shortened name, if it differs. What counts is the text before it was escaped and quoted, which is all that whoever
/// names the group by hand has; it does not tell all values apart.
pub(super) fn group(name: &str) -> Option<String> {
    if name.split(':').all(|segment| long(segment).is_none()) {
        return None;
    }
    let segments = name.split(':').map(|segment| long(segment).unwrap_or_else(|| segment.to_owned()));
    Some(segments.collect::<Vec<_>>().join(":"))
}

/// The digest in the place of a long segment, over what its group is called.
pub(super) fn long(segment: &str) -> Option<String> {
    if segment.len() <= SEGMENT_LIMIT {
        return None;
    }
    let plain = unquoted(unescaped(segment));
    (plain.len() > SEGMENT_LIMIT).then(|| text_of(digest(plain.as_bytes())))
}

/// The name of one level of a group: `plain` text, or its digest.
pub(super) fn level(plain: Cow<'_, str>) -> Cow<'_, str> {
    match unquoted(plain) {
        plain if plain.is_empty() => Cow::Borrowed("%e"),
        plain if plain.len() > SEGMENT_LIMIT => Cow::Owned(text_of(digest(plain.as_bytes()))),
        plain => plain,
    }
}

/// The same without quotes: text of a type of its own, such as a UUID, is quoted in a key, and `format!` does not quote it.
fn unquoted(level: Cow<'_, str>) -> Cow<'_, str> {
    if level.contains('"') { Cow::Owned(level.replace('"', "")) } else { level }
}

/// The arguments of a long key: each level of theirs but the last, long ones as digests, and then a digest of everything.
/// So what they are below can be seen, and they are told apart by the digest alone.
pub(super) fn shortened(arguments: &str) -> String {
    let mut out = String::new();
    if let Some((levels, _)) = arguments.rsplit_once(':') {
        for segment in levels.split(':') {
            out += long(segment).as_deref().unwrap_or(segment);
            out.push(':');
        }
    }
    out + &text_of(digest(arguments.as_bytes()))
}

/// What was written before it was escaped; `:` stays `%3A`, for it would begin another level.
pub(super) fn unescaped(level: &str) -> Cow<'_, str> {
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
pub(super) fn sealed(secret: &[u8], text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length will do");
    mac.update(text.as_bytes());
    text_of(marked(b'x', &mac.finalize().into_bytes()))
}

/// Eight hex digits that differ where secrets differ, by one chance in four billion not. So few tell little to anybody who
/// tries out secrets. No sensitive argument has this digest, for none is written with a NUL.
#[cfg(feature = "redis")]
pub(crate) fn check_value(secret: &[u8]) -> String {
    sealed(secret, "\0CACHE_SECRET")[2..10].to_owned()
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
