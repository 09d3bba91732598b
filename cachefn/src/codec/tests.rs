mod bounds;
mod faithful;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU8, Wrapping};
use std::ops::Bound;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{EncodeError, Format, decode, encode, encode_for};
use crate::schema::trace;

const ALL: [Format; 3] = [Format::Postcard, Format::Json, Format::MessagePack];
const LIMIT: usize = 1 << 20;

#[track_caller]
fn round_trip<T: Serialize + for<'de> Deserialize<'de> + PartialEq + Debug>(codec: Format, value: &T) {
    let forms = trace::<T>(codec.human_readable()).forms;
    let bytes = encode_for(&forms, codec, value, LIMIT).expect("the value is fit for the codec");
    assert_eq!(decode::<T>(codec, &bytes).as_ref(), Ok(value), "{codec:?}");
    assert_eq!(encode(codec, value, bytes.len()).as_ref(), Ok(&bytes));
    assert_eq!(encode(codec, value, bytes.len() - 1), Err(EncodeError::TooLarge));
}

#[track_caller]
fn unfit<T: Serialize>(codec: Format, value: &T) {
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
        for codec in ALL {
            round_trip(codec, &user);
        }
    }

    #[test]
    fn floats_survive_json_bit_by_bit(single: f32, double: f64) {
        let bytes = encode(Format::Json, &(single, double), LIMIT).expect("proptest gives finite floats");
        let (a, b) = decode::<(f32, f64)>(Format::Json, &bytes).expect("it was just written");
        prop_assert_eq!((a.to_bits(), b.to_bits()), (single.to_bits(), double.to_bits()));
    }

    #[test]
    fn keys_of_many_kinds_survive(
        ints: BTreeMap<i64, u8>, wide: BTreeMap<i128, u8>, chars: BTreeMap<char, u8>, bools: BTreeMap<bool, u8>,
        texts: BTreeMap<String, u8>, some: BTreeMap<Option<u8>, u8>,
    ) {
        let maps = (ints, wide, chars, bools, texts);
        for codec in ALL {
            round_trip(codec, &maps);
        }
        round_trip(Format::Postcard, &some);
    }

    #[test]
    fn random_bytes_never_panic(bytes: Vec<u8>) {
        decode_as_everything(&bytes);
    }

    #[test]
    fn flipped_bits_never_panic(user in user(), at: prop::sample::Index, bit in 0..8u8) {
        for codec in ALL {
            let mut bytes = encode(codec, &user, LIMIT).expect("the value is fit for the codec");
            let at = at.index(bytes.len());
            bytes[at] ^= 1u8 << bit;
            decode_as_everything(&bytes);
            bytes.truncate(at);
            decode_as_everything(&bytes);
        }
    }
}

/// Nested in every way an enum can be.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Nest {
    End,
    List(Vec<Nest>),
    Some(Option<Box<Nest>>),
    Pair(u8, Box<Nest>),
    Named { next: Box<Nest> },
}

fn decode_as_everything(bytes: &[u8]) {
    for codec in ALL {
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

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct New<T>(T);

#[test]
fn json_carries_what_asks_the_input() {
    let json = Format::Json;
    round_trip(json, &Flat { id: 1, rest: HashMap::from([("a".into(), 2)]) });
    round_trip(json, &[Loose::Number(-0.5), Loose::Text("1".into())]);
    round_trip(json, &[Tagged::Empty, Tagged::Full { a: None, raw: serde_bytes::ByteBuf::from([1, 2]) }]);
    round_trip(json, &serde_json::json!({ "a": [null, 1, -1, 1.5, 1e300, u64::MAX, "x", { "": {} }] }));
    unfit(Format::Postcard, &Flat { id: 1, rest: HashMap::new() });
}

#[test]
fn library_types_survive() {
    let date = NaiveDate::from_ymd_opt(2024, 2, 29).expect("a leap day");
    let moment = DateTime::from_timestamp(1_700_000_000, 123_456_789).expect("in range");
    for codec in ALL {
        round_trip(codec, &(Uuid::from_u128(7), date, moment, Duration::from_nanos(5)));
        round_trip(codec, &HashMap::from([(date, vec![IpAddr::from([1, 2, 3, 4])])]));
        round_trip(codec, &(u128::MAX, i128::MIN, u64::MAX, '\u{0}', serde_bytes::ByteBuf::from([0, 255])));
        round_trip(codec, &(BTreeSet::from([Some(1), None]), Ok::<u8, ()>(1), Err::<u8, ()>(())));
        round_trip(codec, &BTreeMap::from([(Some("a".to_owned()), 1)]));
        round_trip(
            codec,
            &(SystemTime::UNIX_EPOCH, NonZeroU8::MIN, 1..2, 1..=2, Bound::Included(1), [(); 2]),
        );
        round_trip(
            codec,
            &(SocketAddr::from(([1; 16], 80)), Wrapping(1), Reverse(2), PathBuf::from("/a"), Unit),
        );
    }
}

#[test]
fn codecs_are_known_by_their_byte() {
    for codec in ALL {
        assert_eq!(Format::from_byte(codec as u8), Some(codec));
    }
    assert_eq!((Format::from_byte(0), Format::from_byte(4)), (None, None));
}

#[test]
fn the_message_of_a_failing_serialize_survives() {
    struct Failing;
    impl Serialize for Failing {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("the user is locked"))
        }
    }
    for codec in ALL {
        let result = encode(codec, &Some(New(vec![Failing])), LIMIT);
        assert_eq!(result, Err(EncodeError::Custom("the user is locked".into())));
    }
}
