//! What is found in Redis: how long, in which bytes, under which key.

use std::time::Duration;

use cachefn::cached;
use cachefn::codec::{Codec, CodecError};
use cachefn_tests::{RedisServer, logs};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Runs, redis};

/// The one value whose key ends so.
pub(super) fn key(server: &RedisServer, end: &str) -> String {
    let found = server.keys(":v:").into_iter().filter(|key| key.ends_with(end));
    let found: Vec<_> = found.collect();
    assert_eq!(found.len(), 1, "{end} of {:?}", server.keys(":v:"));
    found.into_iter().next().unwrap()
}

fn life(server: &RedisServer, end: &str) -> f64 {
    server.ask::<f64>(&["PTTL", &key(server, end)]) / 1e3
}

fn payload(server: &RedisServer, end: &str) -> Vec<u8> {
    let stored: Vec<u8> = server.ask(&["GET", &key(server, end)]);
    stored[72 + 8 * usize::from(stored[6])..].to_vec()
}

#[tokio::test]
async fn an_entry_lives_as_long_as_it_is_told() {
    #[cached(namespace = "life", expire = 500)]
    async fn constant(id: u8) -> u8 {
        id
    }
    #[cached(namespace = "life", expire = Duration::from_secs(id.into()))]
    async fn computed(id: u8) -> u8 {
        id
    }
    #[cached(namespace = "life", expire = 9, expire_with = |id| Duration::from_secs(u64::from(*id) * 10))]
    async fn by_value(id: u8) -> u8 {
        id
    }
    #[cached(namespace = "life", expire = 9, none = "20m")]
    async fn nothing(id: u8) -> Option<u8> {
        (id == 0).then_some(0)
    }

    let server = redis().await;
    assert_eq!((constant(100).await, computed(100).await, by_value(100).await), (100, 100, 100));
    assert_eq!((nothing(100).await, nothing(0).await), (None, Some(0)));
    for (end, expected) in [
        ("::constant:100", 500.0),
        ("::computed:100", 100.0),
        ("::by_value:100", 1000.0),
        ("::nothing:100", 1200.0),
        ("::nothing:0", 9.0),
    ] {
        let life = life(&server, end);
        assert!((expected - 8.0..=expected).contains(&life), "{end} lives {life} s more");
    }
}

