//! Types that change between one program and the next: what the older one has stored is a miss for the newer one.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use cachefn_backends::envelope::{Draft, Envelope, Packing, Span};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Auto, Choice, Named, Owner};
use crate::codec::{Json, MessagePack, Postcard};
use crate::verdict::Storable;

const OWNER: Owner = Owner { site: 7, version: 1, untried: false };

/// What a program stores, by the type's own choice and by each codec that can carry it.
fn stored<V: Storable>(value: &V) -> [Option<Envelope>; 4] {
    [
        written::<Auto, V>(value),
        written::<Named<Postcard>, V>(value),
        written::<Named<Json>, V>(value),
        written::<Named<MessagePack>, V>(value),
    ]
}

fn written<C: Choice, V: Storable>(value: &V) -> Option<Envelope> {
    let (ident, payload) = C::encode(value, OWNER).ok()?;
    let span = Span { born: 0, fresh_until: 0, stale_until: 0, error_until: 0 };
    let draft = Draft { ident, span, packing: Packing::Plain, payload, tags: Vec::new() };
    Envelope::open(draft.seal(&[])?)
}

/// How many of them a program reads, which knows the type as `V`.
fn hits<V: Storable>(stored: &[Option<Envelope>; 4]) -> [bool; 4] {
    let [auto, postcard, json, messagepack] = stored.each_ref().map(Option::as_ref);
    [
        reads::<Auto, V>(auto),
        reads::<Named<Postcard>, V>(postcard),
        reads::<Named<Json>, V>(json),
        reads::<Named<MessagePack>, V>(messagepack),
    ]
}

fn reads<C: Choice, V: Storable>(envelope: Option<&Envelope>) -> bool {
    envelope.is_some_and(|envelope| C::decode::<V>(envelope, OWNER).is_ok())
}

