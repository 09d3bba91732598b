//! Sizes, depths and lengths are bounded, whatever the input says.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{ALL, Format, LIMIT, Nest, decode, encode, round_trip, unfit};
use crate::codec::{DecodeError, EncodeError, MAX_DEPTH};

#[test]
fn trailing_bytes_are_refused() {
    for (codec, more) in
        [(Format::Postcard, &[0][..]), (Format::Json, b" "), (Format::Json, b"1"), (Format::Json, b"]")]
    {
        let mut bytes = encode(codec, &vec![1u8, 2], LIMIT).expect("bytes are fit for every codec");
        bytes.extend_from_slice(more);
        assert_eq!(decode::<Vec<u8>>(codec, &bytes), Err(DecodeError::TrailingBytes));
    }
    assert_eq!(decode::<Vec<u8>>(Format::Json, b"[1,"), Err(DecodeError::Malformed));
    assert_eq!(decode::<Vec<u8>>(Format::Postcard, &[2, 1]), Err(DecodeError::Malformed));
}

#[test]
fn writing_stops_at_the_limit() {
    struct Endless<'a>(&'a std::cell::Cell<u64>);
    impl Serialize for Endless<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let count = || self.0.set(self.0.get() + 1);
            let mut seq = serde::Serializer::serialize_seq(serializer, Some(1 << 40))?;
            for _ in 0..1u64 << 40 {
                count();
                serde::ser::SerializeSeq::serialize_element(&mut seq, &1u8)?;
            }
            serde::ser::SerializeSeq::end(seq)
        }
    }
    for codec in ALL {
        let written = std::cell::Cell::new(0);
        assert_eq!(encode(codec, &Endless(&written), 1000), Err(EncodeError::TooLarge));
        assert!(written.get() <= 1000);
    }
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Node {
    id: u64,
    names: [String; 4],
    more: (Option<String>, Option<Vec<u8>>, u128),
    next: Option<Box<Node>>,
}

/// A nesting with no container in between.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Chain(Option<Box<Chain>>);

fn nodes(count: usize) -> Node {
    (1..count).fold(Node::default(), |next, _| Node { next: Some(Box::new(next)), ..Node::default() })
}

/// The stack of a worker thread.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(test).expect("a thread can start");
    thread.join().expect("the test passes");
}

#[test]
fn what_nests_as_deep_as_allowed_survives_and_no_more_is_written() {
    on_a_small_stack(|| {
        let deepest = usize::from(MAX_DEPTH) - 2;
        for codec in ALL {
            round_trip(codec, &nodes(deepest));
            unfit(codec, &nodes(deepest + 1));
        }
        let lists = |count| (0..count).fold(Nest::End, |inner, _| Nest::List(vec![inner]));
        let pairs = |count| (0..count).fold(Nest::End, |inner, _| Nest::Pair(1, Box::new(inner)));
        let named = |count| (0..count).fold(Nest::End, |inner, _| Nest::Named { next: Box::new(inner) });
        for codec in ALL {
            round_trip(codec, &lists(63));
            round_trip(codec, &pairs(63));
            round_trip(codec, &named(63));
            unfit(codec, &lists(64));
            unfit(codec, &pairs(64));
            unfit(codec, &named(64));
        }
    });
}

#[test]
fn a_value_nested_without_end_does_not_overflow_the_stack_when_written() {
    on_a_small_stack(|| {
        let mut chain = (0..100_000).fold(Chain::default(), |inner, _| Chain(Some(Box::new(inner))));
        let mut nodes = nodes(10_000);
        for codec in ALL {
            unfit(codec, &chain);
            unfit(codec, &nodes);
        }
        assert!(crate::footprint::of(&chain) > 0);
        while let Some(next) = chain.0.take() {
            chain = *next;
        }
        while let Some(next) = nodes.next.take() {
            nodes = *next;
        }
    });
}

#[test]
fn input_nested_without_end_is_too_deep() {
    on_a_small_stack(|| {
        let too_deep = DecodeError::TooDeep;
        for tag in 1..=4 {
            let bytes: Vec<u8> = [tag, 1].into_iter().cycle().take(200_000).collect();
            assert_eq!(decode::<Nest>(Format::Postcard, &bytes), Err(too_deep), "variant {tag}");
        }
        assert_eq!(decode::<Chain>(Format::Postcard, &[1].repeat(100_000)), Err(too_deep));
        assert_eq!(
            decode::<Node>(Format::Postcard, &[0, 0, 0, 0, 0, 0, 0, 0, 1].repeat(100_000)),
            Err(too_deep)
        );
        for part in ["[", "{\"a\":", "{\"List\":[", "{\"next\":"] {
            let text = part.repeat(100_000);
            assert_eq!(decode::<serde_json::Value>(Format::Json, text.as_bytes()), Err(too_deep), "{part}");
        }
        assert_eq!(decode::<Nest>(Format::Json, "{\"List\":[".repeat(100_000).as_bytes()), Err(too_deep));
    });
}

#[test]
fn elements_without_content_are_bounded() {
    let claim = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    assert_eq!(decode::<Vec<()>>(Format::Postcard, &claim), Err(DecodeError::Malformed));
    unfit(Format::Postcard, &vec![(); 1 << 20]);
    round_trip(Format::Postcard, &vec![(); 1000]);
    round_trip(Format::Postcard, &vec![Vec::<u8>::new(); 500_000]);
}

#[test]
fn a_claimed_length_allocates_little() {
    let claim = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 1, 1];
    assert_eq!(decode::<Vec<[u128; 32]>>(Format::Postcard, &claim), Err(DecodeError::Malformed));
    assert_eq!(decode::<HashMap<u64, [u128; 32]>>(Format::Postcard, &claim), Err(DecodeError::Malformed));
    assert_eq!(decode::<String>(Format::Postcard, &claim), Err(DecodeError::Malformed));
}
