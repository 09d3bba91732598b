//! Values of many types, through every codec: what comes back is equal, or nothing comes back.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cachefn_backends::envelope::{Draft, Envelope, Span};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Auto, Choice, Named, Owner};
use crate::codec::{self, Json, MessagePack, Postcard};
use crate::schema;
use crate::verdict::Storable;

const OWNER: Owner = Owner { site: 7, version: 1, untried: false };

/// What is read of what was written; nothing if either is refused.
fn through<C: Choice, V: Storable>(value: &V) -> Option<V> {
    let (ident, payload) = C::encode(value, OWNER).ok()?;
    let (packing, payload) = codec::pack(payload);
    let span = Span { born: 0, fresh_until: 0, stale_until: 0, error_until: 0 };
    let sealed = Draft { ident, span, packing, payload, tags: Vec::new() }.seal(&[])?;
    let read = C::decode::<V>(&Envelope::open(sealed)?, OWNER).ok()?;
    Some(*read.downcast().expect("it is decoded as what it is"))
}

/// Compared as they print, for a NaN is not equal to itself.
fn unchanged<V: Storable + Debug>(value: &V) -> Result<(), TestCaseError> {
    let print = format!("{value:?}");
    for (codec, read) in [
        ("postcard", through::<Named<Postcard>, V>(value)),
        ("json", through::<Named<Json>, V>(value)),
        ("messagepack", through::<Named<MessagePack>, V>(value)),
    ] {
        if let Some(read) = read {
            prop_assert_eq!(format!("{:?}", read), &*print, "{}", codec);
        }
    }
    let read = through::<Auto, V>(value);
    prop_assert_eq!(read.map(|read| format!("{read:?}")), Some(print), "without a codec");
    Ok(())
}

/// A test for each type, and one for all of them: no two have one fingerprint.
macro_rules! zoo {
    ($($name:ident: $type:ty = $strategy:expr;)*) => {
        proptest! {$(
            #[test]
            fn $name(value in $strategy) {
                unchanged::<$type>(&value)?;
            }
        )*}

        #[test]
        fn no_two_of_them_have_one_fingerprint() {
            let names = [$(stringify!($name)),*];
            for human_readable in [false, true] {
                let prints = [$(schema::trace::<$type>(human_readable).fingerprint),*];
                for (at, print) in prints.iter().enumerate() {
                    let same = prints[..at].iter().position(|other| other == print);
                    assert_eq!(same.map(|same| names[same]), None, "{}", names[at]);
                }
            }
        }
    };
}

