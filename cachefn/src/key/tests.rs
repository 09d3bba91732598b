//! Keys as people read them, their limits and their errors.

mod equal;
mod hidden;
mod injective;
mod levels;
mod model;
mod read;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;

use super::*;

fn fixed(namespace: &str, function: Option<&str>) -> KeyWriter {
    let mut key = KeyWriter::new();
    key.begin(&Key::head(namespace, function));
    key
}

fn finish(mut key: KeyWriter) -> Result<Key, KeyError> {
    key.complete()?;
    Ok(key.to_key())
}

fn seal(mut key: KeyWriter, secret: &[u8]) -> Result<Key, KeyError> {
    key.seal(secret)?;
    Ok(key.to_key())
}

/// Writes what generated code writes: literals, `{part} separator`, `{namespace}` and the namespace's end.
macro_rules! pieces {
    ($key:ident;) => {};
    ($key:ident; end $($rest:tt)*) => { $key.namespace_end(); pieces!($key; $($rest)*) };
    ($key:ident; namespace $($rest:tt)*) => { $key.namespace(); pieces!($key; $($rest)*) };
    ($key:ident; {$part:expr} $separator:tt $($rest:tt)*) => {
        (&&&Part(&($part))).cachefn_write(&mut $key, $separator);
        pieces!($key; $($rest)*)
    };
    ($key:ident; $literal:literal $($rest:tt)*) => { $key.text($literal); pieces!($key; $($rest)*) };
}
use pieces;

/// The key of an expression: `users:get` and the parts.
macro_rules! key {
    ($($part:expr),* $(,)?) => {{
        #[allow(unused_mut)]
        let mut key = fixed("users", Some("get"));
        $(pieces!(key; ":" {$part} b':');)*
        finish(key).map(|key| key.as_str().to_owned()).expect("every part serializes")
    }};
}
use key;

#[derive(Serialize, Clone, Copy)]
struct UserId(u64);

#[derive(Serialize)]
struct Point(i32, i32);

#[derive(Serialize)]
struct Query<'a> {
    text: &'a str,
    #[serde(rename = "page-size", skip_serializing_if = "Option::is_none")]
    size: Option<u8>,
    order: Order,
}

