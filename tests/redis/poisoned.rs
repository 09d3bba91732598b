//! Whatever stands in the place of a value: a miss, counted, and healed by the fill that follows.

use std::future::Future;

use cachefn::{FunctionStats, cached};
use cachefn_backends::envelope::{Draft, Envelope, Ident, Packing, Token};
use cachefn_tests::RedisServer;
use serde::{Deserialize, Serialize};

use super::stored::key;
use super::{Runs, redis};

/// What Redis holds under `name`.
fn get(server: &RedisServer, name: &str) -> Vec<u8> {
    server.ask(&["GET", name])
}

fn set(server: &RedisServer, name: &str, bytes: &[u8]) {
    let answer: String =
        redis::cmd("SET").arg(name).arg(bytes).arg("KEEPTTL").query(&mut server.connection()).unwrap();
    assert_eq!(answer, "OK");
}

/// An envelope like the one that is `stored`, with another payload.
fn with_payload(stored: &[u8], payload: Vec<u8>) -> Vec<u8> {
    with(stored, |ident| ident, payload)
}

fn with(stored: &[u8], change: impl FnOnce(Ident) -> Ident, payload: Vec<u8>) -> Vec<u8> {
    let envelope = Envelope::open(stored.to_vec()).unwrap();
    let tokens: &[Token] = &envelope.tokens;
    let draft = Draft {
        ident: change(envelope.ident),
        span: envelope.span,
        packing: Packing::Plain,
        payload,
        tags: envelope.tags.clone(),
    };
    draft.seal(tokens).unwrap()
}

fn stats(namespace: &str) -> FunctionStats {
    cachefn::stats().functions.into_iter().find(|function| function.namespace == namespace).unwrap()
}

