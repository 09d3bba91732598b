//! What a codec would write as something else is refused.

use super::{
    ALL, Format, LIMIT, Loose, New, Tag, Unit, decode, encode, encode_for, round_trip, trace, unfit,
};
use crate::codec::EncodeError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[track_caller]
fn read_otherwise<T: Serialize + DeserializeOwned>(codec: Format, value: &T) {
    let forms = trace::<T>(codec.human_readable()).forms;
    let result = encode_for(&forms, codec, value, LIMIT);
    assert!(matches!(result, Err(EncodeError::Unfit(_))), "{codec:?} wrote {result:?}");
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
    unfit(Format::Postcard, &value);
    round_trip(Format::Json, &value);
    for codec in ALL {
        round_trip(codec, &Skipping { a: Some(1), b: vec![] });
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Holed {
    First,
    #[serde(skip)]
    #[allow(dead_code)]
    Hole,
    Second,
    Third(u8),
}

#[test]
fn variants_behind_a_skipped_one_are_unfit_for_postcard() {
    round_trip(Format::Postcard, &Holed::First);
    read_otherwise(Format::Postcard, &Holed::Second);
    read_otherwise(Format::Postcard, &vec![Holed::Third(1)]);
    for value in [Holed::First, Holed::Second, Holed::Third(1)] {
        round_trip(Format::Json, &value);
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Secretive {
    id: u8,
    #[serde(skip_serializing)]
    password: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Exchanged {
    #[serde(skip_serializing, default)]
    written: u8,
    #[serde(skip_deserializing)]
    read: u8,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Shortened(u8, #[serde(skip_serializing_if = "Option::is_none", default)] Option<u8>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Forgetful {
    New(#[serde(skip_serializing)] u8),
    Pair(u8, #[serde(skip_serializing, default)] u8),
    Named {
        #[serde(skip_serializing, default)]
        a: u8,
    },
}

#[test]
fn what_is_read_otherwise_than_written_is_unfit() {
    for codec in ALL {
        read_otherwise(codec, &Some(Secretive { id: 1, password: Some("x".into()) }));
        read_otherwise(codec, &Exchanged { written: 1, read: 2 });
        read_otherwise(codec, &Shortened(1, None));
        round_trip(codec, &Shortened(1, Some(2)));
        read_otherwise(codec, &Forgetful::New(1));
        read_otherwise(codec, &Forgetful::Pair(1, 2));
        read_otherwise(codec, &Forgetful::Named { a: 1 });
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all(serialize = "camelCase", deserialize = "SCREAMING-KEBAB-CASE"))]
struct Respelled {
    user_name: String,
    id: u8,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Aliased {
    #[serde(alias = "z", alias = "b")]
    a: u8,
    #[serde(default, skip)]
    hidden: u8,
    c: u8,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Choice {
    #[serde(alias = "uno")]
    One,
    Two(u8),
}

#[test]
fn other_names_are_no_other_form() {
    round_trip(Format::Postcard, &Respelled { user_name: "a".into(), id: 1 });
    read_otherwise(Format::Json, &Respelled { user_name: "a".into(), id: 1 });
    for codec in ALL {
        round_trip(codec, &Aliased { a: 1, hidden: 0, c: 2 });
    }
    round_trip(Format::Json, &[Choice::One, Choice::Two(1)]);
    read_otherwise(Format::Postcard, &Choice::Two(1));
}

#[test]
fn a_some_that_json_writes_as_null_is_unfit() {
    unfit(Format::Json, &Some(None::<u8>));
    unfit(Format::Json, &vec![Some(())]);
    unfit(Format::Json, &New(Some(New(Unit))));
    unfit(Format::Json, &Some(New(Some(New(None::<u8>)))));
    unfit(Format::Json, &Some(serde_json::Value::Null));
    round_trip(Format::Json, &Some(New(Some(vec![None::<u8>]))));
    round_trip(Format::Postcard, &Some(Some(Some(None::<u8>))));
}

#[test]
fn floats_that_are_not_finite_are_unfit_for_json() {
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        unfit(Format::Json, &float);
        unfit(Format::Json, &[1.0, f32::NAN]);
        let bytes = encode(Format::Postcard, &float, LIMIT).expect("postcard writes bits");
        assert_eq!(decode::<f64>(Format::Postcard, &bytes).map(f64::to_bits), Ok(float.to_bits()));
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
    unfit(Format::Json, &Entries(vec![(None::<u8>, 1)]));
    unfit(Format::Json, &Entries(vec![(vec![1], 1)]));
    unfit(Format::Json, &Entries(vec![((1, 2), 1)]));
    unfit(Format::Json, &Entries(vec![(Tag::Named(String::new()), 1)]));
    unfit(Format::Json, &Entries(vec![(serde_bytes::ByteBuf::new(), 1)]));
    unfit(Format::Json, &Entries(vec![(f32::NAN, 1)]));
    unfit(Format::Json, &Entries(vec![("a", 1), ("b", 2), ("a", 3)]));
    unfit(Format::Json, &Entries(vec![(Loose::Number(1.5), 1), (Loose::Text("1.5".into()), 1)]));
    assert!(encode(Format::Json, &Entries(vec![("a", 1), ("b", 1)]), LIMIT).is_ok());
    let floats = encode(Format::Json, &Entries(vec![(0.1f32, 1)]), LIMIT).expect("finite keys are fit");
    assert!(decode::<serde_json::Value>(Format::Json, &floats).is_ok());
}

#[test]
fn a_some_that_messagepack_writes_as_nil_is_unfit() {
    unfit(Format::MessagePack, &Some(None::<u8>));
    unfit(Format::MessagePack, &vec![Some(())]);
    unfit(Format::MessagePack, &Some(serde_json::Value::Null));
    round_trip(Format::MessagePack, &Some(vec![None::<u8>]));
    round_trip(Format::MessagePack, &vec![(), ()]);
}

#[test]
fn messagepack_carries_what_json_cannot() {
    for float in [f64::NAN, f64::INFINITY, -0.0] {
        let bytes = encode(Format::MessagePack, &float, LIMIT).expect("it writes bits");
        assert_eq!(decode::<f64>(Format::MessagePack, &bytes).map(f64::to_bits), Ok(float.to_bits()));
    }
    let keys = std::collections::BTreeMap::from([(Some(1_u8), 1), (None, 2)]);
    round_trip(Format::MessagePack, &keys);
    round_trip(Format::MessagePack, &std::collections::BTreeMap::from([(vec![1_u8], "a".to_owned())]));
}

#[test]
fn lengths_that_messagepack_claims_allocate_nothing() {
    use crate::codec::DecodeError;

    for claim in [
        &[0xdd, 0xff, 0xff, 0xff, 0xff][..],
        &[0xdf, 0xff, 0xff, 0xff, 0xff],
        &[0xc6, 0xff, 0xff, 0xff, 0xff],
    ] {
        assert_eq!(decode::<Vec<[u128; 32]>>(Format::MessagePack, claim), Err(DecodeError::Malformed));
        assert_eq!(decode::<String>(Format::MessagePack, claim), Err(DecodeError::Malformed));
        assert_eq!(
            decode::<std::collections::HashMap<u64, [u128; 32]>>(Format::MessagePack, claim),
            Err(DecodeError::Malformed)
        );
    }
    let deep = [0x91].repeat(100_000);
    assert!(decode::<serde_json::Value>(Format::MessagePack, &deep).is_err());
    let chain = [0x91].repeat(1_000);
    assert!(decode::<serde_json::Value>(Format::MessagePack, &chain).is_err());
}
