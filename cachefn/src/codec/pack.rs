//! Payloads that take less room, with the feature `compression`: an LZ4 block behind the length of what is in it.
//!
//! A reader without the feature takes such a payload for a foreign one. What is in a block is bounded before it is unpacked:
//! by what its length says, which is no more than a value may have, and no more than such a block can hold.

use std::borrow::Cow;

use cachefn_backends::envelope::{Envelope, Packing};

/// A shorter payload is left as it is: it would save less than what Redis keeps beside it.
#[cfg(feature = "compression")]
const WORTHWHILE: usize = 1 << 10;

/// What LZ4 makes of a byte at most.
#[cfg(feature = "compression")]
const MOST_OF_A_BYTE: usize = 255;

/// Packs what a codec has written, if that saves an eighth of it.
#[cfg(feature = "compression")]
pub(crate) fn pack(payload: Vec<u8>) -> (Packing, Vec<u8>) {
    let Some(length) = u32::try_from(payload.len()).ok().filter(|_| payload.len() >= WORTHWHILE) else {
        return (Packing::Plain, payload);
    };
    let mut packed = vec![0; 4 + lz4_flex::block::get_maximum_output_size(payload.len())];
    packed[..4].copy_from_slice(&length.to_le_bytes());
    match lz4_flex::block::compress_into(&payload, &mut packed[4..]) {
        Ok(end) if 4 + end <= payload.len() - payload.len() / 8 => {
            packed.truncate(4 + end);
            packed.shrink_to_fit();
            (Packing::Lz4, packed)
        }
        _ => (Packing::Plain, payload),
    }
}

/// Nothing is packed.
#[cfg(not(feature = "compression"))]
pub(crate) fn pack(payload: Vec<u8>) -> (Packing, Vec<u8>) {
    (Packing::Plain, payload)
}

/// What a codec has written, at most `max` bytes of it; `None` if it is longer, or not packed as it says.
pub(crate) fn unpack(envelope: &Envelope, max: usize) -> Option<Cow<'_, [u8]>> {
    let length = unpacked_length(envelope)?;
    let payload = envelope.payload();
    match envelope.packing {
        _ if length > max => None,
        Packing::Plain => Some(Cow::Borrowed(payload)),
        Packing::Lz4 => unpack_lz4(payload, length).map(Cow::Owned),
        Packing::Marker => None,
    }
}

/// How many bytes a codec has written.
fn unpacked_length(envelope: &Envelope) -> Option<usize> {
    let payload = envelope.payload();
    match envelope.packing {
        Packing::Plain | Packing::Marker => Some(payload.len()),
        Packing::Lz4 => usize::try_from(u32::from_le_bytes(*payload.first_chunk()?)).ok(),
    }
}

#[cfg(feature = "compression")]
fn unpack_lz4(payload: &[u8], length: usize) -> Option<Vec<u8>> {
    let block = payload.get(4..)?;
    if length > block.len().saturating_mul(MOST_OF_A_BYTE) {
        return None;
    }
    let mut unpacked = vec![0; length];
    let written = lz4_flex::block::decompress_into(block, &mut unpacked).ok()?;
    (written == length).then_some(unpacked)
}

#[cfg(not(feature = "compression"))]
fn unpack_lz4(_: &[u8], _: usize) -> Option<Vec<u8>> {
    None
}

#[cfg(all(test, not(feature = "compression")))]
mod tests {
    use cachefn_backends::envelope::{Draft, Ident, Span};

    use super::*;

    #[test]
    fn without_the_feature_nothing_is_packed_and_what_is_packed_is_not_read() {
        let payload = vec![7; 5000];
        assert_eq!(pack(payload.clone()), (Packing::Plain, payload));
        let (ident, span) = (
            Ident { codec: 2, fingerprint: 1, site: 1 },
            Span { born: 0, fresh_until: 1, stale_until: 1, error_until: 1 },
        );
        let payload = b"\x20\0\0\0\x1fa\x01\0\x07\x50aaaaa".to_vec();
        let draft = Draft { ident, span, packing: Packing::Lz4, payload, tags: Vec::new() };
        let envelope = Envelope::open(draft.seal(&[]).expect("it is small")).expect("it was sealed just now");
        assert_eq!(unpack(&envelope, 1 << 20), None);
    }
}

#[cfg(all(test, feature = "compression"))]
mod tests {
    use cachefn_backends::envelope::{Draft, Ident, Span};
    use proptest::prelude::*;

