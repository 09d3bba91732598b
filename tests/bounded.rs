//! `CACHE_MAX_BYTES` bounds memory as the allocator counts it. Alone in its process: it counts what the whole of it
//! allocates.
#![allow(missing_docs)]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers, and ratios")]

use std::alloc::System;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use cachefn::testing::isolated;
use cachefn::{Config, cached};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const BOUND: u64 = 8 << 20;

/// What is allocated now: bytes as they were asked for, and as an allocator that rounds up to 16 has them, with 8 of its own.
fn live() -> [i64; 2] {
    let stats = ALLOCATOR.stats();
    let number = |count: usize| i64::try_from(count).unwrap();
    let asked = number(stats.bytes_allocated) - number(stats.bytes_deallocated);
    [asked, asked + 16 * (number(stats.allocations) - number(stats.deallocations))]
}

/// Calls with ever new keys, each twice, until three times as many were called as there is room for. What is allocated
/// then is shown, and whether it is half to twice of the bound.
async fn is_kept<C: Future>(bound: u64, call: impl Fn(u64) -> C) -> Result<String, String> {
    let before = live();
    let config = Config::builder().enabled(true).max_bytes(bound).build().unwrap();
    isolated(config, async {
        let (mut id, mut full) = (0, None);
        while full.is_none_or(|full| id < 3 * full) {
            for _ in 0..16 {
                call(id).await;
                call(id).await;
                id += 1;
            }
            if full.is_none() && cachefn::status().bytes > bound * 3 / 4 {
                full = Some(id);
            }
            assert!(id < 100_000, "the bound is never reached: {:?}", cachefn::status());
        }
        let status = cachefn::status();
        let shares = [0, 1].map(|way| (live()[way] - before[way]) as f64 / bound as f64);
        let entries = status.entries;
        let line = format!("{:.2} {:.2} of the bound with {entries} entries", shares[0], shares[1]);
        let is_kept = status.bytes <= bound && shares.iter().all(|share| (0.5..=2.0).contains(share));
        if is_kept { Ok(line) } else { Err(line) }
    })
    .await
}

