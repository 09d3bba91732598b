//! The bytes that a backend outside the process stores.
//!
//! ```text
//!  0  4  magic "cfn" and the envelope's version        32  8  fresh until, ms since 1970
//!  4  1  codec of the payload                          40  8  stale until
//!  5  1  packing: 0 as written, 1 an LZ4 block, 2 a     48  8  servable on errors until
//!       marker
//!  6  1  number of generation tokens                   56  4  payload length
//!  7  1  number of tags that the value named           60  4  zero
//!  8  8  fingerprint of the payload's type             64  8  checksum: xxh3-64 of all other bytes
//! 16  8  site: which function stored it                72  8n generation tokens, those of the tags last
//! 24  8  born, ms since 1970                           …      tags: length (2) and name of each
//!                                                      …      payload
//! ```
//!
//! Integers are little-endian. Whatever does not match is a miss, never an error. The format is
//! frozen by golden bytes: a change needs a new version, and then older versions are misses.

#[cfg(test)]
mod fuzz;

use std::ops::Range;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::place::Group;

/// More tags than this are not stored: every lookup asks for all of them.
pub const MAX_TAGS: usize = 64;
/// Magic and version.
const MAGIC: [u8; 4] = *b"cfn\x01";
/// Bytes before the generation tokens.
pub const HEADER: usize = 72;
const CHECKSUM: std::ops::Range<usize> = 64..72;

/// The random generation of a group; a group without one has no valid entries.
pub type Token = [u8; 8];

/// Who wrote a payload and what it is: all of it must match before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ident {
    /// The codec's number.
    pub codec: u8,
    /// The fingerprint of the type's shape.
    pub fingerprint: u64,
    /// The function that stored it.
    pub site: u64,
}

/// How a payload is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Packing {
    /// As its codec has written it.
    #[default]
    Plain = 0,
    /// An LZ4 block, behind the number of bytes that are in it, a little-endian number of four bytes.
    Lz4 = 1,
    /// No value: a random number of eight bytes that stands for one which is kept elsewhere. It dies with whatever
    /// invalidates the value.
    Marker = 2,
}

/// When an entry was born and how long it serves; milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// When it was stored.
    pub born: u64,
    /// When it expires.
    pub fresh_until: u64,
    /// Until when it may be served while it is refreshed.
    pub stale_until: u64,
    /// Until when it may be served where the body fails.
    pub error_until: u64,
}

/// An entry before it is known which generations it is stored under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Who wrote it.
    pub ident: Ident,
    /// How long it serves.
    pub span: Span,
    /// How the payload is packed.
    pub packing: Packing,
    /// The encoded value.
    pub payload: Vec<u8>,
    /// The groups that the value named, beside those of its place: at most [`MAX_TAGS`].
    pub tags: Vec<Group>,
}

/// An entry as it was stored, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Who wrote it.
    pub ident: Ident,
    /// How long it serves.
    pub span: Span,
    /// How the payload is packed.
    pub packing: Packing,
    /// The generations it was filled under, in the order of its lineage, and then those of its tags.
    pub tokens: Vec<Token>,
    /// The groups that its value named.
    pub tags: Vec<Group>,
    payload: Range<usize>,
    bytes: Vec<u8>,
}

impl Draft {
    /// A marker for a value of `site` that the backend does not take.
    pub fn marker(site: u64, span: Span, marker: Token, tags: Vec<Group>) -> Self {
        let ident = Ident { codec: 0, fingerprint: 0, site };
        Self { ident, span, packing: Packing::Marker, payload: marker.to_vec(), tags }
    }

    /// The bytes to store.
    ///
    /// Output: `header ‖ tokens ‖ tags ‖ payload`. The last of the tokens are those of the tags. A payload over
    /// 4 GiB, more than 255 tokens or more than [`MAX_TAGS`] tags cannot be written down and give `None`.
    pub fn seal(&self, tokens: &[Token]) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(HEADER + tokens.len() * 8 + self.payload.len());
        bytes.extend_from_slice(&MAGIC);
        let tags = u8::try_from(self.tags.len()).ok().filter(|tags| usize::from(*tags) <= MAX_TAGS)?;
        bytes.extend_from_slice(&[
            self.ident.codec,
            self.packing as u8,
            u8::try_from(tokens.len()).ok()?,
            tags,
        ]);
        bytes.extend_from_slice(&self.ident.fingerprint.to_le_bytes());
        bytes.extend_from_slice(&self.ident.site.to_le_bytes());
        for moment in [self.span.born, self.span.fresh_until, self.span.stale_until, self.span.error_until] {
            bytes.extend_from_slice(&moment.to_le_bytes());
        }
        bytes.extend_from_slice(&u32::try_from(self.payload.len()).ok()?.to_le_bytes());
        bytes.extend_from_slice(&[0; 12]);
        bytes.extend(tokens.iter().flatten());
        for tag in &self.tags {
            bytes.extend_from_slice(&u16::try_from(tag.name().len()).ok()?.to_le_bytes());
            bytes.extend_from_slice(tag.name().as_bytes());
        }
        bytes.extend_from_slice(&self.payload);
        let sum = checksum(&bytes);
        bytes[CHECKSUM].copy_from_slice(&sum.to_le_bytes());
        Some(bytes)
    }
}

