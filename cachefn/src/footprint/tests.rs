use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::{ALLOCATION, of};

#[test]
fn texts_and_sequences_count_for_what_they_own() {
    assert_eq!(of(&7_u64), 8);
    assert_eq!(of(&"abc".to_owned()), 24 + 3 + ALLOCATION);
    assert_eq!(of(&String::new()), 24);
    assert_eq!(of(&vec![7_u64; 100]), 24 + 800 + ALLOCATION);
    assert_eq!(of(&vec![7_u8; 100]), 24 + 100 + ALLOCATION);
    assert_eq!(of(&vec!["7".to_owned(); 10]), 24 + 10 * (24 + 1 + ALLOCATION) + ALLOCATION);
    assert_eq!(of(&vec![vec![1_u8; 3]; 10]), 24 + 10 * (24 + 3 + ALLOCATION) + ALLOCATION);
    assert_eq!(of(&[1_u64, 2, 3]), 24);
    assert_eq!(of(&vec![[1_u64, 2, 3]; 10]), 24 + 240 + ALLOCATION);
}

#[test]
fn maps_count_for_their_nodes_and_buckets() {
    let hashed: HashMap<u32, bool> = (0..100).map(|id| (id, true)).collect();
    assert_eq!(of(&hashed), size_of_val(&hashed) + 128 * 9 + 16 + ALLOCATION);
    let set: HashSet<u32> = (0..7).collect();
    assert_eq!(of(&set), size_of_val(&set) + 8 * 5 + 16 + ALLOCATION);
    let sorted = BTreeMap::from([(1_u64, 2_u64)]);
    assert_eq!(of(&sorted), 24 + 11 * 16 + 16 + ALLOCATION);
    assert_eq!(of(&BTreeMap::<u8, u8>::new()), 24);
}

#[derive(Clone, Default, Serialize)]
struct Row {
    id: u32,
    name: Option<String>,
    email: Option<String>,
    age: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[test]
fn what_is_empty_takes_its_room_all_the_same() {
    assert_eq!(of(&vec![Row::default(); 10]), 24 + 10 * size_of::<Row>() + ALLOCATION);
    assert_eq!(of(&vec![None::<String>; 10]), 24 + 160 + ALLOCATION);
    assert_eq!(of(&Some(Row::default())), size_of::<Option<Row>>());
}

#[derive(Clone, Serialize)]
enum Shape {
    Point,
    Circle(f64),
    Named { name: String, corners: [f64; 4] },
}

#[test]
fn every_element_is_as_large_as_the_largest_that_is_there() {
    let named = Shape::Named { name: "x".into(), corners: [0.0; 4] };
    let shapes = [vec![Shape::Point; 9], vec![named]].concat();
    assert_eq!(of(&shapes), 24 + 10 * size_of::<Shape>() + ALLOCATION + 1 + ALLOCATION);
    assert_eq!(of(&vec![Shape::Circle(1.0); 10]), 24 + 160 + ALLOCATION);
}

#[derive(Clone, Serialize)]
struct Owning {
    boxed: Box<u64>,
    nothing: Option<Box<Owning>>,
    text: Box<str>,
}

#[test]
fn what_a_pointer_owns_counts_and_types_without_pointers_own_nothing() {
    let owning = Owning { boxed: Box::new(1), nothing: None, text: "abc".into() };
    assert_eq!(of(&owning), size_of::<Owning>() + 8 + ALLOCATION + 3 + ALLOCATION);
    let nested = Owning { nothing: Some(Box::new(owning.clone())), ..owning.clone() };
    assert_eq!(of(&nested), 2 * of(&owning) + ALLOCATION);
    let shared: Vec<Arc<str>> = vec!["abc".into(); 10];
    assert_eq!(of(&shared), 24 + 10 * (16 + 16 + 3 + ALLOCATION) + ALLOCATION);
    assert_eq!(of(&(Uuid::nil(), NaiveDate::MIN, DateTime::<Utc>::UNIX_EPOCH)), 32);
    let dates = of(&vec![DateTime::<Utc>::UNIX_EPOCH; 10]);
    assert!((24 + 120..2 * (24 + 120)).contains(&dates), "{dates}");
    let ids = of(&vec![Uuid::nil(); 10]);
    assert!((24 + 160..=2 * (24 + 160)).contains(&ids), "{ids}");
}

#[derive(Serialize)]
struct Flat {
    id: u64,
    #[serde(serialize_with = "as_text")]
    count: u64,
    #[serde(flatten)]
    rest: HashMap<String, u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what `serialize_with` calls")]
fn as_text<S: Serializer>(count: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(count)
}

#[test]
fn fields_that_are_written_as_entries_are_fields() {
    let flat = Flat { id: 1, count: 2, rest: HashMap::new() };
    assert_eq!(of(&flat), size_of::<Flat>());
    let flat = Flat { id: 1, count: 2, rest: HashMap::from([("abc".into(), 7)]) };
    assert!((size_of::<Flat>() + 200..600).contains(&of(&flat)), "{}", of(&flat));
}

#[test]
fn json_counts_for_its_nodes() {
    let value = |text| serde_json::from_str::<serde_json::Value>(text).expect("it is JSON");
    let one = size_of::<serde_json::Value>();
    assert_eq!(of(&value("[1, null, true]")), one + 3 * one + ALLOCATION);
    assert_eq!(of(&value(r#""abc""#)), one + 3 + ALLOCATION);
    let map = of(&value(r#"{"a": 1}"#));
    // With its feature `preserve_order` serde_json keeps maps as a list and an index.
    if size_of::<serde_json::Map<String, serde_json::Value>>() == size_of::<Vec<u8>>() {
        let node = (11 * (24 + one) + 12_usize).next_multiple_of(8) + ALLOCATION;
        assert_eq!(map, one + node + 1 + ALLOCATION);
    } else {
        assert!((one + 100..one + 600).contains(&map), "{map}");
    }
}

struct Failing(bool);

impl Serialize for Failing {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        assert!(!self.0, "the user is locked");
        Err(serde::ser::Error::custom("the user is locked"))
    }
}

#[test]
fn what_was_seen_before_serialize_fails_counts() {
    for panics in [false, true] {
        let seen = of(&("abc".to_owned(), vec![Failing(panics)]));
        assert_eq!(seen, 24 + 24 + 3 + ALLOCATION);
    }
}
