//! The values offered where a type asks for a leaf. A refused sample is followed by the next.

/// The empty string first, because most types take it; then what types that parse are likely to accept.
pub(super) const STRINGS: &[&str] = &[
    "",
    "1",
    "a",
    "2000-01-01",
    "2000-01-01T00:00:00Z",
    "2000-01-01T00:00:00",
    "00:00:00",
    "127.0.0.1",
    "::1",
    "127.0.0.1:1",
    "00000000-0000-0000-0000-000000000001",
    "a@example.com",
    "https://example.com/",
    "1.0.0",
    "1s",
    "UTC",
    "000000000000000000000001",
];

/// Sixteen bytes first, for UUIDs and IPv6 addresses.
pub(super) const BYTES: &[&[u8]] = &[&[0; 16], &[], &[0; 32], &[0; 12], &[0; 20], &[0; 8], &[0; 4], &[0; 64]];

/// One before zero, for the `NonZero` types.
pub(super) const NUMBERS: &[u8] = &[1, 0, 2];

/// Letters before digits.
pub(super) const CHARS: &[char] = &['a', '1'];