impl Envelope {
    /// Reads stored bytes; `None` if they are not a whole envelope of this version.
    pub fn open(bytes: Vec<u8>) -> Option<Self> {
        let header = bytes.first_chunk::<HEADER>()?;
        let tokens_end = HEADER + 8 * usize::from(header[6]);
        let packing = Packing::of_byte(header[5])?;
        let shape_fits = header.starts_with(&MAGIC)
            && header[7] <= header[6]
            && usize::from(header[7]) <= MAX_TAGS
            && header[60..64] == [0; 4]
            && bytes.len() >= tokens_end;
        if !shape_fits || number(header, 64) != checksum(&bytes) {
            return None;
        }
        let (tokens, _) = bytes[HEADER..tokens_end].as_chunks::<8>();
        let (tags, payload) = read_tags(&bytes, tokens_end, header[7])?;
        if bytes.len().checked_sub(payload) != usize::try_from(number32(header, 56)).ok() {
            return None;
        }
        Some(Self {
            ident: Ident { codec: header[4], fingerprint: number(header, 8), site: number(header, 16) },
            span: Span {
                born: number(header, 24),
                fresh_until: number(header, 32),
                stale_until: number(header, 40),
                error_until: number(header, 48),
            },
            packing,
            tokens: tokens.to_vec(),
            tags,
            payload: payload..bytes.len(),
            bytes,
        })
    }

    /// The generations of its lineage that bytes name, if they are an envelope at all.
    pub fn lineage_of(bytes: &[u8]) -> &[Token] {
        let count = match bytes.first_chunk::<HEADER>() {
            Some(header) => usize::from(header[6].saturating_sub(header[7])),
            None => 0,
        };
        bytes.get(HEADER..HEADER + 8 * count).map_or(&[], |tokens| tokens.as_chunks::<8>().0)
    }

    /// The encoded value, as it is packed.
    pub fn payload(&self) -> &[u8] {
        &self.bytes[self.payload.clone()]
    }

    /// The marker that stands in place of a value, if it is one.
    pub fn marker(&self) -> Option<Token> {
        (self.packing == Packing::Marker).then(|| self.payload().try_into().ok())?
    }

    /// The generations of its lineage, and those of its tags.
    pub fn generations(&self) -> (&[Token], &[Token]) {
        self.tokens.split_at(self.tokens.len() - self.tags.len())
    }
}

impl Packing {
    fn of_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Plain),
            1 => Some(Self::Lz4),
            2 => Some(Self::Marker),
            _ => None,
        }
    }
}

/// The tags that stand at `at`, and where the payload begins.
fn read_tags(bytes: &[u8], mut at: usize, count: u8) -> Option<(Vec<Group>, usize)> {
    let mut tags = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let (length, rest) = bytes.get(at..)?.split_first_chunk::<2>()?;
        let name = rest.get(..usize::from(u16::from_le_bytes(*length)))?;
        tags.push(Group::named(std::str::from_utf8(name).ok()?)?);
        at += 2 + name.len();
    }
    Some((tags, at))
}

fn checksum(bytes: &[u8]) -> u64 {
    /// Up to this length it is faster to bring the parts together.
    const SHORT: usize = 512;

    if bytes.len() <= SHORT {
        let mut together = [0; SHORT];
        let (head, rest) = (&bytes[..CHECKSUM.start], &bytes[CHECKSUM.end..]);
        together[..head.len()].copy_from_slice(head);
        together[head.len()..head.len() + rest.len()].copy_from_slice(rest);
        return xxh3_64(&together[..head.len() + rest.len()]);
    }
    let mut hasher = Xxh3::new();
    hasher.update(&bytes[..CHECKSUM.start]);
    hasher.update(&bytes[CHECKSUM.end..]);
    hasher.digest()
}

fn number(header: &[u8; HEADER], at: usize) -> u64 {
    u64::from_le_bytes(header[at..at + 8].try_into().expect("eight bytes are eight bytes"))
}

