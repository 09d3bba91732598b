//! Envelopes out of anything: what opens is whole, and no bytes do harm. `PROPTEST_CASES` says how many are tried.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

fn span() -> impl Strategy<Value = Span> {
    any::<[u64; 4]>().prop_map(|[born, fresh_until, stale_until, error_until]| Span {
        born,
        fresh_until,
        stale_until,
        error_until,
    })
}

/// A draft and the tokens that it is sealed under, those of its tags among them.
fn sealable() -> impl Strategy<Value = (Draft, Vec<Token>)> {
    let ident =
        any::<(u8, u64, u64)>().prop_map(|(codec, fingerprint, site)| Ident { codec, fingerprint, site });
    let tags = vec(".{0,6}".prop_map(|tag| Group::tag(&tag)), 0..4);
    let packing = prop::sample::select(std::vec![Packing::Plain, Packing::Lz4]);
    let draft = (ident, span(), packing, vec(any::<u8>(), 0..64), tags);
    let draft =
        draft.prop_map(|(ident, span, packing, payload, tags)| Draft { ident, span, packing, payload, tags });
    (draft, vec(any::<Token>(), 0..6)).prop_map(|(draft, mut tokens)| {
        tokens.extend(draft.tags.iter().map(|_| *b"of a tag"));
        (draft, tokens)
    })
}

/// One way to spoil bytes.
#[derive(Clone, Debug)]
enum Harm {
    Set(Index, u8),
    /// Bytes of the header that say how long something is, or how it is to be read.
    Header(usize, u8),
    Cut(Index),
    Insert(Index, Vec<u8>),
    Remove(Index, u8),
}

fn harm() -> impl Strategy<Value = Harm> {
    let telling = prop::sample::select(std::vec![0, 3, 4, 5, 6, 7, 56, 57, 58, 59, 60, 63]);
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Harm::Set(at, byte)),
        (telling, prop_oneof![0..4_u8, any::<u8>()]).prop_map(|(at, byte)| Harm::Header(at, byte)),
        at().prop_map(Harm::Cut),
        (at(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Harm::Insert(at, bytes)),
        (at(), 1..20_u8).prop_map(|(at, count)| Harm::Remove(at, count)),
    ]
}

impl Harm {
    fn be_done_to(self, bytes: &mut Vec<u8>) {
        let within = |at: Index| at.index(bytes.len() + 1);
        match self {
            Self::Set(at, byte) => {
                let at = within(at);
                bytes.iter_mut().skip(at).take(1).for_each(|old| *old = byte);
            }
            Self::Header(at, byte) => bytes.iter_mut().skip(at).take(1).for_each(|old| *old = byte),
            Self::Cut(at) => bytes.truncate(within(at)),
            Self::Insert(at, more) => {
                let at = within(at);
                bytes.splice(at..at, more);
            }
            Self::Remove(at, count) => {
                let at = within(at);
                bytes.drain(at..bytes.len().min(at + usize::from(count)));
            }
        }
    }
}

/// Opens what may be anything. What opens says all that the bytes say, and takes no more room than they do.
fn open(bytes: &[u8]) -> Option<Envelope> {
    let envelope = Envelope::open(bytes.to_vec())?;
    let Envelope { ident, span, packing, tokens, tags, .. } = envelope.clone();
    let names: usize = tags.iter().map(|tag| 2 + tag.name().len()).sum();
    assert_eq!(HEADER + 8 * tokens.len() + names + envelope.payload().len(), bytes.len());
    assert!(tokens.capacity() <= 255 && tags.capacity() <= MAX_TAGS);
    assert_eq!(envelope.generations().1.len(), tags.len());
    let draft = Draft { ident, span, packing, payload: envelope.payload().to_vec(), tags };
    assert_eq!(draft.seal(&tokens).as_deref(), Some(bytes), "it is sealed as it was");
    Some(envelope)
}

/// Makes the checksum that of the bytes, as somebody would who writes envelopes of his own.
fn vouch_for(bytes: &mut [u8]) {
    if bytes.len() >= HEADER {
        let sum = checksum(bytes);
        bytes[CHECKSUM].copy_from_slice(&sum.to_le_bytes());
    }
}

#[test]
fn more_tags_than_are_written_down_are_not_read() {
    let ident = Ident { codec: 1, fingerprint: 2, site: 3 };
    let span = Span { born: 0, fresh_until: 1, stale_until: 1, error_until: 1 };
    let tags = std::vec![Group::tag("x"); MAX_TAGS];
    let tokens = [*b"of a tag"; MAX_TAGS + 1];
    let draft = Draft { ident, span, packing: Packing::Plain, payload: Vec::new(), tags };
    let mut bytes = draft.seal(&tokens).expect("it is small");
    assert!(open(&bytes).is_some());
    bytes[7] += 1;
    bytes.extend_from_slice(b"\x03\0t:x");
    vouch_for(&mut bytes);
    assert!(open(&bytes).is_none());
}

proptest! {
    #[test]
    fn whatever_is_sealed_opens_as_it_was((draft, tokens) in sealable()) {
        let sealed = draft.seal(&tokens).expect("it is small");
        let envelope = open(&sealed).expect("it was sealed just now");
        prop_assert_eq!((envelope.ident, envelope.span, envelope.packing), (draft.ident, draft.span, draft.packing));
        prop_assert_eq!(envelope.payload(), draft.payload);
        prop_assert_eq!((envelope.tokens, envelope.tags), (tokens, draft.tags));
    }

    #[test]
    fn bytes_that_are_anything_do_no_harm(mut bytes in vec(any::<u8>(), 0..200), begins: bool) {
        prop_assert!(open(&bytes).is_none());
        if begins {
            bytes.iter_mut().zip(MAGIC).for_each(|(byte, magic)| *byte = magic);
        }
        vouch_for(&mut bytes);
        open(&bytes);
    }

    #[test]
    fn what_becomes_of_an_envelope_is_noticed_or_is_another_envelope(
        (draft, tokens) in sealable(),
        harms in vec(harm(), 1..4),
    ) {
        let sealed = draft.seal(&tokens).expect("it is small");
        let mut bytes = sealed.clone();
        for harm in harms {
            harm.be_done_to(&mut bytes);
        }
        prop_assert_eq!(open(&bytes).is_some(), bytes == sealed);
        vouch_for(&mut bytes);
        open(&bytes);
    }
}