    use super::*;

    const MAX: usize = 1 << 20;

    fn envelope((packing, payload): (Packing, Vec<u8>)) -> Envelope {
        let ident = Ident { codec: 2, fingerprint: 1, site: 1 };
        let span = Span { born: 0, fresh_until: 1, stale_until: 1, error_until: 1 };
        let draft = Draft { ident, span, packing, payload, tags: Vec::new() };
        Envelope::open(draft.seal(&[]).expect("it is small")).expect("it was sealed just now")
    }

    fn block(length: u32, block: &[u8]) -> Envelope {
        envelope((Packing::Lz4, [&length.to_le_bytes()[..], block].concat()))
    }

    #[test]
    fn what_is_long_and_repeats_itself_is_packed() {
        let text = b"{\"id\":1,\"name\":\"a name\"}".repeat(100);
        let packed = pack(text.clone());
        assert_eq!((packed.0, packed.1.len()), (Packing::Lz4, 47));
        let envelope = envelope(packed);
        assert_eq!(unpack(&envelope, MAX).as_deref(), Some(&text[..]));
        assert_eq!(unpacked_length(&envelope), Some(2400));
        assert_eq!(unpack(&envelope, 2399), None);
    }

    #[test]
    fn what_is_short_or_has_no_order_is_left_as_it_is() {
        let short = vec![7; WORTHWHILE - 1];
        assert_eq!(pack(short.clone()), (Packing::Plain, short));
        let mut state = 1_u64;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        });
        let noise: Vec<u8> = noise.take(5000).collect();
        assert_eq!(pack(noise.clone()), (Packing::Plain, noise));
        assert_eq!(pack(Vec::new()), (Packing::Plain, Vec::new()));
    }

    /// As it is frozen: a literal, a match of the byte before it, and the five literals at the end.
    const GOLDEN: &[u8] = b"\x20\0\0\0\x1fa\x01\0\x07\x50aaaaa";

    #[test]
    fn the_format_is_frozen_by_golden_bytes() {
        let golden = envelope((Packing::Lz4, GOLDEN.to_vec()));
        assert_eq!(unpack(&golden, MAX).as_deref(), Some(&[b'a'; 32][..]));
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        // A block of 4 KiB can hold 1 MiB, and says that it holds more than it does, or than a value may have.
        let bomb = pack(vec![0; MAX]).1;
        assert!(bomb.len() < 4200, "{}", bomb.len());
        let length = u32::try_from(MAX).expect("it is 1 MiB");
        assert_eq!(unpack(&block(length, &bomb[4..]), MAX).map(|all| all.len()), Some(MAX));
        for says in [0, 1, 1000, length - 1, length + 1, u32::MAX] {
            assert_eq!(unpack(&block(says, &bomb[4..]), MAX), None, "{says}");
        }
        assert_eq!(unpack(&block(length, &bomb[4..100]), MAX), None);
        assert_eq!(unpack(&block(length, &[]), MAX), None);
        assert_eq!(unpack(&envelope((Packing::Lz4, vec![1, 0, 0])), MAX), None);
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked_as_it_was(
            piece in prop::collection::vec(any::<u8>(), 1..600), times in 1..20_usize,
        ) {
            let payload = piece.repeat(times);
            let envelope = envelope(pack(payload.clone()));
            prop_assert_eq!(unpacked_length(&envelope), Some(payload.len()));
            let unpacked = unpack(&envelope, MAX);
            prop_assert_eq!(unpacked.as_deref(), Some(&payload[..]));
        }

        #[test]
        fn blocks_that_are_anything_do_no_harm(
            says in prop_oneof![0..2000_u32, any::<u32>()],
            bytes in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let envelope = block(says, &bytes);
            if let Some(unpacked) = unpack(&envelope, MAX) {
                prop_assert_eq!(Ok(unpacked.len()), usize::try_from(says));
            }
        }

        #[test]
        fn blocks_with_a_flaw_do_no_harm(
            at: prop::sample::Index, byte: u8, piece in prop::collection::vec(any::<u8>(), 1..60),
        ) {
            let (_, mut packed) = pack(piece.repeat(40));
            let at = at.index(packed.len());
            packed[at] = byte;
            let envelope = envelope((Packing::Lz4, packed));
            if let Some(unpacked) = unpack(&envelope, MAX) {
                prop_assert_eq!(unpacked_length(&envelope), Some(unpacked.len()));
            }
        }
    }
}
