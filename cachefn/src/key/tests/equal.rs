//! Equal arguments have equal keys, whatever form they have and however deep it is.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Utc};
use indexmap::{IndexMap, IndexSet};
use ordered_float::OrderedFloat;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde::Serialize;
use time::macros::datetime;

use super::super::*;
use super::{finish, fixed, key, pieces};

/// A part in short.
macro_rules! short {
    ($part:expr) => {{
        let mut short = KeyWriter::short();
        (&&&Part(&($part))).cachefn_argument(&mut short);
        short.as_bytes().to_vec()
    }};
}

/// Both forms of both are one.
macro_rules! same {
    ($one:expr, $other:expr) => {{
        assert_eq!(key!($one), key!($other));
        assert_eq!(short!($one), short!($other));
    }};
}

/// Sets that are equal, each with an order of its own.
fn sets() -> impl Iterator<Item = HashSet<String>> {
    let roles = ["admin", "editor", "owner", "reader", "writer", "auditor"].map(str::to_owned);
    std::iter::repeat_with(move || HashSet::from(roles.clone())).take(20)
}

#[derive(Serialize, Clone)]
struct Filter {
    org: u32,
    roles: HashSet<String>,
}

#[derive(Serialize, Clone)]
struct Roles(HashSet<String>);

#[derive(Serialize, Clone)]
enum Who {
    Any(HashSet<String>),
    All { of: HashSet<String> },
}

#[test]
fn the_order_of_a_set_does_not_count_at_any_depth() {
    let first = sets().next().expect("there are twenty");
    for set in sets() {
        let filter = |roles: &HashSet<String>| Filter { org: 7, roles: roles.clone() };
        same!(first, set);
        same!(vec![first.clone()], vec![set.clone()]);
        same!(Some(vec![&first]), Some(vec![&set]));
        same!((1, first.clone()), (1, set.clone()));
        let (ours, theirs) = ([first.clone()], [set.clone()]);
        same!(ours, theirs);
        same!(ours.as_slice(), theirs.as_slice());
        same!(filter(&first), filter(&set));
        same!(vec![Some(filter(&first))], vec![Some(filter(&set))]);
        same!(Roles(first.clone()), Roles(set.clone()));
        same!(Who::Any(first.clone()), Who::Any(set.clone()));
        same!(Who::All { of: first.clone() }, Who::All { of: set.clone() });
        same!(HashMap::from([(1, first.clone())]), HashMap::from([(1, set.clone())]));
        same!((Box::new(Arc::new(first.clone())), 1), (Box::new(Arc::new(set.clone())), 1));
        same!((Cow::Borrowed(&first), 1), (Cow::<HashSet<String>>::Owned(set.clone()), 1));
        same!((IndexSet::<&String>::from_iter(&first), 1), (IndexSet::<&String>::from_iter(&set), 1));
        same!(vec![(1, vec![first.clone()])], vec![(1, vec![set.clone()])]);
    }
    assert_eq!(
        key!(Filter { org: 7, roles: HashSet::from(["b".to_owned(), "a".to_owned()]) }),
        "users:get:@Filter(org=7u32,roles=#(\"a\",\"b\"))"
    );
}

#[test]
fn a_type_parameter_that_is_a_set_has_no_order() {
    fn generic<T: Serialize>(value: &T) -> String {
        key!(value)
    }
    let keys: HashSet<_> = sets().map(|set| generic(&set)).collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
}

#[test]
fn the_order_of_a_list_counts() {
    assert_ne!(key!(vec![1, 2]), key!(vec![2, 1]));
    assert_ne!(key!((1, [vec![1, 2]])), key!((1, [vec![2, 1]])));
    assert_ne!(
        key!([HashSet::from([1]), HashSet::from([2])]),
        key!([HashSet::from([2]), HashSet::from([1])])
    );
    // The text of ordered sets is what it was.
    assert_eq!(key!((1, BTreeSet::from([10, 9]))), "users:get:(1i32,#(9i32,10i32))");
}

#[test]
fn maps_in_any_order_are_one() {
    let (one, other) = (IndexMap::from([(1, 'a'), (2, 'b')]), IndexMap::from([(2, 'b'), (1, 'a')]));
    assert_eq!(one, other);
    same!(one, other);
    same!((1, vec![one.clone()]), (1, vec![other.clone()]));
}

