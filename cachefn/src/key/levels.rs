//! The levels of keys: what an entry can be invalidated and listed by, beside its whole key.
//!
//! ```text
//! users:7:profile        is below users, and users:7
//! users:Repo::get:7      is below users, users:Repo, and users:Repo:get
//! shops:a%3Ab:%22c:list  is below shops, shops:a%3Ab, and shops:a%3Ab:c
//! ```
//!
//! Every `:` of a key ends a level, whether it stands in the namespace, in front of the function's name, in a template or
//! between two arguments; in an argument it is escaped. The group of a level is named by the text before it was escaped, so
//! that a program can name it with `format!`.
//!
//! Who invalidates and who lists by a name ask the same [`Covered`], so that what is listed is what goes.

use std::borrow::Cow;

use cachefn_backends::place::{Group, Target};

use super::escape::Escaped;
use super::{KeyWriter, shorten};

/// The groups that a key is below, outermost first, one after the other.
pub(crate) struct Levels<'k> {
    key: &'k str,
    from: usize,
    name: String,
}

impl<'k> Levels<'k> {
    /// All of them.
    pub(crate) fn of(key: &'k str) -> Self {
        Self::below(key, 0, "")
    }

    /// Those below the one that `key[..from]` is, whose name is given.
    pub(crate) fn below(key: &'k str, from: usize, name: &str) -> Self {
        Self { key, from, name: name.to_owned() }
    }

    /// Goes on to the next: whether there is one. Then `end` and `name` are its.
    pub(crate) fn advance(&mut self) -> bool {
        while let Some(length) = self.key[self.from..].find(':') {
            let segment = &self.key[self.from..self.from + length];
            self.from += length + 1;
            if !segment.is_empty() {
                push(&mut self.name, segment);
                return true;
            }
        }
        false
    }

    /// Where the level ends in the key: where its `:` stands.
    pub(crate) fn end(&self) -> usize {
        self.from.saturating_sub(1)
    }

    /// The name of its group.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

fn push(name: &mut String, segment: &str) {
    if !name.is_empty() {
        name.push(':');
    }
    name.push_str(&shorten::level(shorten::unescaped(segment)));
}

/// What somebody means who names a namespace, or a level of keys, or a key: the groups of that name, and the keys.
#[derive(Debug)]
pub(crate) struct Covered {
    groups: Vec<String>,
    keys: Vec<String>,
}

impl Covered {
    /// What is meant by text that a program or a person has at hand, without the prefix of keys.
    pub(crate) fn by(text: &str) -> Self {
        let whole = text.replace("::", ":");
        let mut keys = vec![text.to_owned()];
        for key in [&whole, &escaped(text), &escaped(&whole)] {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        Self { groups: readings(text), keys }
    }

    /// What is meant by texts that were written as keys are, with their values escaped.
    pub(crate) fn by_written(texts: Vec<String>) -> Self {
        let name = |text: &String| {
            let mut name = String::new();
            text.split(':')
                .filter(|segment| !segment.is_empty())
                .for_each(|segment| push(&mut name, segment));
            name
        };
        Self { groups: texts.iter().map(name).collect(), keys: texts }
    }

    /// What has to be invalidated: the groups, and each key in all instances of a generic function.
    pub(crate) fn targets(self) -> Vec<Target> {
        let keys = self.keys.into_iter().flat_map(|key| {
            let instances = Target::Group(Group::instances(&key));
            [instances, Target::Key(key.into())]
        });
        let groups = self.groups.iter().map(|name| Target::Group(Group::namespace(name)));
        groups.chain(keys).collect()
    }

    /// Whether the entry of `key` is among what [`Self::targets`] invalidate.
    #[cfg(any(feature = "axum", test))]
    pub(crate) fn covers(&self, key: &str) -> bool {
        let mut levels = Levels::of(key);
        while levels.advance() {
            if self.groups.iter().any(|group| group == levels.name()) {
                return true;
            }
        }
        self.keys.iter().any(|covered| covered == key)
    }
}

/// The groups that somebody may mean by the text of a namespace: a `%` in it is one, or begins an escape; nothing between
/// two `:` is nothing, for `::` separates modules, or an empty value.
pub(super) fn readings(text: &str) -> Vec<String> {
    let whole = text.replace("::", ":");
    let whole = whole.trim_matches(':');
    let mut readings = Vec::new();
    for text in [whole, text] {
        for unescape in [false, true] {
            let plain = |level| if unescape { shorten::unescaped(level) } else { Cow::Borrowed(level) };
            let levels = text.split(':').map(|level| shorten::level(plain(level)));
            let reading = levels.collect::<Vec<_>>().join(":");
            if !readings.contains(&reading) {
                readings.push(reading);
            }
        }
    }
    readings
}

/// The key that text of values would become, level by level.
fn escaped(text: &str) -> String {
    let mut key = KeyWriter::new();
    for (number, level) in text.split(':').enumerate() {
        if number > 0 {
            key.text(":");
        }
        let mut part = Escaped::new(&mut key, b':');
        if level.is_empty() { part.nothing() } else { part.text(level) }
    }
    key.as_str().to_owned()
}
