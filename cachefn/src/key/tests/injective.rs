//! Distinct arguments have distinct keys: exhaustively for short strings, and for random ones by reading the
//! structured text back.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use proptest::prelude::*;

use super::super::*;
use super::model::value;
use super::read::{read, read_bare};
use super::{finish, fixed, key, pieces};

const SPECIAL: [&str; 18] =
    ["", "a", "n", "e", "2", "5", "D", "%", ":", "-", "/", "\"", ",", "(", ")", "é", "\u{85}", "\n"];

/// All strings of up to two special characters.
fn short_strings() -> Vec<String> {
    let all: HashSet<_> =
        SPECIAL.iter().flat_map(|a| SPECIAL.iter().map(move |b| format!("{a}{b}"))).collect();
    all.into_iter().collect()
}

fn assert_distinct<T: Hash + Eq>(keys: impl Iterator<Item = T>) {
    let (keys, count) = keys.fold((HashSet::new(), 0), |(mut keys, count), key| {
        keys.insert(key);
        (keys, count + 1)
    });
    assert_eq!(keys.len(), count);
}

/// What stands between the placeholders of a template.
fn literal(separator: u8) -> &'static str {
    match separator {
        b'-' => "-",
        b'/' => "/-",
        b',' => ",",
        b'"' => "\"",
        _ => ":",
    }
}

fn template(first: &str, separator: u8, second: &str) -> String {
    let mut key = fixed("t", None);
    pieces!(key; {first} separator);
    key.text(literal(separator));
    pieces!(key; {second} b':');
    finish(key).expect("strings serialize").as_str().to_owned()
}

#[test]
fn two_short_strings_have_one_key_only_if_they_are_equal() {
    let strings = short_strings();
    let pairs = || strings.iter().flat_map(|a| strings.iter().map(move |b| (a, b)));
    for separator in *b":-/,\"" {
        assert_distinct(pairs().map(|(a, b)| template(a, separator, b)));
    }
    assert_distinct(pairs().map(|(a, b)| key!((a, b))));
    assert_distinct(pairs().map(|(a, b)| key!(vec![a, b])));
}

#[test]
fn a_dynamic_namespace_keeps_keys_apart() {
    let strings = short_strings();
    let pairs = strings.iter().flat_map(|a| strings.iter().map(move |b| (a, b)));
    assert_distinct(pairs.map(|(a, b)| {
        let mut key = KeyWriter::new();
        pieces!(key; {a} b':' end {b} b'-' "-" namespace);
        finish(key).expect("strings serialize").as_str().to_owned()
    }));
}

#[test]
fn options_at_any_depth_are_told_apart() {
    let strings = short_strings();
    let some = strings.iter().map(|text| Some(Some(Some(text))));
    assert_distinct(some.chain([None, Some(None), Some(Some(None))]).map(|option| key!(option)));
    assert_distinct(strings.iter().map(Some).chain([None]).map(|option| key!((option, 1))));
    assert_distinct([None, Some(()), Some(())].into_iter().take(2).map(|option| key!(option)));
}

/// Texts of all characters, and more often of those that mean something.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(SPECIAL.to_vec()).prop_map(str::to_owned),
        any::<char>().prop_map(String::from)
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_texts_can_be_read_back_from_a_template(
        (a, b) in (text(), text()),
        separator in prop::sample::select(b":-/,\"".to_vec()),
    ) {
        let key = template(&a, separator, &b);
        let parts = key.strip_prefix("t:").and_then(|parts| parts.split_once(literal(separator)));
        let (first, second) = parts.expect("what stands between the parts is in none of them");
        prop_assert!(!second.contains(':') && key.bytes().all(|byte| byte > b' '), "{}", key);
        prop_assert_eq!((read_bare(first), read_bare(second)), (a, b), "{}", key);
    }

    #[test]
    fn any_value_can_be_read_back_from_its_part(
        value in value(),
        separator in prop::sample::select(b":-/,(\"=>\xc3".to_vec()),
    ) {
        let mut key = KeyWriter::new();
        pieces!(key; {value} separator);
        let text = str::from_utf8(key.as_bytes()).expect("keys are text");
        prop_assert!(!text.bytes().any(|byte| byte == separator || byte == b':' || byte <= b' '), "{}", text);
        prop_assert_eq!(read(text), value, "{}", text);
    }

    #[test]
    fn parts_are_one_only_if_the_arguments_are(
        [a, b, c, d] in prop::array::uniform4("[a%:\"n]{0,3}"),
    ) {
        prop_assert_eq!(key!(a, b) == key!(c, d), (&a, &b) == (&c, &d));
        let (left, right) = ((&a, Some(&b)), (&c, (!d.is_empty()).then_some(&d)));
        prop_assert_eq!(key!(left.0, left.1) == key!(right.0, right.1), left == right);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the equality of the type is what keys follow")]
    fn floats_are_one_only_if_they_are_equal([a, b] in any::<[u64; 2]>(), [c, d] in any::<[u32; 2]>()) {
        let nan = 0x7ff << 52;
        for (a, b) in [(a, b), (a, a ^ 1), (a, a ^ (1 << 63)), (a | nan, b | nan), (0, 1 << 63)] {
            let (a, b) = (f64::from_bits(a), f64::from_bits(b));
            let equal = a == b || a.is_nan() && b.is_nan();
            prop_assert_eq!((key!(a) == key!(b), key!([a]) == key!([b])), (equal, equal));
        }
        for (c, d) in [(c, d), (c, c ^ 1), (c | 0xff << 23, d | 0xff << 23), (0, 1 << 31)] {
            let (c, d) = (f32::from_bits(c), f32::from_bits(d));
            let equal = c == d || c.is_nan() && d.is_nan();
            prop_assert_eq!((key!(c) == key!(d), key!([c]) == key!([d])), (equal, equal));
        }
    }

    #[test]
    fn integers_read_as_they_display(a in any::<u64>(), b in any::<i64>(), c in any::<i8>()) {
        prop_assert_eq!(key!(a, b, c), format!("users:get:{a}:{b}:{c}"));
    }

    #[test]
    fn maps_and_sets_do_not_depend_on_their_order(
        entries in prop::collection::btree_map("[a%\"]{0,2}", any::<u8>(), 0..9),
    ) {
        let random: HashMap<_, _> = entries.clone().into_iter().collect();
        prop_assert_eq!(key!(&random), key!(&entries));
        prop_assert_eq!(key!(vec![(1, &random)]), key!(vec![(1, &entries)]));
        let set: HashSet<_> = entries.keys().collect();
        let again: HashSet<_> = entries.keys().rev().collect();
        prop_assert_eq!(key!(set), key!(again));
    }

    #[test]
    fn sets_are_one_only_if_they_have_the_same_elements(
        [a, b] in prop::array::uniform2(prop::collection::btree_set("[a,\"]{0,2}", 0..3)),
    ) {
        prop_assert_eq!(key!(a) == key!(b), a == b);
    }

    #[test]
    fn long_arguments_are_told_apart(a in "[ab]{250}", b in "[ab]{250}") {
        prop_assert_eq!(key!(a) == key!(b), a == b);
    }
}

#[test]
fn a_map_inside_a_map_is_sorted() {
    let inner = |keys: [u8; 3]| keys.into_iter().map(|key| (key, true)).collect::<HashMap<_, _>>();
    let outer = BTreeMap::from([(1, inner([1, 2, 3]))]);
    assert_eq!(key!(outer), key!(HashMap::from([(1, inner([3, 1, 2]))])));
}
