use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};
use uuid::Uuid;

use super::tape::Tape;
use super::{Probe, trace};

/// Traces items called `Root` that all have one path, so that only what is inside can tell them apart.
macro_rules! prints {
    ($($label:literal { $($item:item)* })*) => {
        [$({
            $(#[allow(dead_code)] #[derive(Deserialize)] $item)*
            ($label, std::any::type_name::<Root>(), trace::<Root>(false), trace::<Root>(true))
        }),*]
    };
}

#[track_caller]
fn assert_all_differ(prints: &[(&str, &str, super::Shape, super::Shape)]) {
    for (i, (left, name, binary, text)) in prints.iter().enumerate() {
        for (right, other_name, other_binary, other_text) in &prints[..i] {
            assert_eq!(name, other_name, "the test compares names instead of shapes");
            assert_ne!(binary.fingerprint, other_binary.fingerprint, "{left} and {right}, binary");
            assert_ne!(text.fingerprint, other_text.fingerprint, "{left} and {right}, text");
        }
    }
}

#[test]
fn one_definition_always_has_one_fingerprint() {
    let prints = prints! {
        "one" { struct Root { id: u32, tags: Vec<Tag> } enum Tag { A, B(u8) } }
        "same" { struct Root { id: u32, tags: Vec<Tag> } enum Tag { A, B(u8) } }
    };
    assert_eq!(prints[0].2, prints[1].2);
    assert_eq!(prints[0].3, prints[1].3);
}

#[test]
fn the_fingerprint_does_not_change_between_runs() {
    assert_eq!(trace::<(u32, Option<String>)>(false).fingerprint, GOLDEN);
}

const GOLDEN: u64 = 2_137_497_268_556_286_098;

#[test]
fn a_change_to_a_field_changes_the_fingerprint() {
    assert_all_differ(&prints! {
        "base" { struct Root { a: u32, b: u64, c: String } }
        "added" { struct Root { a: u32, b: u64, c: String, d: bool } }
        "added with a default" { struct Root { a: u32, b: u64, c: String, #[serde(default)] e: bool } }
        "removed" { struct Root { a: u32, b: u64 } }
        "renamed" { struct Root { a: u32, b: u64, name: String } }
        "renamed for serde" { struct Root { a: u32, b: u64, #[serde(rename = "title")] c: String } }
        "retyped" { struct Root { a: u64, b: u64, c: String } }
        "optional" { struct Root { a: Option<u32>, b: u64, c: String } }
        "optional twice" { #[allow(clippy::option_option)] struct Root { a: Option<Option<u32>>, b: u64, c: String } }
        "swapped types" { struct Root { a: u64, b: u32, c: String } }
        "reordered" { struct Root { b: u64, a: u32, c: String } }
        "listed" { struct Root { a: Vec<u32>, b: u64, c: String } }
        "listed otherwise" { struct Root { a: Vec<u64>, b: u64, c: String } }
        "boxed as array" { struct Root { a: [u32; 3], b: u64, c: String } }
        "longer array" { struct Root { a: [u32; 4], b: u64, c: String } }
        "tuple" { struct Root(u32, u64, String); }
        "newtype" { struct Root(u32); }
        "unit" { struct Root; }
        "empty" { struct Root {} }
    });
}

#[test]
fn a_change_to_a_variant_changes_the_fingerprint() {
    assert_all_differ(&prints! {
        "base" { enum Root { A, B(u32), C { x: u32 }, D { x: u32 } } }
        "added" { enum Root { A, B(u32), C { x: u32 }, D { x: u32 }, E } }
        "removed" { enum Root { A, B(u32), C { x: u32 } } }
        "renamed" { enum Root { A, B(u32), C { x: u32 }, F { x: u32 } } }
        "reordered" { enum Root { B(u32), A, C { x: u32 }, D { x: u32 } } }
        "unit to newtype" { enum Root { A(()), B(u32), C { x: u32 }, D { x: u32 } } }
        "newtype retyped" { enum Root { A, B(u64), C { x: u32 }, D { x: u32 } } }
        "newtype to tuple" { enum Root { A, B(u32, u32), C { x: u32 }, D { x: u32 } } }
        "fourth retyped" { enum Root { A, B(u32), C { x: u32 }, D { x: u64 } } }
        "third retyped" { enum Root { A, B(u32), C { x: u64 }, D { x: u32 } } }
        "field added" { enum Root { A, B(u32), C { x: u32 }, D { x: u32, y: u8 } } }
    });
}

type Dated<T> = BTreeMap<NaiveDate, Result<Box<T>, ()>>;

#[derive(Deserialize)]
#[allow(dead_code)]
struct Wrapped<T> {
    map: HashMap<String, Vec<(u8, Dated<T>)>>,
    cow: Cow<'static, str>,
}

macro_rules! behind {
    ($outer:ty) => {
        assert_all_differ(&prints! {
            "u32" { struct Root { x: $outer } struct Inner { x: u32 } }
            "u64" { struct Root { x: $outer } struct Inner { x: u64 } }
            "renamed" { struct Root { x: $outer } struct Inner { y: u32 } }
        })
    };
}

#[test]
fn a_change_is_seen_behind_every_container() {
    behind!(Option<Option<Inner>>);
    behind!(Vec<Inner>);
    behind!([Inner; 2]);
    behind!((String, NaiveDate, DateTime<Utc>, Uuid, IpAddr, Inner));
    behind!(HashMap<Uuid, Inner>);
    behind!(BTreeMap<NaiveDate, Vec<Inner>>);
    behind!(BTreeMap<(u8, NaiveTime), Inner>);
    behind!(HashMap<Email, Inner>);
    behind!((Email, String, Email, Inner));
    behind!(Result<Inner, String>);
    behind!(Wrapped<Inner>);
    behind!((Tree<u8>, Tree<Inner>));
    behind!((Expr, Inner));
    behind!((SystemTime, Duration, NonZeroU32, SocketAddr, char, i128, PhantomData<u8>, Inner));
    behind!(std::sync::Arc<std::rc::Rc<Box<Inner>>>);
    behind!(std::ops::Range<Inner>);
    behind!((Adjacent<u8>, Adjacent<Inner>));
}

#[derive(Deserialize, PartialEq, Eq, Hash)]
#[serde(try_from = "String")]
struct Email(String);

impl TryFrom<String> for Email {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.contains('@') { Ok(Self(text)) } else { Err("no @") }
    }
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Tree<T> {
    children: Vec<Tree<T>>,
    parent: Option<Box<Tree<T>>>,
    value: T,
}

#[derive(Deserialize)]
#[allow(dead_code)]
enum Expr {
    Add(Box<Expr>, Tree<NaiveDate>, Box<Expr>),
    Not { of: Box<Expr> },
    Literal(u64),
}

#[derive(Deserialize)]
#[allow(dead_code)]
#[serde(tag = "t", content = "c")]
enum Adjacent<T> {
    Nothing,
    One(T),
    Two { a: T, b: u8 },
}

/// Refuses whatever it is given.
#[allow(dead_code)]
struct Stubborn;

impl<'de> Deserialize<'de> for Stubborn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?;
        Err(D::Error::custom("no"))
    }
}

#[test]
fn fields_beside_one_that_refuses_everything_are_seen() {
    assert_all_differ(&prints! {
        "u32" { struct Root { a: Stubborn, b: u32 } }
        "u64" { struct Root { a: Stubborn, b: u64 } }
        "earlier" { struct Root { a: Vec<u8>, b: u64 } }
        "middle" { struct Root { a: u8, c: Stubborn, b: u64 } }
        "middle u32" { struct Root { a: u8, c: Stubborn, b: u32 } }
        "variant" { enum Root { A(Stubborn), B { x: Stubborn, y: u32 } } }
        "variant u64" { enum Root { A(Stubborn), B { x: Stubborn, y: u64 } } }
    });
}

#[test]
fn two_functions_producing_one_type_are_told_apart() {
    fn as_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
    assert_all_differ(&prints! {
        "with" { struct Root { a: u64, #[serde(deserialize_with = "as_text")] b: u64, c: bool } }
        "plain" { struct Root { a: u64, b: u64, c: bool } }
        "other" { struct Root { #[serde(deserialize_with = "as_text")] a: u64, b: u64, c: bool } }
        "chrono" { struct Root { #[serde(with = "chrono::serde::ts_seconds")] a: DateTime<Utc> } }
        "chrono millis" { struct Root { #[serde(with = "chrono::serde::ts_milliseconds")] b: DateTime<Utc> } }
    });
}

mod one {
    #[derive(serde::Deserialize)]
    #[allow(dead_code)]
    pub(super) struct W<T> {
        inner: T,
    }
}

mod two {
    #[derive(serde::Deserialize)]
    #[allow(dead_code)]
    pub(super) struct W<T> {
        inner: T,
    }
}

#[test]
fn types_of_one_serde_name_do_not_hide_each_other() {
    assert_all_differ(&prints! {
        "a" { struct Root { a: one::W<u8>, b: two::W<Inner>, c: one::W<Inner> } struct Inner { x: u8 } }
        "b" { struct Root { a: one::W<u8>, b: two::W<Inner>, c: one::W<Inner> } struct Inner { x: u16 } }
    });
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Rest {
    z: u8,
}

#[test]
fn types_that_ask_the_input_are_self_describing() {
    let prints = prints! {
        "flatten" { struct Root { a: u8, #[serde(flatten)] rest: Rest } }
        "flattened map" { struct Root { #[serde(flatten)] rest: HashMap<String, u8> } }
        "untagged" { struct Root { a: Vec<Any> } #[serde(untagged)] enum Any { A(u8), B(String) } }
        "tag" { struct Root { a: Option<Any> } #[serde(tag = "t")] enum Any { A { x: u8 }, B } }
        "tag and content" { struct Root { a: Adjacent<u8> } }
        "value" { struct Root { a: HashMap<String, serde_json::Value> } }
        "ignored" { struct Root { a: serde::de::IgnoredAny } }
        "behind a refusal" { struct Root { a: Stubborn, b: serde_json::Value } }
    };
    assert!(prints.iter().all(|(_, _, binary, text)| binary.self_describing && text.self_describing));
    assert_all_differ(&prints);
}

#[test]
fn other_types_are_not_self_describing() {
    fn plain<T: DeserializeOwned>() {
        assert!(!trace::<T>(false).self_describing, "{}", std::any::type_name::<T>());
        assert!(!trace::<T>(true).self_describing, "{}", std::any::type_name::<T>());
    }
    plain::<()>();
    plain::<(String, Box<str>, Cow<'static, str>, PhantomData<u8>)>();
    plain::<std::sync::Arc<str>>();
    plain::<HashMap<IpAddr, BTreeSet<Option<Option<u128>>>>>();
    plain::<HashSet<(Uuid, NaiveDate, NaiveDateTime, DateTime<Utc>)>>();
    plain::<Vec<(Duration, SystemTime, NonZeroU32, i128, char, serde_bytes::ByteBuf)>>();
    plain::<Result<Option<Expr>, Tree<Stubborn>>>();
    plain::<[[u8; 32]; 32]>();
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Twice<T> {
    a: Box<T>,
    b: Box<T>,
}

type T4<T> = Twice<Twice<Twice<Twice<T>>>>;

#[test]
fn a_type_of_exponential_size_ends_and_shows_its_leaf() {
    assert_all_differ(&prints! {
        "u32" { struct Root { x: T4<T4<T4<T4<T4<Inner>>>>> } struct Inner { x: u32 } }
        "u64" { struct Root { x: T4<T4<T4<T4<T4<Inner>>>>> } struct Inner { x: u64 } }
    });
}

#[test]
fn a_deserialize_that_never_agrees_or_changes_its_mind_ends() {
    thread_local!(static CALLS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
    struct Fickle;
    impl<'de> Deserialize<'de> for Fickle {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let calls = CALLS.replace(CALLS.get() + 1);
            match calls % 3 {
                0 => Vec::<Fickle>::deserialize(deserializer).map(|_| Self),
                1 => Option::<(Fickle, String)>::deserialize(deserializer).map(|_| Self),
                _ => Expr::deserialize(deserializer).map(|_| Self),
            }
        }
    }
    trace::<Stubborn>(false);
    trace::<HashMap<Stubborn, Box<Fickle>>>(true);
    trace::<(Fickle, Fickle, Vec<Fickle>)>(true);
    trace::<Infallible>(false);
}

#[derive(Deserialize)]
enum Infallible {}

impl PartialEq for Stubborn {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Stubborn {}

impl std::hash::Hash for Stubborn {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

#[test]
fn recursion_of_the_type_ends_the_walk() {
    let (passes, requests) = cost::<(Expr, Tree<Expr>)>();
    assert!(passes < 100 && requests < 3_000, "{passes} passes, {requests} requests");
}

fn cost<T: DeserializeOwned>() -> (usize, usize) {
    let mut tape = Tape::new("", false);
    while {
        let passed = T::deserialize(Probe(&mut tape)).is_ok();
        tape.next_pass(passed)
    } {}
    (tape.passes, tape.requests)
}

#[test]
fn a_type_that_panics_on_a_sample_is_known_by_its_name() {
    #[derive(Debug)]
    struct Picky;
    impl<'de> Deserialize<'de> for Picky {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            assert!(text == "picky", "only its own text is expected");
            Ok(Self)
        }
    }
    let shape = trace::<Vec<Picky>>(false);
    assert!(shape.self_describing);
    assert_eq!(shape, trace::<Vec<Picky>>(false));
    assert_ne!(shape.fingerprint, trace::<Option<Picky>>(false).fingerprint);
}