/// Puts each of `poisons` in the place of the value: every one is a miss that the same call heals.
async fn heals<F: Future<Output = ()>>(
    server: &RedisServer,
    (namespace, name): (&str, &str),
    poisons: impl IntoIterator<Item = Vec<u8>>,
    runs: &Runs,
    call: impl Fn() -> F,
) {
    let (before, first) = (stats(namespace), runs.get());
    let mut count = 0;
    for poison in poisons {
        set(server, name, &poison);
        count += 1;
        call().await;
        assert_eq!(runs.get(), first + count, "number {count} was believed: {} bytes", poison.len());
        call().await;
        assert_eq!(runs.get(), first + count, "number {count} was not healed: {} bytes", poison.len());
    }
    let after = stats(namespace);
    let more = |of: fn(&FunctionStats) -> u64| of(&after) - of(&before);
    let all = u64::from(count);
    assert_eq!(more(|stats| stats.unreadable), all);
    assert_eq!(
        (more(|stats| stats.misses), more(|stats| stats.hits), more(|stats| stats.fills)),
        (all, all, all)
    );
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Nest {
    End,
    List(Vec<Nest>),
    Some(Option<Box<Nest>>),
    Wide([u128; 4], String, Vec<[u64; 32]>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Loose {
    List(Vec<Loose>),
    Number(u8),
}

#[tokio::test]
async fn bytes_that_are_cut_flipped_longer_or_foreign_are_misses_that_heal() {
    #[cached(namespace = "poisoned-bytes", key = id)]
    async fn poisoned(id: u8, runs: &Runs) -> Nest {
        runs.next();
        Nest::List(vec![Nest::End, Nest::Wide([id.into(); 4], "text".into(), vec![[7; 32]])])
    }

    let server = redis().await;
    let runs = Runs::default();
    poisoned(7, &runs).await;
    let name = key(&server, "::poisoned:7");
    let good = get(&server, &name);

    let cuts = (0..good.len()).step_by(7).map(|end| good[..end].to_vec());
    let flips = (0..good.len()).map(|at| {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        bytes
    });
    let zeroes = (0..good.len()).step_by(9).map(|from| {
        let mut bytes = good.clone();
        bytes[from..].fill(0);
        bytes
    });
    let foreign = [
        b"".to_vec(),
        b"{\"json\":true}".to_vec(),
        vec![0xff; 200],
        vec![0; 1 << 20],
        [&good[..], b"\0"].concat(),
        [&good[..], &good[..]].concat(),
        // Another's value of another type, in a sound envelope.
        with(&good, |ident| Ident { site: ident.site ^ 1, ..ident }, vec![1, 0]),
        with(&good, |ident| Ident { fingerprint: ident.fingerprint ^ 1, ..ident }, vec![1, 0]),
        with(&good, |ident| Ident { codec: 2, ..ident }, vec![1, 0]),
        with(&good, |ident| Ident { codec: 0, ..ident }, vec![1, 0]),
        with(&good, |ident| Ident { codec: 77, ..ident }, vec![1, 0]),
    ];
    let poisons = cuts.chain(flips).chain(zeroes).chain(foreign);
    heals(&server, ("poisoned-bytes", &name), poisons, &runs, || async {
        assert!(matches!(poisoned(7, &runs).await, Nest::List(list) if list.len() == 2));
    })
    .await;
}

/// Nobody but who writes to Redis on purpose makes such bytes: the envelope is sound, its payload is not.
macro_rules! payloads {
    ($($test:ident, $namespace:literal, $codec:ident, $type:ty = $value:expr, $poisons:expr;)*) => {$(
        #[tokio::test]
        async fn $test() {
            #[cached(namespace = $namespace, key = "it", codec = $codec)]
            async fn poisoned(runs: &Runs) -> $type {
                runs.next();
                $value
            }

            let server = redis().await;
            let runs = Runs::default();
            poisoned(&runs).await;
            let name = key(&server, concat!($namespace, ":it"));
            let good = get(&server, &name);
            let poisons: Vec<Vec<u8>> = $poisons;
            let poisons = poisons.into_iter().map(|payload| with_payload(&good, payload));
            heals(&server, ($namespace, &name), poisons, &runs, || async {
                assert_eq!(poisoned(&runs).await, $value);
            })
            .await;
        }
    )*};
}

/// A count of elements that nobody has room for, as postcard writes it.
const COUNTLESS: [u8; 10] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];

payloads! {
    postcard_that_nests_lies_or_goes_on_is_a_miss, "poisoned-postcard", Postcard, Nest = Nest::End, vec![
        vec![],
        vec![0, 0],
        vec![9],
        [1, 1].repeat(500_000),
        [2, 1].repeat(500_000),
        [&[1], &COUNTLESS[..]].concat(),
        [&[3], &[1; 4][..], &COUNTLESS[..]].concat(),
        [&[3], &[1; 4][..], &[0], &COUNTLESS[..]].concat(),
        // More than is ever written.
        [&[1, 0x80, 0x80, 0x60][..], &[0].repeat(3 << 19)].concat(),
    ];
    json_that_nests_lies_or_goes_on_is_a_miss, "poisoned-json", Json, Loose = Loose::Number(1), vec![
        b"".to_vec(),
        b"1 ".to_vec(),
        b"1 1".to_vec(),
        b"[".repeat(1 << 20),
        b"[".repeat(200),
        [b"[".repeat(200), b"]".repeat(200)].concat(),
        b"{\"a\":".repeat(200_000),
        b"\"\\ud800\"".to_vec(),
        b"1e999".to_vec(),
        [b"[1", &b",1".repeat(1 << 20)[..], b"]"].concat(),
    ];
    messagepack_that_nests_lies_or_goes_on_is_a_miss, "poisoned-messagepack", MessagePack, Loose = Loose::Number(1), vec![
        vec![],
        vec![1, 1],
        vec![0x91; 1 << 20],
        vec![0x91; 200],
        vec![0x81; 200],
        vec![0xdd, 0xff, 0xff, 0xff, 0xff],
        vec![0xdf, 0xff, 0xff, 0xff, 0xff],
        vec![0xc6, 0xff, 0xff, 0xff, 0xff],
        vec![0xdb, 0xff, 0xff, 0xff, 0xff],
        vec![0xc1],
    ];
}

#[tokio::test]
async fn blocks_that_lie_are_misses_that_heal() {
    #[cached(namespace = "poisoned-block", key = "it", codec = Json)]
    async fn poisoned(runs: &Runs) -> String {
        runs.next();
        "text".repeat(1000)
    }

    let server = redis().await;
    let runs = Runs::default();
    poisoned(&runs).await;
    let name = key(&server, "poisoned-block:it");
    let good = get(&server, &name);
    let sound = Envelope::open(good.clone()).unwrap();
    assert_eq!(sound.packing, Packing::Lz4);
    let packed = |payload: Vec<u8>| {
        let Envelope { ident, span, packing, tags, tokens, .. } = sound.clone();
        Draft { ident, span, packing, payload, tags }.seal(&tokens).unwrap()
    };
    let says = |length: u32| packed([&length.to_le_bytes()[..], &sound.payload()[4..]].concat());
    let cuts = (0..sound.payload().len()).map(|end| packed(sound.payload()[..end].to_vec()));
    let bombs = [0, 1, 4001, 4003, 1 << 20, (1 << 20) + 1, u32::MAX].map(says);
    let plain = with_payload(&good, sound.payload().to_vec());
    // A block that is all length: each of its bytes asks for 255 more.
    let endless = packed([&(1_u32 << 20).to_le_bytes()[..], b"\x1fa\x01\0", &vec![0xff; 1 << 16]].concat());
    let poisons = cuts.chain(bombs).chain([plain, endless]);
    heals(&server, ("poisoned-block", &name), poisons, &runs, || async {
        assert_eq!(poisoned(&runs).await, "text".repeat(1000));
    })
    .await;
}

#[tokio::test]
async fn what_is_no_string_in_redis_is_a_miss_that_heals() {
    #[cached(namespace = "poisoned-kind", key = "it")]
    async fn poisoned(runs: &Runs) -> u32 {
        runs.next()
    }

    let server = redis().await;
    let runs = Runs::default();
    poisoned(&runs).await;
    let name = key(&server, "poisoned-kind:it");
    for (number, kind) in [["RPUSH", "x"], ["SADD", "x"]].into_iter().enumerate() {
        let expected = u32::try_from(number).unwrap() + 2;
        let _: u32 = server.ask(&["DEL", &name]);
        let _: u32 = server.ask(&[kind[0], &name, kind[1]]);
        assert_eq!((poisoned(&runs).await, poisoned(&runs).await), (expected, expected));
    }
}

#[tokio::test]
async fn a_value_at_the_limit_is_stored_and_a_larger_one_is_said_to_be_too_large() {
    use cachefn_tests::logs;

    macro_rules! limits {
        ($($name:ident($namespace:literal, $codec:ident): $over:literal;)*) => {$({
            #[cached(namespace = $namespace, key = size, codec = $codec)]
            async fn $name(size: usize, runs: &Runs) -> String {
                runs.next();
                "x".repeat(size)
            }

            let runs = Runs::default();
            let most = (1 << 20) - $over;
            for size in [most, most, most + 1, most + 1] {
                assert_eq!($name(size, &runs).await.len(), size);
            }
            let stats = stats($namespace);
            assert_eq!((runs.get(), stats.unfit, stats.fills, stats.hits), (2, 1, 2, 2), $namespace);
        })*};
    }

    let _server = redis().await;
    limits! {
        postcard("limit-postcard", Postcard): 3;
        json("limit-json", Json): 2;
        messagepack("limit-messagepack", MessagePack): 5;
    }
    let said = logs::lines("a value cannot be stored in Redis");
    let said: Vec<_> = said.iter().filter(|line| line.text.contains("larger than allowed")).collect();
    for name in ["postcard", "json", "messagepack"] {
        let of = |line: &&&logs::Line| line.text.contains(&format!("::{name}\""));
        assert_eq!(said.iter().filter(of).count(), 1, "{name}: one for two calls, of {said:?}");
    }
}

/// Panics when 13 is written and when 14 is read.
#[derive(Clone, Debug, PartialEq)]
struct Fragile(u8);

impl Serialize for Fragile {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert_ne!(self.0, 13, "this one is not written");
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Fragile {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        assert_ne!(number, 14, "this one is not read");
        Ok(Self(number))
    }
}

#[tokio::test]
async fn what_panics_when_written_is_unfit_and_what_panics_when_read_is_unreadable() {
    #[cached(namespace = "fragile", key = id)]
    async fn fragile(id: u8, runs: &Runs) -> Fragile {
        runs.next();
        Fragile(id)
    }

    let server = redis().await;
    let runs = Runs::default();
    // The first values are read back, so what panics then is found before it is stored.
    for id in [13, 14] {
        assert_eq!((fragile(id, &runs).await, fragile(id, &runs).await), (Fragile(id), Fragile(id)));
    }
    let before = stats("fragile");
    assert!(before.unfit == 2 && before.fills == 2 && before.unreadable == 0, "{before:?}");

    assert_eq!(fragile(15, &runs).await, Fragile(15));
    let name = key(&server, "::fragile:15");
    set(&server, &name, &with_payload(&get(&server, &name), b"14".to_vec()));
    assert_eq!((fragile(15, &runs).await, fragile(15, &runs).await), (Fragile(15), Fragile(15)));
    let after = stats("fragile");
    assert_eq!((after.unfit, after.fills, after.unreadable), (before.unfit, before.fills + 2, 1));
    let logged = cachefn_tests::logs::lines("what is stored in Redis cannot be read");
    assert_eq!(logged.iter().filter(|line| line.text.contains("fragile")).count(), 1, "{logged:?}");
    assert!(server.keys(":l:fragile").is_empty(), "a lease was left behind");
}