#[derive(Serialize)]
enum Order {
    Newest,
    By(&'static str),
    Pair(u8, u8),
    #[serde(rename = "at least")]
    AtLeast {
        likes: u32,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Untagged {
    Number(u8),
    Text(&'static str),
    Unit,
    List([u8; 0]),
}

#[test]
fn basic_types_read_as_they_display() {
    assert_eq!(key!(), "users:get");
    assert_eq!(key!(7_u64), "users:get:7");
    assert_eq!(key!("bob", 2), "users:get:bob:2");
    assert_eq!(key!(0, u64::MAX, i64::MIN), "users:get:0:18446744073709551615:-9223372036854775808");
    assert_eq!(key!(u128::MAX, i128::MIN), format!("users:get:{}:{}", u128::MAX, i128::MIN));
    assert_eq!(key!(-7_i8, 7_usize, -7_isize, NonZero::<u8>::MIN), "users:get:-7:7:-7:1");
    assert_eq!(key!(true, 'x', 1.5, 0.1_f32, 1.0), "users:get:true:x:1.5:0.1:1");
    assert_eq!(key!("", None::<u8>, Some(1), Some(""), ()), "users:get:%e:%n:1:%e:%u");
    assert_eq!(key!(None::<Option<u8>>, Some(None::<u8>), Some(Some(1))), "users:get:%n:%s%n:1");
    assert_eq!(key!(0.0, -0.0, f64::INFINITY), "users:get:0:0:inf");
    assert_eq!(key!(f64::from_bits(0x7ff8_0000_0000_0001)), "users:get:%f7ff8000000000000");
}

#[test]
fn special_characters_are_escaped() {
    assert_eq!(key!("a:b"), "users:get:a%3Ab");
    assert_eq!(key!("100% {x} *?[]\\^"), "users:get:100%25%20%7Bx%7D%20%2A%3F%5B%5D%5C%5E");
    assert_eq!(key!("\0\n\u{7f}\u{85}\u{a0}\u{3000}"), "users:get:%00%0A%7F%C2%85%C2%A0%E3%80%80");
    assert_eq!(key!("é/ü-ж_.@,(\"x\")"), "users:get:é/ü-ж_.@,(\"x\")");
    assert_eq!(key!("%n", "%e", '%'), "users:get:%25n:%25e:%25");
}

#[test]
fn all_white_space_and_controls_are_escaped() {
    for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32).filter(|c| !c.is_ascii()) {
        let escaped = key!(c).starts_with("users:get:%");
        assert_eq!(escaped, c.is_whitespace() || c.is_control(), "{c:?}");
    }
}

#[test]
fn structured_values_read_as_rust_like_text() {
    assert_eq!(key!((7_u64, "a\"b", 'c', 1.5, true)), "users:get:(7u64,\"a\"\"b\",'c',1.5f64,true)");
    assert_eq!(key!(vec![Some(1_u8), None], ((),)), "users:get:#(some(1u8),none):(unit)");
    assert_eq!(key!(UserId(7), Point(1, -2)), "users:get:@UserId(7u64):@Point<1i32,-2i32>");
    assert_eq!(
        key!(Query { text: "x y", size: None, order: Order::Newest }),
        "users:get:@Query(text=\"x%20y\",page-size=_,order=@Order.Newest)"
    );
    assert_eq!(
        key!(Order::By("age"), Order::Pair(1, 2), Order::AtLeast { likes: 3 }),
        "users:get:@Order.By(\"age\"):@Order.Pair<1u8,2u8>:@Order.\"at%20least\"(likes=3u32)"
    );
    assert_eq!(key!(HashMap::from([("b", 2), ("a", 1)])), "users:get:#map(\"a\"=1i32,\"b\"=2i32)");
    let when = chrono::DateTime::from_timestamp(0, 0).expect("the epoch is a time");
    assert_eq!(key!(uuid::Uuid::nil()), "users:get:\"00000000-0000-0000-0000-000000000000\"");
    assert_eq!(key!(when), "users:get:\"1970-01-01T00%3A00%3A00Z\"");
}

#[test]
fn an_untagged_enum_keeps_its_variants_apart() {
    let keys = [
        key!(Untagged::Number(1)),
        key!(Untagged::Text("1")),
        key!(Untagged::Text("1u8")),
        key!(Untagged::Unit),
        key!(Untagged::List([])),
    ];
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len(), "{keys:?}");
}

#[test]
fn references_and_pointers_read_as_what_they_point_to() {
    let (mut name, list): (String, &[u64]) = ("bob".into(), &[1, 2]);
    let id = UserId(7);
    assert_eq!(key!(&name, &&*name, *name), "users:get:bob:bob:bob");
    assert_eq!(key!(&mut name, Arc::<str>::from("a"), Rc::new(1)), "users:get:bob:a:1");
    assert_eq!(key!(Box::new("x"), Cow::from("y"), Some(&name)), "users:get:x:y:bob");
    assert_eq!(key!(list, *list, &list), "users:get:#(1u64,2u64):#(1u64,2u64):#(1u64,2u64)");
    assert_eq!(
        key!(&&id, Box::new(id), Some(&id)),
        "users:get:@UserId(7u64):@UserId(7u64):some(@UserId(7u64))"
    );
    assert_eq!(key!(Some(Box::new(None::<u8>))), "users:get:%s%n");
}

#[test]
fn a_type_parameter_is_structured_text_in_every_instance() {
    fn generic<T: Serialize>(value: &T, list: &[T]) -> String {
        key!(value, *value, list)
    }
    assert_eq!(generic(&"bob", &[]), "users:get:\"bob\":\"bob\":#()");
    assert_eq!(generic(&7_u8, &[1]), "users:get:7u8:7u8:#(1u8)");
}

#[test]
fn a_set_that_is_the_argument_has_no_order() {
    let set: HashSet<&str> = ["b", "c", "a:b"].into();
    let expected = "users:get:#set(\"a%3Ab\",\"b\",\"c\")";
    assert_eq!(key!(set), expected);
    assert_eq!(key!(&&set), expected);
    assert_eq!(key!(Some(set.clone())), expected);
    assert_eq!(key!(set.iter().collect::<BTreeSet<_>>()), expected);
    assert_eq!(key!(HashSet::<u8>::new()), "users:get:#set()");
}

#[test]
fn templates_are_written_as_they_stand() {
    let mut key = fixed("pages", None);
    pieces!(key; "page-" {"a-b"} b'-' "-of:" namespace "/" {"c/:"} b':');
    let key = finish(key).expect("every part serializes");
    assert_eq!(key.as_str(), "pages:page-a%2Db-of:pages/c/%3A");
    assert_eq!((key.namespace(), &key.as_str()[key.arguments..]), ("pages", "page-a%2Db-of:pages/c/%3A"));
}

#[test]
fn a_namespace_may_be_a_template() {
    let mut key = KeyWriter::new();
    key.keyed_by(Some("get"));
    pieces!(key; "products:" {"a:b"} b':' end ":" {7} b':');
    let key = finish(key).expect("every part serializes");
    assert_eq!(key.as_str(), "products:a%3Ab:get:7");
    assert_eq!((key.namespace(), &key.as_str()[key.arguments..]), ("products:a%3Ab", ":7"));
}

#[test]
fn a_character_of_many_bytes_is_a_separator_too() {
    let mut key = fixed("t", None);
    pieces!(key; {"aéь→"} 0xC3 "é" {"b"} b':');
    assert_eq!(finish(key).expect("every part serializes").as_str(), "t:a%C3%A9ь→éb");
}

#[test]
fn arguments_of_a_long_key_become_a_digest() {
    let long = "x".repeat(200 - "users:get:".len());
    assert_eq!(key!(long), format!("users:get:{long}"));
    assert_eq!(key!(long + "x"), "users:get:%ha4fd143dcb7cb51d322c1e2252027afc");
    assert_eq!(key!("y".repeat(1000)).len(), "users:get:%h".len() + 32);
}

#[test]
fn a_long_segment_of_a_namespace_becomes_a_digest() {
    let mut key = KeyWriter::new();
    pieces!(key; "products:" {"x".repeat(300)} b':' ":" {"y"} b':' end "list");
    let key = finish(key).expect("every part serializes");
    let (parent, leaf) = key.namespace().rsplit_once(':').expect("a hierarchical namespace");
    assert_eq!((leaf, &parent[..11], parent.len()), ("y", "products:%h", 9 + 34));
    assert_eq!(parent, canonical_group(&format!("products:{}", "x".repeat(300))));
    assert_eq!(parent, canonical_group(parent));
}

#[test]
fn what_cannot_be_serialized_is_an_error_that_says_why() {
    struct Broken;
    impl fmt::Display for Broken {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }
    use std::os::unix::ffi::OsStringExt as _;
    let path = std::path::PathBuf::from(std::ffi::OsString::from_vec(vec![b'a', 0xff]));

    let mut key = fixed("files", Some("read"));
    pieces!(key; ":" {path} b':' ":" {Broken} b':');
    assert_eq!(finish(key).unwrap_err().to_string(), "path contains invalid UTF-8 characters");

    let mut key = fixed("files", Some("read"));
    pieces!(key; ":" {HashSet::from([path])} b':');
    assert!(finish(key).is_err());

    let mut key = fixed("files", Some("read"));
    pieces!(key; ":" {Broken} b':');
    assert_eq!(finish(key).unwrap_err().to_string(), "its `Display` failed");
}

/// A call in short, and its key.
macro_rules! short {
    ($($part:expr),+ $(,)?) => {{
        let mut short = KeyWriter::short();
        $((&&&Part(&($part))).cachefn_argument(&mut short);)+
        assert!(short.is_usable() && short.as_bytes().len() % 8 == 0);
        (short.as_bytes().to_vec(), key!($($part),+))
    }};
}

#[test]
fn calls_in_short_are_told_apart_like_their_keys() {
    let calls = [
        short!(""),
        short!("", ""),
        short!("a", "b"),
        short!("ab"),
        short!("ab", ""),
        short!("", "ab"),
        short!("a:b"),
        short!("12345678"),
        short!("1234567", "8"),
        short!("12345678", ""),
        short!(1_u64),
        short!(-1),
        short!("1"),
        short!(1_u64, 1_u64),
        short!((1_u64 << 56) - 1),
        short!(1_u64 << 56),
        short!(1_u64 << 56, 1_u64),
        short!(i64::MIN),
        short!(u64::MAX),
        short!(None::<u64>),
        short!(Some(1_u64)),
        short!(Some(None::<u64>)),
        short!(Some(None::<u64>), None::<u64>),
        short!(None::<u64>, Some(None::<u64>)),
        short!(vec![1_u8, 2]),
        short!(vec![1_u8], vec![2_u8]),
        short!((1_u8, "a")),
        short!(UserId(1)),
        short!('a', 'b'),
        short!(1.5, ()),
    ];
    for (at, (short, key)) in calls.iter().enumerate() {
        let alike = calls[..at].iter().find(|(other, _)| other == short);
        assert!(alike.is_none_or(|(_, other)| other == key), "{key} is in short like {alike:?}");
    }
    assert_eq!(short!("ada", 7_u64), short!(String::from("ada"), &7_u64));
}
