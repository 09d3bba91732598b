//! Keys that are hidden, and the names of groups.

use std::net::IpAddr;

use proptest::prelude::*;

use super::super::levels::readings;
use super::levels::levels;
use super::*;

fn sealed(secret: &str, argument: &str) -> Key {
    let mut key = fixed("sessions", Some("get"));
    pieces!(key; ":" {argument} b':');
    seal(key, secret.as_bytes()).expect("text serializes")
}

#[test]
fn a_sealed_key_shows_nothing_of_its_arguments() {
    let key = sealed("s", "hunter2");
    assert_eq!(key.as_str(), "sessions:get:%x74798fa2608bbbac001fa2f9855d2678");
    assert_eq!(key.namespace(), "sessions");
    assert_eq!(key, sealed("s", "hunter2"));
    assert_ne!(key, sealed("t", "hunter2"));
    assert_ne!(key, sealed("s", "hunter3"));

    let mut template = fixed("sessions", None);
    pieces!(template; "token:" {"hunter2"} b':');
    let template = seal(template, b"s").expect("text serializes");
    assert!(
        template.as_str().starts_with("sessions:%x") && template.as_str().len() == 9 + 34,
        "{template:?}"
    );
}

#[test]
fn nothing_that_fails_or_is_printed_shows_a_sensitive_argument() {
    struct Telling;
    impl Serialize for Telling {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("hunter2 is no number"))
        }
    }
    let mut key = fixed("sessions", Some("get"));
    pieces!(key; ":" {"hunter2"} b':' ":" {Telling} b':');
    assert!(!format!("{key:?}").contains("hunter2"), "{key:?}");
    assert_eq!(seal(key, b"s").unwrap_err().to_string(), "a sensitive argument does not serialize");
}

/// What `tags = ["a{part}b"]` names.
macro_rules! tag {
    ($part:expr) => {{
        let mut tag = KeyWriter::raw();
        pieces!(tag; "a" {$part} b':' "b");
        tag.into_text().expect("every part serializes")
    }};
}

proptest! {
    #[test]
    fn a_tag_is_what_format_makes_of_it(text: String, int: i128, float: f64, single: f32, flag: bool, c: char) {
        // The negative zero is a zero here.
        let (float, single) = (float + 0.0, single + 0.0);
        assert_eq!(tag!(text.as_str()), format!("a{text}b"));
        assert_eq!(tag!(Cow::from(&text)), format!("a{text}b"));
        assert_eq!(tag!(Some(Box::new(&text))), format!("a{text}b"));
        assert_eq!(tag!(int), format!("a{int}b"));
        assert_eq!(tag!(&&float), format!("a{float}b"));
        assert_eq!((tag!(single), tag!(flag), tag!(c)), (format!("a{single}b"), format!("a{flag}b"), format!("a{c}b")));
    }

    /// Whoever has the same values at hand names the same group, with `format!`.
    #[test]
    fn a_namespace_is_what_format_makes_of_it(first in "[^:]{1,90}", second in "[^:]{1,9}") {
        let mut key = KeyWriter::new();
        pieces!(key; "my shops:" {first.as_str()} b'-' "-" {second.as_str()} b':' ":x" end "k");
        let key = finish(key).expect("text serializes");
        let named = format!("my shops:{first}-{second}:x");
        prop_assert!(readings(&named).contains(&levels(&key)[2]), "{key:?} is {named:?}");
    }
}

#[test]
fn values_without_digits_read_alike_in_a_tag() {
    assert_eq!(tag!(None::<u8>), "a%nb");
    assert_eq!((tag!(f64::INFINITY), tag!("")), ("ainfb".into(), "ab".into()));
    let ip: IpAddr = "::1".parse().expect("it is an address");
    assert_eq!(tag!(ip), "a::1b");
}

#[test]
fn a_colon_in_a_value_begins_no_level() {
    let mut key = KeyWriter::new();
    pieces!(key; "products:" {"a:b c"} b':' end "k");
    let key = finish(key).expect("text serializes");
    assert_eq!(levels(&key), ["products", "products:a%3Ab c"]);
    assert_eq!(readings("products:a%3Ab c"), ["products:a%3Ab c"]);
}

#[test]
fn a_percent_sign_may_begin_an_escape_or_not() {
    assert_eq!(readings("users"), ["users"]);
    assert_eq!(readings("50%"), ["50%"]);
    assert_eq!(readings("a%20b:c"), ["a%20b:c", "a b:c"]);
    assert_eq!(readings("%FF"), ["%FF"], "not UTF-8, so it is no escape");
}

#[test]
fn arrays_of_any_length_and_addresses_are_parts() {
    assert_eq!(key!([1_u8, 2], [0_u8; 0]), "users:get:#(1u8,2u8):#()");
    assert_eq!(key!(&[7_u8; 40]), key!([7_u8; 40].as_slice()));
    let ip: IpAddr = "10.0.0.1".parse().expect("it is an address");
    let six: IpAddr = "2001:db8::1".parse().expect("it is an address");
    assert_eq!(key!(ip, Some(&six)), "users:get:10.0.0.1:2001%3Adb8%3A%3A1");
    assert_eq!(key!(std::net::SocketAddr::from((ip, 80))), "users:get:10.0.0.1%3A80");
}

/// Keys are found again by programs of another version: what a type reads like never changes.
#[test]
fn the_text_of_every_type_is_frozen() {
    use std::collections::{BTreeMap, VecDeque};
    use std::path::{Path, PathBuf};
    use std::time::{Duration, SystemTime};

    let text = |key: String| key["users:get:".len()..].to_owned();
    assert_eq!(text(key!(Path::new("/a b"), PathBuf::from("x"))), "\"/a%20b\":\"x\"");
    assert_eq!(text(key!(Duration::new(1, 5))), "@Duration(secs=1u64,nanos=5u32)");
    assert_eq!(
        text(key!(SystemTime::UNIX_EPOCH)),
        "@SystemTime(secs_since_epoch=0u64,nanos_since_epoch=0u32)"
    );
    assert_eq!(text(key!(VecDeque::from([1_u8]))), "#(1u8)");
    assert_eq!(text(key!(BTreeMap::from([(2, "b"), (10, "a")]))), "#map(10i32=\"a\",2i32=\"b\")");
    let date = chrono::NaiveDate::from_ymd_opt(2024, 2, 29).expect("it was a leap year");
    assert_eq!(text(key!(date, Some(date))), "\"2024-02-29\":some(\"2024-02-29\")");
    assert_eq!(text(key!(Some(uuid::Uuid::nil()))), "some(\"00000000-0000-0000-0000-000000000000\")");
    assert_eq!(text(key!((1_u8, "a"), [(1_u8, 'x')])), "(1u8,\"a\"):#((1u8,'x'))");
}