zoo! {
    integers: (u8, i16, u32, i64, u128, i128, usize) = any::<(u8, i16, u32, i64, u128, i128, usize)>();
    floats: (f32, f64) = (prop::num::f32::ANY, prop::num::f64::ANY);
    texts: (String, char, Box<str>) = any::<(String, char, String)>().prop_map(|(a, b, c)| (a, b, c.into()));
    borrowed_or_not: Cow<'static, str> = any::<String>().prop_map(Cow::Owned);
    shared: (Arc<[u16]>, Arc<str>) =
        (vec(any::<u16>(), 0..5), any::<String>()).prop_map(|(a, b)| (a.into(), b.into()));
    bytes: serde_bytes::ByteBuf = vec(any::<u8>(), 0..9).prop_map(serde_bytes::ByteBuf::from);
    options: Option<Option<Option<u8>>> = any::<Option<Option<Option<u8>>>>();
    results: Result<Option<()>, String> = any::<Result<Option<()>, String>>();
    units: ((), Unit, Empty, [(); 2]) = Just(((), Unit, Empty {}, [(); 2]));
    newtypes: (New<u8>, New<New<String>>) = any::<(u8, String)>().prop_map(|(a, b)| (New(a), New(New(b))));
    pairs: (Pair, [Pair; 2]) = any::<[(i8, Option<char>); 3]>()
        .prop_map(|[a, b, c]| (Pair(a.0, a.1), [Pair(b.0, b.1), Pair(c.0, c.1)]));
    transparent: Vec<Transparent> = vec(any::<u64>().prop_map(|id| Transparent { id }), 0..4);
    generic: Generic<String, Option<f64>> = (any::<String>(), vec(option::of(prop::num::f64::ANY), 0..3))
        .prop_map(|(one, many)| Generic { one: Box::new(one), many });
    recursive: Tree = any_tree();
    variants: Vec<Variants> = vec(any_variants(), 0..4);
    mutual: Statement = any_statement();
    times: (Duration, SystemTime, DateTime<Utc>, NaiveDate, NaiveTime, NaiveDateTime) = any_moment().prop_map(|at| {
        let (local, since) = (at.naive_utc(), Duration::from_nanos(at.timestamp_micros().unsigned_abs()));
        (since, SystemTime::UNIX_EPOCH + since, at, local.date(), local.time(), local)
    });
    library: (Uuid, IpAddr, NonZeroU16, PathBuf, std::ops::Range<u8>) =
        any::<(u128, IpAddr, NonZeroU16, u8)>()
            .prop_map(|(id, ip, number, end)| (Uuid::from_u128(id), ip, number, "/a b".into(), 1..end));
    maps_of_ids: BTreeMap<Id, Vec<Id>> =
        btree_map(any::<u64>().prop_map(Id), vec(any::<u64>().prop_map(Id), 0..3), 0..4);
    maps_of_variants: BTreeMap<Plain, BTreeMap<Uuid, u8>> = btree_map(
        prop::sample::select(vec![Plain::A, Plain::B]),
        btree_map(any::<u128>().prop_map(Uuid::from_u128), any::<u8>(), 0..3),
        0..3,
    );
    maps_of_dates: BTreeMap<NaiveDate, bool> = btree_map(any_moment().prop_map(|at| at.date_naive()), any::<bool>(), 0..4);
    maps_of_pairs: BTreeMap<(u8, Option<String>), BTreeSet<Plain>> =
        btree_map(any::<(u8, Option<String>)>(), btree_set(prop::sample::select(vec![Plain::A, Plain::B]), 0..2), 0..4);
    skipping: Vec<Skipping> =
        vec(any::<(Option<u8>, Vec<u8>, Option<String>)>().prop_map(|(a, b, c)| Skipping { a, b, c }), 0..4);
    attributed: Attributed = (any::<(u8, String, Option<i32>, u64)>(), any_moment())
        .prop_map(|((a, b, c, d), at)| Attributed { a, b, c, d, at, hidden: 0 });
    flattened: Flattened = (any::<u8>(), any_inner(), btree_map("x[a-z]{0,3}", any::<i32>(), 0..4))
        .prop_map(|(id, inner, rest)| Flattened { id, inner, rest });
    untagged: Vec<Untagged> = vec(any_untagged(), 0..4);
    tagged: Vec<Tagged> = vec(any_tagged(), 0..4);
    adjacent: Vec<Adjacent> = vec(any_adjacent(), 0..4);
    described: serde_json::Value = any_described();
    inside_out: Option<Arc<[BTreeMap<String, (Untagged, Vec<Skipping>)>]>> = option::of(
        btree_map(any::<String>(), (any_untagged(), Just(vec![Skipping { a: None, b: vec![0], c: None }])), 0..3)
            .prop_map(|map| Arc::from([map]))
    );
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Unit;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Empty {}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct New<T>(T);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Pair(i8, Option<char>);

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Transparent {
    id: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Generic<T, U> {
    one: Box<T>,
    many: Vec<U>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Tree {
    value: u8,
    left: Option<Box<Tree>>,
    more: Vec<Tree>,
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let leaf = any::<u8>().prop_map(|value| Tree { value, left: None, more: Vec::new() });
    leaf.prop_recursive(4, 16, 3, |inner| {
        (any::<u8>(), option::of(inner.clone()), vec(inner, 0..3)).prop_map(|(value, left, more)| Tree {
            value,
            left: left.map(Box::new),
            more,
        })
    })
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Variants {
    Nothing,
    New(Option<u8>),
    Pair(u8, String),
    #[serde(rename = "full!", alias = "full")]
    Full {
        a: u8,
        #[serde(rename = "b.c")]
        b: Vec<Variants>,
    },
}

fn any_variants() -> impl Strategy<Value = Variants> {
    let flat = prop_oneof![
        Just(Variants::Nothing),
        any::<Option<u8>>().prop_map(Variants::New),
        any::<(u8, String)>().prop_map(|(a, b)| Variants::Pair(a, b)),
    ];
    flat.prop_recursive(3, 8, 2, |inner| {
        (any::<u8>(), vec(inner, 0..3)).prop_map(|(a, b)| Variants::Full { a, b })
    })
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Statement {
    If(Box<Expression>, Vec<Statement>),
    Done,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Expression {
    Number(i64),
    Block { body: Vec<Statement> },
}

fn any_statement() -> impl Strategy<Value = Statement> {
    Just(Statement::Done).prop_recursive(3, 12, 3, |inner| {
        let number = any::<i64>().prop_map(Expression::Number);
        let block = vec(inner.clone(), 0..3).prop_map(|body| Expression::Block { body });
        (prop_oneof![number, block], vec(inner, 0..3))
            .prop_map(|(condition, then)| Statement::If(Box::new(condition), then))
    })
}

/// Microseconds, over some ten thousand years.
fn any_moment() -> impl Strategy<Value = DateTime<Utc>> {
    let micros = -60_000_000_000_000_000..200_000_000_000_000_000_i64;
    micros.prop_map(|micros| DateTime::from_timestamp_micros(micros).expect("it is in range"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Id(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Plain {
    A,
    B,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Skipping {
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<u8>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    b: Vec<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Attributed {
    #[serde(alias = "z", rename = "a b")]
    a: u8,
    #[serde(with = "reversed")]
    b: String,
    c: Option<i32>,
    #[serde(with = "chrono_free")]
    d: u64,
    at: DateTime<Utc>,
    #[serde(skip)]
    hidden: u8,
}

impl Default for Attributed {
    fn default() -> Self {
        Self { a: 1, b: "b".into(), c: Some(1), d: 1, at: DateTime::UNIX_EPOCH, hidden: 0 }
    }
}

mod reversed {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&text.chars().rev().collect::<String>())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        String::deserialize(deserializer).map(|text| text.chars().rev().collect())
    }
}

/// A number as its text.
mod chrono_free {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    pub(super) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inner {
    name: String,
    size: Option<f64>,
}

fn any_inner() -> impl Strategy<Value = Inner> {
    (any::<String>(), option::of(prop::num::f64::NORMAL)).prop_map(|(name, size)| Inner { name, size })
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Flattened {
    id: u8,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    rest: BTreeMap<String, i32>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    Struct { x: u8, y: Option<bool> },
    List(Vec<Untagged>),
    Nothing,
}

fn any_untagged() -> impl Strategy<Value = Untagged> {
    let flat = prop_oneof![
        any::<i64>().prop_map(Untagged::Number),
        any::<String>().prop_map(Untagged::Text),
        any::<(u8, Option<bool>)>().prop_map(|(x, y)| Untagged::Struct { x, y }),
        Just(Untagged::Nothing),
    ];
    flat.prop_recursive(3, 8, 3, |inner| vec(inner, 0..3).prop_map(Untagged::List))
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Tagged {
    Nothing,
    Struct { a: Option<u8>, b: Vec<Plain> },
    New(Inner),
}

fn any_tagged() -> impl Strategy<Value = Tagged> {
    prop_oneof![
        Just(Tagged::Nothing),
        any::<Option<u8>>().prop_map(|a| Tagged::Struct { a, b: vec![Plain::B] }),
        any_inner().prop_map(Tagged::New),
    ]
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Nothing,
    New(String),
    Pair(u8, Option<i8>),
    Struct { a: Uuid },
}

fn any_adjacent() -> impl Strategy<Value = Adjacent> {
    prop_oneof![
        Just(Adjacent::Nothing),
        any::<String>().prop_map(Adjacent::New),
        any::<(u8, Option<i8>)>().prop_map(|(a, b)| Adjacent::Pair(a, b)),
        any::<u128>().prop_map(|a| Adjacent::Struct { a: Uuid::from_u128(a) }),
    ]
}

fn any_described() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;

    let flat = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    flat.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}