#[test]
fn zeros_are_one_and_what_is_no_number_is_one() {
    same!(0.0, -0.0);
    same!(-0.0_f32, 0.0_f32);
    same!(vec![(1, -0.0)], vec![(1, 0.0)]);
    same!(Some(-0.0), Some(0.0));
    same!(OrderedFloat(-0.0), OrderedFloat(0.0));
    let nans = [f64::NAN, -f64::NAN, f64::from_bits(0x7ff8_0000_0000_0001)];
    for nan in nans {
        same!(nan, f64::NAN);
        same!(vec![OrderedFloat(nan)], vec![OrderedFloat(f64::NAN)]);
    }
    assert_eq!(key!(vec![f64::NAN], [f32::NAN]), "users:get:#(nan7ff8000000000000f64):#(nan7fc00000f32)");
}

#[test]
fn an_instant_is_one_whatever_its_offset() {
    #[derive(Serialize, Clone)]
    struct Range<T> {
        from: T,
        to: Option<T>,
    }
    fn ranges<T: Copy>(at: T) -> Range<T> {
        Range { from: at, to: Some(at) }
    }

    let parse = |text: &str| text.parse::<DateTime<FixedOffset>>().expect("it is a time");
    let (here, there) = (parse("2024-02-29T23:30:00.25-01:00"), parse("2024-03-01T02:30:00.25+02:00"));
    assert_eq!(here, there);
    same!(here, there);
    same!(&Some(here), &Some(there));
    same!(vec![ranges(here)], vec![ranges(there)]);
    same!(here, here.with_timezone(&chrono::Local));
    assert_eq!(key!(here), key!(here.with_timezone(&Utc)));
    assert_ne!(key!(here), key!(parse("2024-02-29T23:30:00.25-02:00")));

    let (here, there) = (datetime!(2024-12-31 23:30:00.25 -1), datetime!(2025-01-01 02:30:00.25 +2));
    assert_eq!(here, there);
    same!(here, there);
    same!(vec![ranges(here)], vec![ranges(there)]);
    assert_eq!(
        key!(datetime!(2024-02-29 1:02:03 UTC)),
        "users:get:(2024i32,60u16,1u8,2u8,3u8,0u32,0i8,0i8,0i8)"
    );
    assert_ne!(key!(here), key!(datetime!(2024-12-31 23:30:00.25 UTC)));

    let zoned = |hours: i8| {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(hours));
        jiff::Timestamp::UNIX_EPOCH.to_zoned_datetime(zone)
    };
    assert_eq!(zoned(-5), zoned(9));
    same!(zoned(-5), zoned(9));
    same!(vec![Some(zoned(0))], vec![Some(zoned(3))]);
    assert_eq!(key!(jiff::Timestamp::UNIX_EPOCH), "users:get:\"1970-01-01T00%3A00%3A00Z\"");
}

#[test]
fn a_decimal_is_one_with_and_without_zeros_behind_it() {
    let decimal = |text: &str| text.parse::<Decimal>().expect("it is a number");
    same!(decimal("1.0"), decimal("1.00"));
    same!(vec![Some(decimal("1"))], vec![Some(decimal("1.00"))]);
    assert_eq!(key!(decimal("100"), decimal("1.50")), "users:get:\"100\":\"1.5\"");
    assert_ne!(key!(decimal("1.01")), key!(decimal("1.1")));
    // Of text every character counts.
    assert_ne!(key!(("1.0", 1)), key!(("1.00", 1)));
}

#[test]
fn a_path_is_one_by_its_components() {
    assert_eq!(Path::new("a//b/./c/"), Path::new("a/b/c"));
    same!(Path::new("a//b/./c/"), Path::new("a/b/c"));
    same!(vec![Path::new("/a/").to_owned()], vec![Path::new("/a").to_owned()]);
    assert_ne!(key!(Path::new("a/../b")), key!(Path::new("b")));
}

proptest! {
    #[test]
    fn sets_in_a_list_are_one_only_if_they_have_the_same_elements(
        [a, b] in prop::array::uniform2(prop::collection::hash_set("[a,\"()]{0,2}", 0..3)),
    ) {
        prop_assert_eq!(key!(vec![&a]) == key!(vec![&b]), a == b);
        let filters = [&a, &b].map(|roles| Filter { org: 1, roles: roles.clone() });
        prop_assert_eq!(key!(filters[0]) == key!(filters[1]), a == b);
    }

    #[test]
    fn moments_are_one_only_if_they_are_equal(
        [(a, b), (c, d)] in prop::array::uniform2((-99_i64..99, -50..50_i32)),
    ) {
        let at = |seconds: i64, quarters: i32| {
            let offset = FixedOffset::east_opt(quarters * 900).expect("it is less than a day");
            DateTime::<Utc>::from_timestamp(seconds * 450, 0).expect("it is in range").with_timezone(&offset)
        };
        prop_assert_eq!(key!(at(a, b)) == key!(at(c, d)), at(a, b) == at(c, d));
    }
}