macro_rules! kept {
    ($($(#[$($argument:tt)*])* $name:ident: $type:ty = |$id:ident| $value:expr;)*) => {$(
        mod $name {
            use super::*;

            #[cached(expire = 3600, key = $id $(, $($argument)*)*)]
            pub(super) async fn get($id: u64) -> $type {
                $value
            }
        }
    )*
        /// Every case, so that one that fails does not hide others.
        async fn all() -> Vec<(&'static str, Result<String, String>)> {
            vec![$((stringify!($name), is_kept(BOUND, $name::get).await)),*]
        }
    };
}

fn digits(from: u64, many: u64) -> Vec<String> {
    (from..from + many).map(|number| number.to_string()).collect()
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Row {
    id: u64,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    age: Option<u32>,
    parent: Option<Box<Row>>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Lean {
    id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Address {
    street: String,
    zip: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
struct User {
    id: Uuid,
    name: String,
    born: NaiveDate,
    seen: DateTime<Utc>,
    addresses: Vec<Address>,
    nick: Option<String>,
    scores: HashMap<String, f32>,
}

fn user(id: u64) -> User {
    let address = |number: u64| Address { street: format!("{number} Main Street"), zip: None };
    User {
        id: Uuid::from_u128(id.into()),
        name: format!("user {id}"),
        born: NaiveDate::MIN,
        seen: DateTime::UNIX_EPOCH,
        addresses: (0..3).map(address).collect(),
        nick: id.is_multiple_of(2).then(|| "nick".to_owned()),
        scores: HashMap::from([("chess".to_owned(), 1.0)]),
    }
}

#[derive(Clone, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f64),
    Polygon { name: String, corners: [f64; 12] },
}

fn shapes(many: u64) -> Vec<Shape> {
    let of = |number: u64| match number % 3 {
        0 => Shape::Point,
        1 => Shape::Circle(1.0),
        _ => Shape::Polygon { name: "polygon".to_owned(), corners: [0.0; 12] },
    };
    (0..many).map(of).collect()
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Event {
    Login { user: u64 },
    Message { from: u64, text: String },
}

fn events(many: u64) -> Vec<Event> {
    let of = |number: u64| match number % 2 {
        0 => Event::Login { user: number },
        _ => Event::Message { from: number, text: "hello".to_owned() },
    };
    (0..many).map(of).collect()
}

#[derive(Clone, Serialize, Deserialize)]
struct Flat {
    id: u64,
    #[serde(flatten)]
    rest: HashMap<String, serde_json::Value>,
}

fn objects(many: u64) -> serde_json::Value {
    let one = |id| serde_json::json!({ "id": id, "tags": [], "sub": { "a": null } });
    (0..many).map(one).collect()
}

kept! {
    #[namespace = "numbers"]
    number: u64 = |id| id;
    #[namespace = "users:{id}"]
    number_in_its_namespace: u64 = |id| id;
    #[tags = ["org:{id}", "team:{id}"]]
    number_with_tags: u64 = |id| id;
    #[tags_with = |id: &u64| (0..32).map(|tag| format!("tag:{id}:{tag}")).collect::<Vec<_>>()]
    number_with_tags_of_its_own: u64 = |id| id;
    #[stale = 60]
    number_served_stale: u64 = |id| id;
    numbers: Vec<u64> = |id| vec![id; 1000];
    few_numbers: Vec<u64> = |id| vec![id; 4];
    small_bytes: Vec<u8> = |id| vec![id as u8; 10_000];
    shared_bytes: Bytes = |id| Bytes::from(vec![id as u8; 10_000]);
    lists: Vec<Vec<u8>> = |id| vec![vec![id as u8; 3]; 300];
    text: String = |id| format!("a text of {id}");
    long_text: String = |id| "x".repeat(100_000 + id as usize % 2);
    longer_text: String = |id| "x".repeat(900_000 + id as usize % 2);
    shared_text: Arc<str> = |id| format!("a text of {id}").into();
    texts: Vec<String> = |id| digits(id, 300);
    shared_texts: Vec<Arc<str>> = |id| digits(id, 300).into_iter().map(Arc::from).collect();
    hashed: HashMap<u32, bool> = |id| (0..300 + id as u32 % 300).map(|key| (key, true)).collect();
    hashed_texts: HashMap<String, String> = |id| digits(id, 100).into_iter().map(|text| (text.clone(), text)).collect();
    set: HashSet<u64> = |id| (id..id + 200).collect();
    sorted: BTreeMap<String, Vec<String>> = |id| digits(id, 100).into_iter().map(|key| (key, digits(id, 2))).collect();
    sorted_one_by_one: BTreeMap<u64, u64> = |id| { let mut map = BTreeMap::new(); for key in 0..200 { map.insert(key, id); } map };
    sorted_small: Vec<BTreeMap<String, u8>> = |id| vec![BTreeMap::from([(id.to_string(), 1)]); 100];
    sorted_set: BTreeSet<u32> = |id| (0..200 + id as u32 % 9).collect();
    empty_rows: Vec<Row> = |id| vec![Row { id, ..Row::default() }; 100];
    lean_rows: Vec<Lean> = |id| vec![Lean { id, ..Lean::default() }; 100];
    options: Vec<Option<u64>> = |id| vec![None; 1000 + id as usize % 2];
    json: serde_json::Value = |id| objects(20 + id % 2);
    json_numbers: serde_json::Value = |id| (0..300).map(|number| number + id).collect();
    users: Vec<User> = |id| (id..id + 20).map(user).collect();
    one_user: User = |id| user(id);
    maybe_user: Option<Arc<User>> = |id| Some(Arc::new(user(id)));
    shapes_of_all_kinds: Vec<Shape> = |id| shapes(100 + id % 2);
    tagged: Vec<Event> = |id| events(100 + id % 2);
    flat: Vec<Flat> = |id| vec![Flat { id, rest: HashMap::from([("a".to_owned(), 1.into())]) }; 30];
    ids: Vec<Uuid> = |id| vec![Uuid::from_u128(id.into()); 300];
    dates: Vec<DateTime<Utc>> = |id| vec![DateTime::UNIX_EPOCH; 300 + id as usize % 2];
}

#[cached(expire = 3600, namespace = "keys")]
async fn by_text(text: String) -> u64 {
    text.len() as u64
}

#[tokio::test]
async fn what_is_allocated_is_half_to_twice_the_bound() {
    // The first cache of a process and what is made once: not to be counted in.
    is_kept(BOUND, number::get).await.ok();
    let mut kept = all().await;
    for length in [8, 50, 100, 200] {
        let call = |id| by_text(format!("{id:0length$}"));
        kept.push(("by_text", is_kept(BOUND, call).await.map_err(|line| format!("{line}, {length} bytes"))));
    }
    for bound in [1 << 20, 24 << 20] {
        kept.push((
            "number",
            is_kept(bound, number::get).await.map_err(|line| format!("{line}, {bound} bytes")),
        ));
    }
    for (name, result) in &kept {
        println!("{name:<30}{}", result.as_ref().unwrap_or_else(|line| line));
    }
    let broken: Vec<_> = kept.iter().filter(|(_, result)| result.is_err()).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}
