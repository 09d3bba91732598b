//! What a key is below, and what is meant by the name of a namespace.

use proptest::prelude::*;

use super::super::levels::{Covered, Levels};
use super::*;

/// The names of the groups that a key is below.
fn named(key: &str) -> Vec<String> {
    let (mut levels, mut names) = (Levels::of(key), Vec::new());
    while levels.advance() {
        assert_eq!(&key[levels.end()..=levels.end()], ":");
        names.push(levels.name().to_owned());
    }
    names
}

pub(super) fn levels(key: &Key) -> Vec<String> {
    named(key.as_str())
}

#[test]
fn every_colon_of_a_key_ends_a_level() {
    assert_eq!(named("users:7:profile"), ["users", "users:7"]);
    assert_eq!(named("users:Repo::get:7"), ["users", "users:Repo", "users:Repo:get"]);
    assert_eq!(named("users"), [""; 0]);
    assert_eq!(named("users:"), ["users"], "a template may end in one");
    assert_eq!(named(":a:::b:c"), ["a", "a:b"]);
    assert_eq!(named("a:%e:b"), ["a", "a:%e"]);
}

#[test]
fn a_level_is_named_by_what_was_written_before_it_was_escaped_and_quoted() {
    let id = uuid::Uuid::nil();
    let mut key = fixed("users", None);
    pieces!(key; {id} b':' ":" {"a b%:c"} b':' ":x");
    let key = finish(key).expect("every part serializes");
    assert_eq!(levels(&key), ["users", &format!("users:{id}"), &format!("users:{id}:a b%%3Ac")]);
    for text in [format!("users:{id}"), format!("users:{id}:a b%%3Ac"), "users:\"00".to_owned()] {
        assert_eq!(Covered::by(&text).covers(key.as_str()), !text.contains('"'), "{text}");
    }
}

#[test]
fn a_key_is_covered_by_its_own_text_and_by_that_of_its_values() {
    let mut key = fixed("users", None);
    pieces!(key; {7} b':' ":" {"a b"} b':');
    let key = finish(key).expect("every part serializes");
    for text in ["users", "users:7", "users:7:a b", "users:7:a%20b", "users::7"] {
        assert!(Covered::by(text).covers(key.as_str()), "{text}");
    }
    for text in ["user", "users2", "users:", "users:7:a", "users:77", "7", "users:7:a b:c", ""] {
        assert_eq!(Covered::by(text).covers(key.as_str()), text == "users:", "{text}");
    }
    assert!(Covered::by_written(vec!["users:7:a%20b".to_owned()]).covers(key.as_str()));
    assert!(Covered::by("users:Repo::list").covers("users:Repo::list"));
}

#[test]
fn a_long_key_is_below_the_levels_that_a_short_one_is() {
    let long = "x y".repeat(100);
    let mut key = fixed("users", None);
    pieces!(key; {7} b':' ":" {long.as_str()} b':' ":" {"b"} b':');
    let key = finish(key).expect("every part serializes");
    let [users, seven, text] = levels(&key).try_into().expect("it has three levels");
    assert_eq!((users.as_str(), seven.as_str()), ("users", "users:7"));
    assert!(text.starts_with("users:7:%h") && key.as_str().len() < 100, "{key:?}");
    assert!(Covered::by(&format!("users:7:{long}")).covers(key.as_str()));

    let key = key!("a", "b".repeat(300));
    assert_eq!(
        key.rsplit_once(":%h").map(|(before, digest)| (before, digest.len())),
        Some(("users:get:a", 32))
    );
}

/// What a digest was made of need not be what it is found by.
#[test]
fn long_values_of_one_group_are_told_apart() {
    let twins = [":", "%3A", "%", "%25", "\"", ""].map(|text| text.repeat(70) + &"x".repeat(150));
    let of_namespace = twins.clone().map(|long| {
        let mut key = KeyWriter::new();
        key.keyed_by(Some("get"));
        pieces!(key; "products:" {long} b':' end ":" {7} b':');
        finish(key).expect("text serializes").as_str().to_owned()
    });
    let of_template = twins.map(|long| {
        let mut key = fixed("products", None);
        pieces!(key; {long} b':' ":x");
        finish(key).expect("text serializes").as_str().to_owned()
    });
    for keys in [of_namespace, of_template] {
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len(), "{keys:#?}");
    }
}

#[test]
fn nothing_of_a_sealed_key_is_a_level() {
    let mut key = fixed("sessions", None);
    pieces!(key; {"hunter2"} b':' ":single");
    let key = seal(key, b"s").expect("text serializes");
    assert_eq!(levels(&key), ["sessions"]);
}

proptest! {
    /// Whoever has the values at hand names the level with `format!`, whatever they hold.
    #[test]
    fn a_level_is_what_format_makes_of_it(first in "[^:]{1,90}", second in "[^:]{1,90}", last in ".{0,200}") {
        let mut key = fixed("my shops", None);
        pieces!(key; "shop:" {first.as_str()} b'-' "-" {second.as_str()} b':' ":" {last.as_str()} b':');
        let key = finish(key).expect("text serializes");
        let (named, other) = (format!("my shops:shop:{first}-{second}"), format!("my shops:shop:{first}-{second}x"));
        prop_assert!(Covered::by(&named).covers(key.as_str()), "{key:?} is below {named:?}");
        prop_assert!(!Covered::by(&other).covers(key.as_str()), "{key:?} is not below {other:?}");
    }
}