#[tokio::test]
async fn jitter_shortens_lives_by_different_parts() {
    #[cached(namespace = "jitter", expire = 1000, jitter = 0.2)]
    async fn get(id: u8) -> u8 {
        id
    }

    let server = redis().await;
    let mut lives = Vec::new();
    for id in 0..40 {
        get(id).await;
        lives.push(life(&server, &format!("lives_by_different_parts::get:{id}")));
    }
    let (shortest, longest) =
        (lives.iter().copied().fold(f64::MAX, f64::min), lives.iter().copied().fold(0.0, f64::max));
    assert!(shortest > 790.0 && longest <= 1000.0, "{shortest} to {longest}");
    // Of 40 lives all within a quarter of the range: less likely than 1 in 10^20.
    assert!(longest - shortest > 50.0, "{shortest} to {longest}");
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    id: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

struct Backwards;

impl Codec for Backwards {
    const NAME: &'static str = "backwards";

    fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError> {
        let mut bytes = serde_json::to_vec(value).map_err(CodecError::new)?;
        assert!(bytes != b"{\"id\":13}", "this codec is superstitious");
        bytes.reverse();
        Ok(bytes)
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
        let bytes: Vec<_> = bytes.iter().rev().copied().collect();
        assert!(bytes != b"{\"id\":14}", "nor does it like its neighbour");
        serde_json::from_slice(&bytes).map_err(CodecError::new)
    }
}

#[tokio::test]
async fn a_codec_that_is_named_writes_the_bytes() {
    #[cached(namespace = "codec", key = id, codec = Json)]
    async fn json(id: u8, runs: &Runs) -> Row {
        runs.next();
        Row { id, note: None }
    }
    #[cached(namespace = "codec", key = id, codec = MessagePack)]
    async fn messagepack(id: u8, runs: &Runs) -> Row {
        runs.next();
        Row { id, note: None }
    }
    #[cached(namespace = "codec", key = id, codec = self::Backwards)]
    async fn own(id: u8, runs: &Runs) -> Row {
        runs.next();
        Row { id, note: None }
    }
    #[cached(namespace = "codec", key = id, codec = Postcard)]
    async fn postcard(id: u8, note: bool, runs: &Runs) -> Row {
        runs.next();
        Row { id, note: note.then(String::new) }
    }

    let server = redis().await;
    let runs = Runs::default();
    for _ in 0..2 {
        assert_eq!(json(7, &runs).await, messagepack(7, &runs).await);
        assert_eq!(own(7, &runs).await, postcard(7, true, &runs).await.without_note());
    }
    assert_eq!(runs.get(), 4);
    assert_eq!(payload(&server, "::json:7"), b"{\"id\":7}");
    assert_eq!(payload(&server, "::messagepack:7"), b"\x81\xa2id\x07");
    assert_eq!(payload(&server, "::own:7"), b"}7:\"di\"{");
    assert_eq!(payload(&server, "::postcard:7"), b"\x07\x01\x00");

    // Postcard cannot carry a field that is left out: kept in memory, and not wrong.
    assert_eq!((postcard(8, false, &runs).await, postcard(8, false, &runs).await), (Row::of(8), Row::of(8)));
    assert_eq!(runs.get(), 5);
    // A panic in a codec is its own, and memory keeps the value.
    for id in [13, 14] {
        assert_eq!((own(id, &runs).await, own(id, &runs).await), (Row::of(id), Row::of(id)));
    }
    assert_eq!(runs.get(), 7);
}

impl Row {
    fn of(id: u8) -> Self {
        Self { id, note: None }
    }

    fn without_note(self) -> Self {
        Self { note: None, ..self }
    }
}

#[tokio::test]
async fn long_values_take_less_room_and_short_ones_are_as_they_are() {
    #[cached(namespace = "packed", key = count, codec = Json)]
    async fn rows(count: u8, runs: &Runs) -> Vec<Row> {
        runs.next();
        (0..count).map(|id| Row { id, note: Some("the same each time".to_owned()) }).collect()
    }

    let server = redis().await;
    let runs = Runs::default();
    for count in [10, 200] {
        let written = rows(count, &runs).await;
        assert_eq!(written, rows(count, &runs).await);
        let (packed, json) =
            (payload(&server, &format!("::rows:{count}")), serde_json::to_vec(&written).unwrap());
        let stored: Vec<u8> = server.ask(&["GET", &key(&server, &format!("::rows:{count}"))]);
        if count == 10 {
            assert_eq!((stored[5], packed), (0, json));
        } else {
            assert_eq!(stored[5], 1);
            assert!(packed.len() < json.len() / 4, "{} of {} bytes", packed.len(), json.len());
        }
    }
    assert_eq!(runs.get(), 2);
}

#[tokio::test]
async fn another_version_or_codec_is_a_miss_that_nobody_is_warned_of() {
    macro_rules! edition {
        ($name:ident: $($arguments:tt)*) => {
            mod $name {
                use super::Runs;

                #[cachefn::cached(namespace = "edition", key = "{fn}", $($arguments)*)]
                pub(super) async fn edition(runs: &Runs) -> u32 {
                    runs.next()
                }
            }
        };
    }
    edition!(first: version = 1);
    edition!(second: version = 2);

    let server = redis().await;
    let runs = Runs::default();
    assert_eq!((first::edition(&runs).await, first::edition(&runs).await), (1, 1));
    let stored: Vec<u8> = server.ask(&["GET", &key(&server, "edition:edition")]);
    // As if an older program had stored it: the same function, another version.
    assert_eq!((second::edition(&runs).await, second::edition(&runs).await), (2, 2));
    let newer: Vec<u8> = server.ask(&["GET", &key(&server, "edition:edition")]);
    assert_ne!(stored[8..16], newer[8..16], "the fingerprints differ");
}

#[tokio::test]
async fn a_sensitive_key_reaches_neither_redis_nor_a_log() {
    #[cached(namespace = "sensitive", key = token, sensitive)]
    async fn session(token: &str, runs: &Runs) -> u32 {
        runs.next()
    }
    #[cached(namespace = "sensitive", key = "session:{token}", sensitive)]
    async fn by_template(token: &str, runs: &Runs) -> u32 {
        runs.next()
    }

    let server = redis().await;
    let runs = Runs::default();
    let token = "hunter2-secret-token";
    assert_eq!((session(token, &runs).await, session(token, &runs).await), (1, 1));
    assert_eq!((by_template(token, &runs).await, by_template(token, &runs).await), (2, 2));
    assert_eq!((session("swordfish", &runs).await, session(token, &runs).await), (3, 1));
    invalidate_session(token).await;
    assert_eq!(session(token, &runs).await, 4);
    assert_eq!(refresh_by_template(token, &runs).await, 5);

    let keys = server.keys(":sensitive:");
    assert!(keys.len() >= 3, "{keys:?}");
    assert!(
        server.keys("").iter().all(|key| !key.contains("hunter2") && !key.contains("swordfish")),
        "{keys:?}"
    );
    assert!(!logs::lines("sensitive").is_empty());
    assert!(logs::lines("hunter2").is_empty(), "{:?}", logs::lines("hunter2"));
}

/// Written as text and read as a number: no codec carries it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct OneSided {
    #[serde(serialize_with = "as_text")]
    id: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn as_text<S: serde::Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Raw {
    id: u8,
    json: Box<serde_json::value::RawValue>,
}

impl Raw {
    fn of(id: u8) -> Self {
        Self { id, json: serde_json::value::RawValue::from_string("{\"a\": 1.50}".to_owned()).unwrap() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Shadowed {
    Line { x: u8 },
    Point { x: u8, y: u8 },
}

#[tokio::test]
async fn what_postcard_does_not_read_back_is_json_by_itself() {
    #[cached(namespace = "read-back", key = id)]
    async fn raw(id: u8, runs: &Runs) -> Raw {
        runs.next();
        Raw::of(id)
    }

    let server = redis().await;
    let runs = Runs::default();
    for _ in 0..5 {
        assert_eq!(raw(7, &runs).await.json.get(), "{\"a\": 1.50}");
    }
    assert_eq!(runs.get(), 1);
    assert_eq!(payload(&server, "::raw:7"), b"{\"id\":7,\"json\":{\"a\": 1.50}}");
}

#[tokio::test]
async fn what_no_codec_reads_back_is_unfit_and_not_in_redis() {
    #[cached(namespace = "one-sided", key = id)]
    async fn one_sided(id: u64) -> OneSided {
        OneSided { id }
    }
    #[cached(namespace = "one-sided-postcard", key = id, codec = Postcard)]
    async fn by_postcard(id: u8) -> Raw {
        Raw::of(id)
    }
    #[cached(namespace = "shadowed", key = id)]
    async fn shadowed(id: u8) -> Shadowed {
        if id == 0 { Shadowed::Line { x: 0 } } else { Shadowed::Point { x: 1, y: 2 } }
    }

    let server = redis().await;
    for _ in 0..2 {
        assert_eq!(one_sided(7).await, OneSided { id: 7 });
        assert_eq!(by_postcard(7).await.id, 7);
        assert_eq!(shadowed(0).await, Shadowed::Line { x: 0 });
        assert_eq!(shadowed(1).await, Shadowed::Point { x: 1, y: 2 });
    }
    // A marker stands for each value that is not there.
    for (namespace, stands) in [("one-sided", 1), ("one-sided-postcard", 1), ("shadowed", 2)] {
        let functions = cachefn::stats().functions;
        let stats = functions.iter().find(|function| function.namespace == namespace).unwrap();
        assert!(stats.unfit > 0 && stats.unreadable == 0, "{stats:?}");
        assert_eq!(server.keys(&format!(":v:{namespace}:")).len(), stands, "{namespace}");
    }
    assert!(!logs::lines("write `codec = Json`").is_empty());
}