/// Stores a value of the older `Root` and reads it as each of the newer ones; all of them have one path, so that only
/// what is inside tells them apart.
macro_rules! changes {
    (
        { $($old:item)* } $value:expr;
        $(same $same:literal { $($like:item)* })*
        $(else $label:literal { $($new:item)* })+
    ) => {{
        let stored = {
            $(#[derive(Clone, Serialize, Deserialize)] #[allow(dead_code)] $old)*
            let value: Root = $value;
            let stored = stored(&value);
            let kept = stored.each_ref().map(Option::is_some);
            assert!(kept[0], "it is not stored");
            assert_eq!(hits::<Root>(&stored), kept, "it is not read by who has stored it");
            stored
        };
        $({
            $(#[derive(Clone, Serialize, Deserialize)] #[allow(dead_code)] $like)*
            assert_eq!(hits::<Root>(&stored), stored.each_ref().map(Option::is_some), "{}", $same);
        })*
        $({
            $(#[derive(Clone, Serialize, Deserialize)] #[allow(dead_code)] $new)*
            assert_eq!(hits::<Root>(&stored), [false; 4], "{}", $label);
        })+
    }};
}

#[test]
fn a_field_that_changes_is_a_miss() {
    changes! {
        { struct Root { a: u8, b: Option<u8>, #[serde(default)] c: String } } Root { a: 1, b: Some(1), c: "1".into() };
        same "documented" { /** A page. */ struct Root { /** One. */ a: u8, b: Option<u8>, #[serde(default)] c: String } }
        same "renamed in the code alone" { struct Root { #[serde(rename = "a")] other: u8, b: Option<u8>, #[serde(default)] c: String } }
        same "of another type that is read alike" { struct Root { a: u8, b: Option<u8>, #[serde(default)] c: Cow<'static, str> } }
        else "added" { struct Root { a: u8, b: Option<u8>, #[serde(default)] c: String, d: Option<u8> } }
        else "removed" { struct Root { a: u8, b: Option<u8> } }
        else "renamed" { struct Root { a: u8, #[serde(default)] z: Option<u8>, #[serde(default)] c: String } }
        else "retyped" { struct Root { a: u16, b: Option<u8>, #[serde(default)] c: String } }
        else "reordered" { struct Root { b: Option<u8>, a: u8, #[serde(default)] c: String } }
        else "skipped" { struct Root { a: u8, #[serde(skip)] b: Option<u8>, #[serde(default)] c: String } }
        else "with other words" { #[serde(rename_all = "UPPERCASE")] struct Root { a: u8, b: Option<u8>, #[serde(default)] c: String } }
        else "transparent" { #[serde(transparent)] struct Root { a: u8 } }
        else "flattened" { struct Root { a: u8, #[serde(flatten)] b: BTreeMap<String, Option<u8>> } }
        else "a tuple" { struct Root(u8, Option<u8>, String); }
    }
}

#[test]
fn a_change_deep_inside_is_a_miss() {
    changes! {
        {
            struct Root { all: BTreeMap<Id, Arc<[Wrapped<Inner>]>>, at: DateTime<Utc>, id: Uuid }
            #[derive(PartialEq, Eq, PartialOrd, Ord)] struct Id(u8);
            struct Wrapped<T>(Option<Box<T>>, Duration);
            enum Inner { Leaf, Node { next: Vec<Inner>, note: Option<String> } }
        } Root {
            all: BTreeMap::from([(Id(1), Arc::from([Wrapped(Some(Box::new(Inner::Node { next: vec![Inner::Leaf], note: None })), Duration::ZERO)]))]),
            at: DateTime::UNIX_EPOCH,
            id: Uuid::nil(),
        };
        else "a key" {
            struct Root { all: BTreeMap<Id, Arc<[Wrapped<Inner>]>>, at: DateTime<Utc>, id: Uuid }
            #[derive(PartialEq, Eq, PartialOrd, Ord)] struct Id(u16);
            struct Wrapped<T>(Option<Box<T>>, Duration);
            enum Inner { Leaf, Node { next: Vec<Inner>, note: Option<String> } }
        }
        else "a wrapper" {
            struct Root { all: BTreeMap<Id, Arc<[Wrapped<Inner>]>>, at: DateTime<Utc>, id: Uuid }
            #[derive(PartialEq, Eq, PartialOrd, Ord)] struct Id(u8);
            struct Wrapped<T>(Option<Box<T>>, Duration, Option<u8>);
            enum Inner { Leaf, Node { next: Vec<Inner>, note: Option<String> } }
        }
        else "a field of a variant" {
            struct Root { all: BTreeMap<Id, Arc<[Wrapped<Inner>]>>, at: DateTime<Utc>, id: Uuid }
            #[derive(PartialEq, Eq, PartialOrd, Ord)] struct Id(u8);
            struct Wrapped<T>(Option<Box<T>>, Duration);
            enum Inner { Leaf, Node { next: Vec<Inner>, comment: Option<String> } }
        }
        else "the order of variants" {
            struct Root { all: BTreeMap<Id, Arc<[Wrapped<Inner>]>>, at: DateTime<Utc>, id: Uuid }
            #[derive(PartialEq, Eq, PartialOrd, Ord)] struct Id(u8);
            struct Wrapped<T>(Option<Box<T>>, Duration);
            enum Inner { Node { next: Vec<Inner>, note: Option<String> }, Leaf }
        }
        else "a time" {
            struct Root { all: BTreeMap<Id, Arc<[Wrapped<Inner>]>>, at: chrono::NaiveDateTime, id: Uuid }
            #[derive(PartialEq, Eq, PartialOrd, Ord)] struct Id(u8);
            struct Wrapped<T>(Option<Box<T>>, Duration);
            enum Inner { Leaf, Node { next: Vec<Inner>, note: Option<String> } }
        }
        else "a library's type" {
            struct Root { all: BTreeMap<Id, Arc<[Wrapped<Inner>]>>, at: DateTime<Utc>, id: String }
            #[derive(PartialEq, Eq, PartialOrd, Ord)] struct Id(u8);
            struct Wrapped<T>(Option<Box<T>>, Duration);
            enum Inner { Leaf, Node { next: Vec<Inner>, note: Option<String> } }
        }
    }
}

#[test]
fn a_change_to_what_is_flattened_is_a_miss() {
    changes! {
        {
            struct Root { id: u8, #[serde(flatten)] rest: Rest, #[serde(flatten)] more: HashMap<String, u8> }
            struct Rest { z: Option<u8>, #[serde(default)] list: HashSet<u8> }
        } Root {
            id: 1,
            rest: Rest { z: Some(1), list: (0..20).collect() },
            more: (0..20).map(|n| (format!("more{n}"), n)).collect(),
        };
        else "renamed" {
            struct Root { id: u8, #[serde(flatten)] rest: Rest, #[serde(flatten)] more: HashMap<String, u16> }
            struct Rest { y: Option<u8>, #[serde(default)] list: HashSet<u8> }
        }
        else "removed" {
            struct Root { id: u8, #[serde(flatten)] rest: Rest }
            struct Rest { #[serde(default)] list: HashSet<u8> }
        }
        else "added" {
            struct Root { id: u8, #[serde(flatten)] rest: Rest, #[serde(flatten)] more: HashMap<String, u8> }
            struct Rest { z: Option<u8>, #[serde(default)] list: HashSet<u8>, y: Option<u8> }
        }
        else "retyped" {
            struct Root { id: u8, #[serde(flatten)] rest: Rest, #[serde(flatten)] more: HashMap<String, u8> }
            struct Rest { z: Option<f64>, #[serde(default)] list: HashSet<u8> }
        }
    }
}

#[test]
fn a_change_to_a_tagged_variant_is_a_miss() {
    changes! {
        { #[serde(tag = "kind")] enum Root { A { note: Option<String> }, B } } Root::A { note: Some("x".into()) };
        else "renamed" { #[serde(tag = "kind")] enum Root { A { comment: Option<String> }, B } }
        else "removed" { #[serde(tag = "kind")] enum Root { A {}, B } }
        else "unit" { #[serde(tag = "kind")] enum Root { A, B } }
        else "added" { #[serde(tag = "kind")] enum Root { A { note: Option<String>, more: Option<u8> }, B } }
        else "tagged otherwise" { #[serde(tag = "type")] enum Root { A { note: Option<String> }, B } }
        else "untagged" { #[serde(untagged)] enum Root { A { note: Option<String> }, B } }
        else "tagged from outside" { enum Root { A { note: Option<String> }, B } }
    }
}

#[test]
fn a_change_to_an_untagged_variant_is_a_miss() {
    changes! {
        { #[serde(untagged)] enum Root { Number(i64), Point { x: u8, y: Option<u8> } } } Root::Point { x: 1, y: Some(1) };
        else "renamed" { #[serde(untagged)] enum Root { Number(i64), Point { x: u8, z: Option<u8> } } }
        else "one before it" { #[serde(untagged)] enum Root { Number(i64), Line { x: u8 }, Point { x: u8, y: Option<u8> } } }
    }
    changes! {
        { #[serde(untagged)] enum Root { Whole(i64), Part(f64) } } Root::Whole(5);
        else "reordered" { #[serde(untagged)] enum Root { Part(f64), Whole(i64) } }
    }
}

/// A later variant that an earlier one takes for its own is never read as that.
#[test]
fn a_variant_that_is_read_as_another_is_a_miss() {
    #[derive(Clone, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Shape {
        #[allow(dead_code)]
        Line {
            x: u8,
        },
        Point {
            x: u8,
            y: u8,
        },
    }
    assert_eq!(hits::<Shape>(&stored(&Shape::Point { x: 1, y: 2 })), [false; 4]);
}
