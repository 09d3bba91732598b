//! What becomes of text too long for a key: a marker and a digest.

use std::borrow::Cow;

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

/// The shortened name, if it differs.
pub(super) fn group(name: &str) -> Option<String> {
    if name.split(':').all(|segment| segment.len() <= SEGMENT_LIMIT) {
        return None;
    }
    let segments = name.split(':').map(|segment| match segment.len() {
        0..=SEGMENT_LIMIT => segment.to_owned(),
        _ => digest(segment.as_bytes()).map(char::from).iter().collect(),
    });
    Some(segments.collect::<Vec<_>>().join(":"))
}

/// `%h` and 32 lower-case hex digits: the first 128 bits of the SHA-256 of `text`.
pub(super) fn digest(text: &[u8]) -> [u8; 34] {
    let mut out = *b"%h00000000000000000000000000000000";
    let digest = Sha256::digest(text);
    for (pair, byte) in out[2..].chunks_exact_mut(2).zip(&digest[..16]) {
        pair.copy_from_slice(&hex(*byte, b"0123456789abcdef"));
    }
    out
}

/// The two digits of a byte, out of 16.
pub(super) fn hex(byte: u8, digits: &[u8; 16]) -> [u8; 2] {
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}
