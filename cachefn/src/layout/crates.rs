//! Types of other crates, with the attributes that people put on them: what is written of a value is read back equal, or
//! it is refused when it is written.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::time::Duration;

use bson::oid::ObjectId;
use bson::{Bson, bson, doc};
use cachefn_backends::envelope::{Draft, Envelope, Span};
use chrono::{DateTime, FixedOffset, Utc};
use compact_str::CompactString;
use geojson::{Feature, FeatureCollection, GeoJson, Geometry};
use indexmap::{IndexMap, IndexSet};
use ordered_float::{NotNan, OrderedFloat};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_with::{
    DefaultOnNull, DisplayFromStr, DurationSeconds, OneOrMany, serde_as, skip_serializing_none,
};
use time::macros::{date, datetime, offset, time};
use url::Url;
use uuid::Uuid;

use super::{Auto, Choice, Named, Owner};
use crate::codec::{self, EncodeError, Json, MessagePack, Postcard};
use crate::verdict::Storable;

const OWNER: Owner = Owner { site: 7, version: 1, untried: false };

/// Whether `value` is stored by `C`. What is stored is read back, and prints alike.
fn keeps<C: Choice, V: Storable + Debug>(value: &V, codec: &str) -> bool {
    let (ident, payload) = match C::encode(value, OWNER) {
        Ok(written) => written,
        Err(EncodeError::Unfit(_) | EncodeError::Custom(_)) => return false,
        Err(EncodeError::TooLarge) => panic!("{value:?} is not that large"),
    };
    let (packing, payload) = codec::pack(payload);
    let span = Span { born: 0, fresh_until: 0, stale_until: 0, error_until: 0 };
    let draft = Draft { ident, span, packing, payload, tags: Vec::new() };
    let envelope = draft.seal(&[]).and_then(Envelope::open).expect("it is not that large");
    let read = C::decode::<V>(&envelope, OWNER).unwrap_or_else(|why| panic!("{codec}: {value:?} is {why:?}"));
    let read = read.downcast::<V>().expect("it is decoded as what it is");
    assert_eq!(format!("{read:?}"), format!("{value:?}"), "{codec}");
    true
}

/// Whether each of them is stored where the type decides. A codec that is named stores it likewise, or not at all.
fn kept<V: Storable + Debug>(values: &[V]) -> Vec<bool> {
    let each = values.iter().map(|value| {
        keeps::<Named<Postcard>, V>(value, "postcard");
        keeps::<Named<Json>, V>(value, "json");
        keeps::<Named<MessagePack>, V>(value, "messagepack");
        keeps::<Auto, V>(value, "without a codec")
    });
    each.collect()
}

macro_rules! zoo {
    ($($name:ident: $type:ty = [$($value:expr),* $(,)?] $(but not [$($unfit:expr),* $(,)?])?;)*) => {$(
        #[test]
        fn $name() {
            let fit: Vec<$type> = vec![$($value),*];
            for value in fit {
                assert_eq!(kept(&[value.clone(), value.clone()]), [true; 2], "{value:?}");
            }
            $(let unfit: Vec<$type> = vec![$($unfit),*];
            for value in unfit {
                assert_eq!(kept(&[value.clone(), value.clone()]), [false; 2], "{value:?}");
            })?
        }
    )*};
}

