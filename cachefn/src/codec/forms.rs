//! What the reader of a type expects, for the guard to compare with what its writer does.
//!
//! A derive with `skip_serializing`, `skip_deserializing` or a skipped variant writes one form and reads
//! another. Postcard then reads the wrong field or the wrong variant without noticing, and JSON fills in a
//! default. Either shows in the names and lengths that serde hands to both sides.
//!
//! Serde's names carry no path, so a name may stand for several types; one of them fitting is enough. A name
//! the reader never mentions is not judged.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::Format;

type Names = &'static [&'static str];

/// The content of a struct or variant, or the variants of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// An enum. Variants are read by position only when all `positions` lead to one.
    Variants { names: Names, positions: usize },
    /// A struct that reads `read` of the names, fewer where some are aliases; `None` if that is unknown.
    Fields { names: Names, read: Option<usize> },
    /// So many values in order.
    Tuple(usize),
    /// One value.
    Newtype,
    /// No value.
    Unit,
}

/// A struct or enum by its name, or a variant by the enum's and its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    pub(crate) owner: &'static str,
    pub(crate) variant: &'static str,
}

impl Name {
    pub(crate) fn of(owner: &'static str) -> Self {
        Self { owner, variant: "" }
    }

    fn hash(self) -> u64 {
        xxh3_64(self.owner.as_bytes()) ^ xxh3_64(self.variant.as_bytes()).rotate_left(1)
    }
}

/// The forms a type is read in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forms(HashMap<u64, Vec<Form>>);

impl Forms {
    /// Notes a form. What is known more exactly replaces what was known of the same names.
    pub(crate) fn learn(&mut self, name: Name, form: Form) {
        let forms = self.0.entry(name.hash()).or_default();
        match forms.iter_mut().find(|known| known.is_of(&form)) {
            Some(known) => known.merge(&form),
            None => forms.push(form),
        }
    }

    pub(super) fn know(&self, name: Name) -> bool {
        self.0.contains_key(&name.hash())
    }

    /// Whether fields written under `written`, those left out included, are read as they were.
    pub(super) fn fit_fields(&self, codec: Format, name: Name, written: &[&str]) -> bool {
        self.any(name, |form| match form {
            Form::Fields { names, read } => Some(match codec {
                Format::Postcard => read.unwrap_or(names.len()) == written.len() && in_order(names, written),
                Format::Json | Format::MessagePack => read.is_none_or(|read| common(names, written) >= read),
            }),
            _ => mismatch(name),
        })
    }

    /// Whether content without names is read as it was written.
    pub(super) fn fit_content(&self, name: Name, written: &Form) -> bool {
        self.any(name, |form| match (form, written) {
            (Form::Tuple(expected), Form::Tuple(len)) => Some(expected == len),
            (form, written) if form == written => Some(true),
            _ => mismatch(name),
        })
    }

    /// Whether the variant is found again where it is written.
    pub(super) fn fit_variant(&self, codec: Format, name: Name, index: u32) -> bool {
        self.any(Name::of(name.owner), |form| match form {
            Form::Variants { names, positions } => Some(match codec {
                Format::Postcard => {
                    let expected = usize::try_from(index).ok().and_then(|index| names.get(index));
                    *positions == names.len()
                        && expected.is_some_and(|expected| alike(expected, name.variant))
                }
                Format::Json | Format::MessagePack => names.contains(&name.variant),
            }),
            _ => None,
        })
    }

    /// Whether one of the forms is judged fit, or none is judged.
    fn any(&self, name: Name, judge: impl Fn(&Form) -> Option<bool>) -> bool {
        let known = self.0.get(&name.hash());
        let judged = || known.into_iter().flatten().filter_map(&judge);
        judged().next().is_none() || judged().any(|fit| fit)
    }
}

impl Form {
    /// Whether both describe the same names, or the same kind of content.
    fn is_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Variants { names, .. }, Self::Variants { names: others, .. })
            | (Self::Fields { names, .. }, Self::Fields { names: others, .. }) => names == others,
            (one, other) => one == other,
        }
    }

    fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Variants { positions, .. }, Self::Variants { positions: more, .. }) => {
                *positions = (*positions).max(*more);
            }
            (Self::Fields { read, .. }, Self::Fields { read: more, .. }) => *read = read.or(*more),
            _ => {}
        }
    }
}

/// A variant has one kind of content; a struct and a tuple of one name may be two types.
fn mismatch(name: Name) -> Option<bool> {
    if name.variant.is_empty() { None } else { Some(false) }
}

fn in_order(names: Names, written: &[&str]) -> bool {
    let mut names = names.iter();
    written.iter().all(|written| names.any(|name| alike(name, written)))
}

fn common(names: Names, written: &[&str]) -> usize {
    names.iter().filter(|name| written.contains(name)).count()
}

/// Postcard stores no names, so the two sides may spell them in different cases.
fn alike(one: &str, other: &str) -> bool {
    one == other || letters(one).eq(letters(other))
}

fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase)
}