fn number32(header: &[u8; HEADER], at: usize) -> u32 {
    u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes are four bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            ident: Ident { codec: 1, fingerprint: 0x0123_4567_89ab_cdef, site: 42 },
            span: Span { born: 1_000, fresh_until: 2_000, stale_until: 3_000, error_until: 4_000 },
            packing: Packing::Plain,
            payload: b"value".to_vec(),
            tags: Vec::new(),
        }
    }

    fn tagged() -> Draft {
        Draft { tags: vec![Group::tag("org:7"), Group::tag("")], ..draft() }
    }

    #[test]
    fn what_is_sealed_opens_again() {
        let tokens = [*b"aaaaaaaa", *b"bbbbbbbb"];
        let envelope = Envelope::open(draft().seal(&tokens).unwrap()).unwrap();
        assert_eq!((envelope.ident, envelope.span), (draft().ident, draft().span));
        assert_eq!(envelope.tokens, tokens);
        assert_eq!(envelope.payload(), b"value");

        let tokens = [*b"aaaaaaaa", *b"bbbbbbbb", *b"cccccccc"];
        let envelope = Envelope::open(tagged().seal(&tokens).unwrap()).unwrap();
        assert_eq!(envelope.tags, tagged().tags);
        assert_eq!(envelope.generations(), (&tokens[..1], &tokens[1..]));
        assert_eq!(envelope.payload(), b"value");
        assert_eq!(Envelope::lineage_of(&tagged().seal(&tokens).unwrap()), &tokens[..1]);
    }

    #[test]
    fn a_marker_is_known_and_a_value_is_none() {
        let marker = Draft::marker(42, draft().span, *b"unstored", tagged().tags);
        let tokens = [*b"aaaaaaaa", *b"bbbbbbbb", *b"cccccccc"];
        let sealed = marker.seal(&tokens).unwrap();
        assert_eq!(sealed[5], 2);
        let envelope = Envelope::open(sealed).unwrap();
        assert_eq!((envelope.marker(), envelope.ident.site), (Some(*b"unstored"), 42));
        assert_eq!(Envelope::open(draft().seal(&[]).unwrap()).unwrap().marker(), None);
        let short = Draft { payload: vec![1; 7], ..marker }.seal(&tokens).unwrap();
        assert_eq!(Envelope::open(short).unwrap().marker(), None);
    }

    #[test]
    fn more_tags_than_a_lookup_may_ask_for_are_not_written_down() {
        let tags = |count| Draft { tags: vec![Group::tag("x"); count], ..draft() };
        let tokens = [*b"aaaaaaaa"; MAX_TAGS + 1];
        assert!(tags(MAX_TAGS).seal(&tokens).is_some());
        assert_eq!(tags(MAX_TAGS + 1).seal(&tokens), None);
    }

    #[test]
    fn the_format_is_frozen_by_golden_bytes() {
        let golden = concat!(
            "63666e0101000100efcdab89674523012a00000000000000e803000000000000",
            "d007000000000000b80b000000000000a00f0000000000000500000000000000",
            "007b230b5d5e4e1461616161616161617661",
            "6c7565",
        );
        let hex =
            |sealed: Vec<u8>| sealed.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(hex(draft().seal(&[*b"aaaaaaaa"]).unwrap()), golden);
        let packed = Draft { packing: Packing::Lz4, ..draft() };
        let packed = hex(packed.seal(&[*b"aaaaaaaa"]).unwrap());
        assert_eq!((&packed[..12], &packed[144..]), ("63666e010101", &golden[144..]));
        let tagged = hex(tagged().seal(&[*b"aaaaaaaa"; 3]).unwrap());
        assert_eq!(&tagged[8..16], "01000302");
        assert_eq!(&tagged[2 * (HEADER + 24)..], "0700743a6f72673a370200743a76616c7565");
    }

    #[test]
    fn the_checksum_is_that_of_the_other_bytes_however_many() {
        for payload in [0, 1, 300, 439, 440, 441, 1_000, 100_000] {
            let sealed = Draft { payload: vec![7; payload], ..draft() }.seal(&[]).unwrap();
            let others = [&sealed[..64], &sealed[72..]].concat();
            assert_eq!(sealed[64..72], xxh3_64(&others).to_le_bytes(), "{payload}");
            assert!(Envelope::open(sealed).is_some());
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        for sealed in [draft().seal(&[*b"aaaaaaaa"]).unwrap(), tagged().seal(&[*b"aaaaaaaa"; 3]).unwrap()] {
            every_flipped_bit_and_every_cut_of(&sealed);
        }
    }

    fn every_flipped_bit_and_every_cut_of(sealed: &[u8]) {
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Envelope::open(flipped), None, "bit {bit}");
        }
        for cut in 0..sealed.len() {
            assert_eq!(Envelope::open(sealed[..cut].to_vec()), None, "cut at {cut}");
            assert!(Envelope::lineage_of(&sealed[..cut]).len() <= 3, "cut at {cut}");
        }
        let longer = [sealed, &[0]].concat();
        assert_eq!(Envelope::open(longer), None);
    }
}
