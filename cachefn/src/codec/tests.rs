use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Codec, DecodeError, EncodeError, MAX_DEPTH, decode, encode, encoded_size};

const BOTH: [Codec; 2] = [Codec::Postcard, Codec::Json];
const LIMIT: usize = 1 << 20;

#[track_caller]
fn round_trip<T: Serialize + for<'de> Deserialize<'de> + PartialEq + Debug>(codec: Codec, value: &T) {
    let bytes = encode(codec, value, LIMIT).expect("the value is fit for the codec");
    assert_eq!(decode::<T>(codec, &bytes).as_ref(), Ok(value), "{codec:?}");
    assert_eq!(encode(codec, value, bytes.len()).as_ref(), Ok(&bytes));
    assert_eq!(encode(codec, value, bytes.len() - 1), Err(EncodeError::TooLarge));
}

#[track_caller]
fn unfit<T: Serialize>(codec: Codec, value: &T) {
    let result = encode(codec, value, LIMIT);
    assert!(matches!(result, Err(EncodeError::Unfit(_))), "{codec:?} wrote {result:?}");
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
    tags: Vec<Tag>,
    parent: Option<Box<User>>,
    scores: BTreeMap<u32, f64>,
    nothing: (),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Tag {
    Plain,
    Named(String),
    Pair(i8, char),
    Full { at: i64, ratio: f32, wide: u128 },
}

fn tag() -> impl Strategy<Value = Tag> {
    prop_oneof![
        Just(Tag::Plain),
        any::<String>().prop_map(Tag::Named),
        any::<(i8, char)>().prop_map(|(a, b)| Tag::Pair(a, b)),
        (any::<i64>(), any::<f32>(), any::<u128>()).prop_map(|(at, ratio, wide)| Tag::Full {
            at,
            ratio,
            wide
        }),
    ]
}

fn user() -> impl Strategy<Value = User> {
    let scores = prop::collection::btree_map(any::<u32>(), any::<f64>(), 0..4);
    let flat = (any::<u64>(), any::<String>(), prop::collection::vec(tag(), 0..4), scores)
        .prop_map(|(id, name, tags, scores)| User { id, name, tags, parent: None, scores, nothing: () });
    flat.prop_recursive(4, 8, 1, |inner| {
        (inner.clone(), inner).prop_map(|(user, parent)| User { parent: Some(Box::new(parent)), ..user })
    })
}

proptest! {
    #[test]
    fn values_survive_both_codecs(user in user()) {
        for codec in BOTH {
            round_trip(codec, &user);
        }
        let written = encode(Codec::Postcard, &user, LIMIT).map(|bytes| bytes.len());
        prop_assert_eq!(encoded_size(&user), written.ok());
    }

    #[test]
    fn floats_survive_json_bit_by_bit(single: f32, double: f64) {
        let bytes = encode(Codec::Json, &(single, double), LIMIT).expect("proptest gives finite floats");
        let (a, b) = decode::<(f32, f64)>(Codec::Json, &bytes).expect("it was just written");
        prop_assert_eq!((a.to_bits(), b.to_bits()), (single.to_bits(), double.to_bits()));
    }

    #[test]
    fn keys_of_many_kinds_survive(
        ints: BTreeMap<i64, u8>, wide: BTreeMap<i128, u8>, chars: BTreeMap<char, u8>, bools: BTreeMap<bool, u8>,
        texts: BTreeMap<String, u8>, some: BTreeMap<Option<u8>, u8>,
    ) {
        let maps = (ints, wide, chars, bools, texts);
        for codec in BOTH {
            round_trip(codec, &maps);
        }
        round_trip(Codec::Postcard, &some);
    }

    #[test]
    fn random_bytes_never_panic(bytes: Vec<u8>) {
        decode_as_everything(&bytes);
    }

    #[test]
    fn flipped_bits_never_panic(user in user(), at: prop::sample::Index, bit in 0..8u8) {
        for codec in BOTH {
            let mut bytes = encode(codec, &user, LIMIT).expect("the value is fit for the codec");
            let at = at.index(bytes.len());
            bytes[at] ^= 1u8 << bit;
            decode_as_everything(&bytes);
            bytes.truncate(at);
            decode_as_everything(&bytes);
        }
    }
}

fn decode_as_everything(bytes: &[u8]) {
    for codec in BOTH {
        let _ = decode::<User>(codec, bytes);
        let _ = decode::<Vec<Vec<Vec<()>>>>(codec, bytes);
        let _ = decode::<Nest>(codec, bytes);
        let _ = decode::<HashMap<String, Option<Option<Tag>>>>(codec, bytes);
        let _ = decode::<(Uuid, NaiveDate, DateTime<Utc>, IpAddr, Duration, char)>(codec, bytes);
        let _ = decode::<serde_json::Value>(codec, bytes);
        let _ = decode::<Flat>(codec, bytes);
        let _ = decode::<serde_bytes::ByteBuf>(codec, bytes);
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    id: u8,
    #[serde(flatten)]
    rest: HashMap<String, u32>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(f64),
    Text(String),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Empty,
    Full { a: Option<u8>, raw: serde_bytes::ByteBuf },
}

#[test]
fn json_carries_what_asks_the_input() {
    let json = Codec::Json;
    round_trip(json, &Flat { id: 1, rest: HashMap::from([("a".into(), 2)]) });
    round_trip(json, &[Loose::Number(-0.5), Loose::Text("1".into())]);
    round_trip(json, &[Tagged::Empty, Tagged::Full { a: None, raw: serde_bytes::ByteBuf::from([1, 2]) }]);
    round_trip(json, &serde_json::json!({ "a": [null, 1, -1, 1.5, 1e300, u64::MAX, "x", { "": {} }] }));
    unfit(Codec::Postcard, &Flat { id: 1, rest: HashMap::new() });
}

#[test]
fn library_types_survive() {
    let date = NaiveDate::from_ymd_opt(2024, 2, 29).expect("a leap day");
    let moment = DateTime::from_timestamp(1_700_000_000, 123_456_789).expect("in range");
    for codec in BOTH {
        round_trip(codec, &(Uuid::from_u128(7), date, moment, Duration::from_nanos(5)));
        round_trip(codec, &HashMap::from([(date, vec![IpAddr::from([1, 2, 3, 4])])]));
        round_trip(codec, &(u128::MAX, i128::MIN, u64::MAX, '\u{0}', serde_bytes::ByteBuf::from([0, 255])));
        round_trip(codec, &(BTreeSet::from([Some(1), None]), Ok::<u8, ()>(1), Err::<u8, ()>(())));
        round_trip(codec, &BTreeMap::from([(Some("a".to_owned()), 1)]));
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Skipping {
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<u8>,
    b: Vec<Vec<u8>>,
}

#[test]
fn fields_left_out_are_unfit_for_postcard_and_fit_for_json() {
    let value = Skipping { a: None, b: vec![vec![0]] };
    unfit(Codec::Postcard, &value);
    round_trip(Codec::Json, &value);
    for codec in BOTH {
        round_trip(codec, &Skipping { a: Some(1), b: vec![] });
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct New<T>(T);

#[test]
fn a_some_that_json_writes_as_null_is_unfit() {
    unfit(Codec::Json, &Some(None::<u8>));
    unfit(Codec::Json, &vec![Some(())]);
    unfit(Codec::Json, &New(Some(New(Unit))));
    unfit(Codec::Json, &Some(New(Some(New(None::<u8>)))));
    unfit(Codec::Json, &Some(serde_json::Value::Null));
    round_trip(Codec::Json, &Some(New(Some(vec![None::<u8>]))));
    round_trip(Codec::Json, &Some(New(None::<u8>).0));
    round_trip(Codec::Postcard, &Some(Some(Some(None::<u8>))));
}

#[test]
fn floats_that_are_not_finite_are_unfit_for_json() {
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        unfit(Codec::Json, &float);
        unfit(Codec::Json, &[1.0, f32::NAN]);
        let bytes = encode(Codec::Postcard, &float, LIMIT).expect("postcard writes bits");
        assert_eq!(decode::<f64>(Codec::Postcard, &bytes).map(f64::to_bits), Ok(float.to_bits()));
    }
}

/// Writes its entries as a map.
struct Entries<K>(Vec<(K, u8)>);

impl<K: Serialize> Serialize for Entries<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[test]
fn keys_that_json_cannot_carry_are_unfit() {
    unfit(Codec::Json, &Entries(vec![(None::<u8>, 1)]));
    unfit(Codec::Json, &Entries(vec![(vec![1], 1)]));
    unfit(Codec::Json, &Entries(vec![((1, 2), 1)]));
    unfit(Codec::Json, &Entries(vec![(Tag::Named(String::new()), 1)]));
    unfit(Codec::Json, &Entries(vec![(serde_bytes::ByteBuf::new(), 1)]));
    unfit(Codec::Json, &Entries(vec![(f32::NAN, 1)]));
    unfit(Codec::Json, &Entries(vec![("a", 1), ("b", 2), ("a", 3)]));
    unfit(Codec::Json, &Entries(vec![(Loose::Number(1.5), 1), (Loose::Text("1.5".into()), 1)]));
    assert!(encode(Codec::Json, &Entries(vec![("a", 1), ("b", 1)]), LIMIT).is_ok());
    let floats = encode(Codec::Json, &Entries(vec![(0.1f32, 1)]), LIMIT).expect("finite keys are fit");
    assert!(decode::<serde_json::Value>(Codec::Json, &floats).is_ok());
}

#[test]
fn the_message_of_a_failing_serialize_survives() {
    struct Failing;
    impl Serialize for Failing {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("the user is locked"))
        }
    }
    for codec in BOTH {
        let result = encode(codec, &Some(New(vec![Failing])), LIMIT);
        assert_eq!(result, Err(EncodeError::Custom("the user is locked".into())));
    }
    assert_eq!(encoded_size(&vec![Failing]), None);
}

#[test]
fn trailing_bytes_are_refused() {
    for (codec, more) in
        [(Codec::Postcard, &[0][..]), (Codec::Json, b" "), (Codec::Json, b"1"), (Codec::Json, b"]")]
    {
        let mut bytes = encode(codec, &vec![1u8, 2], LIMIT).expect("bytes are fit for every codec");
        bytes.extend_from_slice(more);
        assert_eq!(decode::<Vec<u8>>(codec, &bytes), Err(DecodeError::TrailingBytes));
    }
    assert_eq!(decode::<Vec<u8>>(Codec::Json, b"[1,"), Err(DecodeError::Malformed));
    assert_eq!(decode::<Vec<u8>>(Codec::Postcard, &[2, 1]), Err(DecodeError::Malformed));
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
    for codec in BOTH {
        let written = std::cell::Cell::new(0);
        assert_eq!(encode(codec, &Endless(&written), 1000), Err(EncodeError::TooLarge));
        assert!(written.get() <= 1000);
    }
}

#[test]
fn sizes_are_counted_where_postcard_refuses_to_write() {
    assert_eq!(encoded_size(&[7u8; 1000][..]), Some(1002));
    assert!(
        encoded_size(&Flat { id: 1, rest: HashMap::from([("abc".into(), 2)]) }).is_some_and(|size| size > 8)
    );
    assert!(encoded_size(&Skipping { a: None, b: vec![] }).is_some());
    assert_eq!(encoded_size(str::from_utf8(b"abc").expect("ascii")), Some(4));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Nest {
    End,
    List(Vec<Nest>),
    Some(Option<Box<Nest>>),
    Pair(u8, Box<Nest>),
    Named { next: Box<Nest> },
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
        for codec in BOTH {
            round_trip(codec, &nodes(deepest));
            unfit(codec, &nodes(deepest + 1));
        }
        let lists = |count| (0..count).fold(Nest::End, |inner, _| Nest::List(vec![inner]));
        let pairs = |count| (0..count).fold(Nest::End, |inner, _| Nest::Pair(1, Box::new(inner)));
        let named = |count| (0..count).fold(Nest::End, |inner, _| Nest::Named { next: Box::new(inner) });
        for codec in BOTH {
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
        for codec in BOTH {
            unfit(codec, &chain);
            unfit(codec, &nodes);
        }
        assert_eq!(encoded_size(&chain), None);
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
            assert_eq!(decode::<Nest>(Codec::Postcard, &bytes), Err(too_deep), "variant {tag}");
        }
        assert_eq!(decode::<Chain>(Codec::Postcard, &[1].repeat(100_000)), Err(too_deep));
        assert_eq!(
            decode::<Node>(Codec::Postcard, &[0, 0, 0, 0, 0, 0, 0, 0, 1].repeat(100_000)),
            Err(too_deep)
        );
        for part in ["[", "{\"a\":", "{\"List\":[", "{\"next\":"] {
            let text = part.repeat(100_000);
            assert_eq!(decode::<serde_json::Value>(Codec::Json, text.as_bytes()), Err(too_deep), "{part}");
        }
        assert_eq!(decode::<Nest>(Codec::Json, "{\"List\":[".repeat(100_000).as_bytes()), Err(too_deep));
    });
}

#[test]
fn elements_without_content_are_bounded() {
    let claim = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    assert_eq!(decode::<Vec<()>>(Codec::Postcard, &claim), Err(DecodeError::Malformed));
    unfit(Codec::Postcard, &vec![(); 1 << 20]);
    round_trip(Codec::Postcard, &vec![(); 1000]);
    round_trip(Codec::Postcard, &vec![Vec::<u8>::new(); 500_000]);
}

#[test]
fn a_claimed_length_allocates_little() {
    let claim = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 1, 1];
    assert_eq!(decode::<Vec<[u128; 32]>>(Codec::Postcard, &claim), Err(DecodeError::Malformed));
    assert_eq!(decode::<HashMap<u64, [u128; 32]>>(Codec::Postcard, &claim), Err(DecodeError::Malformed));
    assert_eq!(decode::<String>(Codec::Postcard, &claim), Err(DecodeError::Malformed));
}

#[test]
fn codecs_are_known_by_their_byte() {
    for codec in BOTH {
        assert_eq!(Codec::from_byte(codec as u8), Some(codec));
    }
    assert_eq!((Codec::from_byte(0), Codec::from_byte(3)), (None, None));
}