zoo! {
    documents_of_mongodb: MongoUser = [MongoUser::new(1), MongoUser { parent: None, ..MongoUser::new(2) }];
    helpers_of_bson: Helped = [Helped {
        id: "0123456789abcdef01234567".into(),
        at: DateTime::UNIX_EPOCH,
        number: 5,
        uuid: Uuid::from_u128(7),
    }];
    moments_of_bson: bson::DateTime = [bson::DateTime::from_millis(1_700_000_000_123)];
    values_of_bson: Bson = [
        bson!({ "a": "x", "b": [1, 2.5, true, null] }),
        Bson::ObjectId(object_id()),
        Bson::DateTime(bson::DateTime::from_millis(1)),
        Bson::Int32(5),
    ] but not [small_long()];
    // JSON does not tell a small 64 bit integer from a 32 bit one, and this type does.
    long_numbers_of_bson: Vec<Bson> = [vec![Bson::Int64(i64::MAX)]] but not [vec![small_long()]];
    rows_with_a_document: WithDocument = [WithDocument { id: 1, more: doc! { "a": 1, "b": { "c": "d" } } }];
    geometries: Geometry = [point(), Geometry::new_multi_point([[1.0, 2.0], [3.0, 4.5]])];
    features: Feature = [feature(), Feature { properties: None, id: None, ..feature() }];
    maps_of_the_world: GeoJson = [
        GeoJson::Feature(feature()),
        GeoJson::Geometry(point()),
        GeoJson::FeatureCollection(FeatureCollection::new([feature(), feature()])),
    ];
    places: Place = [Place { name: "x".into(), at: point(), area: Some(point()) }];
    decimals: Vec<Decimal> = [vec!["1.0", "1.00", "-0.5", "79228162514264337593543950335", "0"]
        .into_iter()
        .map(|text| text.parse().expect("it is a number"))
        .collect::<Vec<_>>()];
    prices: Price = [Price { as_text: decimal("1.10"), as_float: decimal("2.5"), maybe: Some(decimal("3.00")) }];
    moments_of_time: (time::OffsetDateTime, time::Date, time::Time, time::PrimitiveDateTime, time::Duration) = [(
        datetime!(2024-02-29 12:30:45.123456789 +2),
        date!(2024 - 02 - 29),
        time!(12:30),
        datetime!(2024-02-29 12:30),
        time::Duration::milliseconds(-1500),
    )];
    offsets_of_time: (time::UtcOffset, time::Weekday, time::Month) =
        [(offset!(-5:30), time::Weekday::Monday, time::Month::May)];
    events_of_time: TimeEvent = [
        TimeEvent { at: datetime!(2024-02-29 12:30:45.5 +2), seconds: datetime!(2024-02-29 10:30 UTC), end: None },
        TimeEvent {
            at: datetime!(2024-02-29 12:30 UTC),
            seconds: datetime!(1969-02-28 10:30 UTC),
            end: Some(datetime!(2024-02-29 12:30 -3)),
        },
    ];
    moments_of_jiff: (jiff::Timestamp, jiff::civil::DateTime, jiff::Span, jiff::SignedDuration) = [(
        jiff::Timestamp::UNIX_EPOCH,
        jiff::civil::date(2024, 2, 29).at(12, 30, 0, 5),
        jiff::Span::new().months(2).hours(3),
        jiff::SignedDuration::from_millis(-1500),
    )];
    zones_of_jiff: Vec<jiff::ZonedDateTime> = [vec![jiff::Timestamp::UNIX_EPOCH.to_zoned_datetime(east())]];
    moments_of_chrono: ChronoEvent = [ChronoEvent {
        at: "2024-02-29T12:30:45.123456789+02:00".parse().expect("it is a time"),
        seconds: DateTime::UNIX_EPOCH,
        millis: Some(DateTime::UNIX_EPOCH),
        weekday: chrono::Weekday::Mon,
        month: chrono::Month::May,
    }];
    uuids: Ids = [Ids { plain: Uuid::from_u128(7), compact: Uuid::from_u128(8), simple: Uuid::from_u128(9) }];
    urls: (Url, Option<Url>) = [(url("https://example.com/a?b=c#d"), Some(url("data:,x")))];
    maps_in_order: IndexMap<String, IndexSet<u8>> = [IndexMap::from([
        ("b".to_owned(), IndexSet::from([3, 1, 2])),
        ("a".to_owned(), IndexSet::from([])),
    ])];
    maps_as_sequences: Sequenced = [Sequenced { map: IndexMap::from([(2, 'b'), (1, 'a')]) }];
    ordered_floats: (OrderedFloat<f64>, NotNan<f32>) = [
        (OrderedFloat(1.5), NotNan::new(0.1).expect("it is a number")),
        (OrderedFloat(f64::NAN), NotNan::new(-0.0).expect("it is a number")),
    ];
    compact_texts: (CompactString, Vec<CompactString>) =
        [("x".into(), vec!["longer than what fits inline, by far".into()])];
    attributes_of_serde_with: As = [
        As {
            shown: 7,
            keys: HashMap::from([(1, "a".into())]),
            pairs: BTreeMap::from([((1, 2), 3)]),
            timeout: Duration::from_secs(5),
            one: vec![1],
            or_null: 5,
            bytes: vec![0, 255],
            nested: Inner { a: 1 },
        },
        As {
            shown: 0,
            keys: HashMap::new(),
            pairs: BTreeMap::new(),
            timeout: Duration::ZERO,
            one: vec![1, 2],
            or_null: 0,
            bytes: vec![],
            nested: Inner { a: 0 },
        },
    ];
    fields_left_out: Sparse = [Sparse { a: None, b: Some("x".into()) }, Sparse { a: Some(1), b: None }];
    text_that_is_json: Box<RawValue> = [raw("{\"a\": [1, 2.50]}"), raw("null")];
    rows_with_raw_json: WithRaw = [WithRaw { id: 1, payload: raw("{\"b\":1e5}") }];
    fields_written_by_one_side_only: OneSided = [] but not [OneSided { id: 7 }];
    names_of_one_side_beside_others: Renamed = [] but not [Renamed { id: 7, more: HashMap::new() }];
    names_of_one_side_that_are_optional: RenamedOption = [RenamedOption { id: None, more: HashMap::new() }]
        but not [RenamedOption { id: Some(7), more: HashMap::new() }];
    variants_that_read_as_another: Shadowed = [Shadowed::Line { x: 1 }] but not [Shadowed::Point { x: 1, y: 2 }];
    variants_that_are_written_alike: Alike = [Alike::Small { x: 1 }] but not [Alike::Large { x: 1 }];
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct MongoUser {
    #[serde(rename = "_id")]
    id: ObjectId,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<ObjectId>,
    created_at: bson::DateTime,
    #[serde(default)]
    roles: Vec<ObjectId>,
}

fn object_id() -> ObjectId {
    ObjectId::parse_str("0123456789abcdef01234567").expect("it is an id")
}

impl MongoUser {
    fn new(number: u8) -> Self {
        Self {
            id: object_id(),
            name: format!("user {number}"),
            parent: Some(object_id()),
            created_at: bson::DateTime::from_millis(1_700_000_000_000),
            roles: vec![object_id()],
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Helped {
    #[serde(with = "bson::serde_helpers::hex_string_as_object_id")]
    id: String,
    #[serde(with = "bson::serde_helpers::chrono_datetime_as_bson_datetime")]
    at: DateTime<Utc>,
    #[serde(serialize_with = "bson::serde_helpers::serialize_u32_as_i64")]
    number: u32,
    #[serde(with = "bson::serde_helpers::uuid_1_as_binary")]
    uuid: Uuid,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct WithDocument {
    id: u8,
    more: bson::Document,
}

fn east() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::fixed(jiff::tz::offset(9))
}

fn small_long() -> Bson {
    Bson::Int64(5)
}

fn point() -> Geometry {
    Geometry::new_point([7.5, -0.25])
}

fn feature() -> Feature {
    let serde_json::Value::Object(properties) = serde_json::json!({ "name": "x", "levels": [1, 2.5, null] })
    else {
        unreachable!("it is an object");
    };
    Feature {
        bbox: Some(vec![1.0, 2.0, 3.0, 4.0]),
        geometry: Some(point()),
        id: Some(geojson::feature::Id::String("f".into())),
        properties: Some(properties),
        foreign_members: None,
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    name: String,
    at: Geometry,
    area: Option<Geometry>,
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("it is a number")
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Price {
    #[serde(with = "rust_decimal::serde::str")]
    as_text: Decimal,
    #[serde(with = "rust_decimal::serde::float")]
    as_float: Decimal,
    #[serde(with = "rust_decimal::serde::str_option")]
    maybe: Option<Decimal>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct TimeEvent {
    #[serde(with = "time::serde::rfc3339")]
    at: time::OffsetDateTime,
    #[serde(with = "time::serde::timestamp")]
    seconds: time::OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    end: Option<time::OffsetDateTime>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ChronoEvent {
    at: DateTime<FixedOffset>,
    #[serde(with = "chrono::serde::ts_seconds")]
    seconds: DateTime<Utc>,
    #[serde(with = "chrono::serde::ts_milliseconds_option")]
    millis: Option<DateTime<Utc>>,
    weekday: chrono::Weekday,
    month: chrono::Month,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ids {
    plain: Uuid,
    #[serde(with = "uuid::serde::compact")]
    compact: Uuid,
    #[serde(with = "uuid::serde::simple")]
    simple: Uuid,
}

fn url(text: &str) -> Url {
    text.parse().expect("it is a URL")
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sequenced {
    #[serde(with = "indexmap::map::serde_seq")]
    map: IndexMap<u8, char>,
}

#[serde_as]
#[derive(Clone, Debug, Serialize, Deserialize)]
struct As {
    #[serde_as(as = "DisplayFromStr")]
    shown: u32,
    #[serde_as(as = "HashMap<DisplayFromStr, _>")]
    keys: HashMap<u8, String>,
    #[serde_as(as = "Vec<(_, _)>")]
    pairs: BTreeMap<(u8, u8), u8>,
    #[serde_as(as = "DurationSeconds<u64>")]
    timeout: Duration,
    #[serde_as(as = "OneOrMany<_>")]
    one: Vec<u8>,
    #[serde_as(as = "DefaultOnNull")]
    or_null: u8,
    #[serde_as(as = "serde_with::base64::Base64")]
    bytes: Vec<u8>,
    #[serde_as(as = "serde_with::json::JsonString")]
    nested: Inner,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inner {
    a: u8,
}

#[skip_serializing_none]
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sparse {
    a: Option<u8>,
    b: Option<String>,
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("it is JSON")
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct WithRaw {
    id: u8,
    payload: Box<RawValue>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct OneSided {
    #[serde(serialize_with = "as_text")]
    id: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn as_text<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Renamed {
    #[serde(rename(serialize = "ID", deserialize = "id"))]
    id: u8,
    #[serde(flatten)]
    more: HashMap<String, u8>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct RenamedOption {
    #[serde(rename(serialize = "ID", deserialize = "id"), skip_serializing_if = "Option::is_none")]
    id: Option<u8>,
    #[serde(flatten)]
    more: HashMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Shadowed {
    Line { x: u8 },
    Point { x: u8, y: u8 },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Alike {
    Small { x: u8 },
    Large { x: u64 },
}

/// A value of a kind that no value before it had is tried out, however many there were.
#[test]
fn a_later_variant_is_tried_out_too() {
    #[derive(Clone, Debug, Serialize, Deserialize)]
    enum Event {
        Plain(u8),
        Owned(Option<OneSided>),
        Stored { id: ObjectId },
    }

    let plain: Vec<_> = (0..100).map(Event::Plain).chain([Event::Owned(None)]).collect();
    assert!(kept(&plain).into_iter().all(|kept| kept));
    assert_eq!(kept(&[Event::Owned(Some(OneSided { id: 1 }))]), [false]);
    assert_eq!(kept(&[Event::Stored { id: object_id() }, Event::Plain(1)]), [true; 2]);
}

/// A codec that writes all numbers as 7.
#[test]
fn a_users_codec_that_reads_another_value_stores_nothing() {
    struct Seven;
    impl codec::Codec for Seven {
        const NAME: &'static str = "seven";
        fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, codec::CodecError> {
            serde_json::to_vec(value).map(|_| b"7".to_vec()).map_err(codec::CodecError::new)
        }
        fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, codec::CodecError> {
            serde_json::from_slice(bytes).map_err(codec::CodecError::new)
        }
    }

    let refused = Named::<Seven>::encode(&8_u64, OWNER).expect_err("it is read back as 7");
    assert!(refused.to_string().contains("write `codec = Json`"), "{refused}");
    assert!(keeps::<Named<Seven>, u64>(&7, "seven"));
}

/// What writes something else each time cannot be compared, and is stored if it can be read.
#[test]
fn what_is_written_differently_each_time_is_stored() {
    #[derive(Clone, Debug)]
    struct Salted(u8);
    impl Serialize for Salted {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            (self.0, fastrand::u64(..)).serialize(serializer)
        }
    }
    impl<'de> Deserialize<'de> for Salted {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            <(u8, u64)>::deserialize(deserializer).map(|(value, _)| Self(value))
        }
    }
    assert_eq!(kept(&[Salted(7)]), [true]);
}
