//! What a call decides about its entry beside the key: for how long, under which tags, whether at all.
//!
//! ```text
//! arguments   expire = …        tags = […]          asked once memory had no entry, before the body
//! value       expire_with = …   tags_with = …       asked when the body has returned, before it is stored
//!             when = …
//! ```

use std::time::Duration;

use cachefn_backends::place::Group;

use crate::freshness::Freshness;
use crate::key::{KeyError, KeyWriter, canonical_tag};

/// A shorter life is none.
const SHORTEST: Duration = Duration::from_millis(1);

/// Longer is as good as for ever, which nothing is kept for.
pub(crate) const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A lifetime by name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Duration`",
    label = "must be a `std::time::Duration`",
    note = "a number of seconds that is computed is written `Duration::from_secs(…)`; a literal, `expire = 300`"
)]
pub trait ToDuration: Sized {
    /// Returns the lifetime.
    fn duration(self) -> Duration;
}

#[diagnostic::do_not_recommend]
impl ToDuration for Duration {
    fn duration(self) -> Duration {
        self
    }
}

#[diagnostic::do_not_recommend]
impl ToDuration for &Duration {
    fn duration(self) -> Duration {
        *self
    }
}

/// What one call asks for.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    life: Option<Duration>,
    /// Those of the arguments.
    pub(crate) tags: Vec<Group>,
    /// Those of the value.
    pub(crate) tags_of_value: Vec<Group>,
    unwanted: bool,
    /// Whether it is a `None` that is to be remembered.
    nothing: bool,
    pub(crate) error: Option<KeyError>,
}

impl Terms {
    /// `expire = …`
    pub fn expire(&mut self, life: Duration) {
        self.life = Some(life);
    }

    /// `expire = TTL`: an expression that has a type whatever is expected of it. What has to be inferred, such as
    /// `lifetime.into()`, would be ambiguous here.
    pub fn expire_by(&mut self, life: impl ToDuration) {
        self.life = Some(life.duration());
    }

    /// One of `tags = […]`.
    pub fn tag(&mut self, write: impl FnOnce(&mut KeyWriter)) {
        let mut writer = KeyWriter::raw();
        write(&mut writer);
        match writer.into_text() {
            Ok(tag) => self.tags.push(group(&tag)),
            Err(error) => self.error = Some(error),
        }
    }

    /// `when = …`
    pub fn when<V: ?Sized>(&mut self, value: &V, wanted: impl FnOnce(&V) -> bool) {
        self.unwanted |= !wanted(value);
    }

    /// `expire_with = …`
    pub fn expire_with<V: ?Sized>(&mut self, value: &V, life: impl FnOnce(&V) -> Duration) {
        if !self.unwanted {
            self.life = Some(life(value));
        }
    }

    /// `tags_with = …`
    pub fn tags_with<'v, V: ?Sized, T>(&mut self, value: &'v V, tags: impl FnOnce(&'v V) -> T)
    where
        T: IntoIterator<Item: AsRef<str>>,
    {
        if !self.unwanted {
            self.tags_of_value.extend(tags(value).into_iter().map(|tag| group(tag.as_ref())));
        }
    }

    /// A tag of a value that is at hand, or of whatever will be.
    pub(crate) fn tag_value(&mut self, tag: Group) {
        if !self.tags_of_value.contains(&tag) {
            self.tags_of_value.push(tag);
        }
    }

    /// The life that is asked for; `usual` where nothing was said.
    pub(crate) fn life(&self, usual: Option<Duration>) -> Option<Duration> {
        self.life.or(usual).map(|life| life.min(CENTURY))
    }

    /// A `None` lives for so long, and that is that.
    pub(crate) fn nothing_for(&mut self, life: Duration) {
        self.life = Some(life);
        self.nothing = true;
    }

    /// What is served of it past that, and refreshed before.
    pub(crate) fn freshness(&self, usual: Freshness) -> Freshness {
        if self.nothing { Freshness::NONE } else { usual }
    }

    /// Whether the value is to be stored.
    pub(crate) fn stores(&self) -> bool {
        !self.unwanted && self.life.is_none_or(|life| life >= SHORTEST)
    }
}

/// The group of a tag.
pub(crate) fn group(tag: &str) -> Group {
    Group::tag(&canonical_tag(tag))
}

/// What asks the value, if anything does.
pub trait Judge<V: ?Sized> {
    /// Asks the value.
    fn judge(&self, value: &V, terms: &mut Terms);
}

/// Nothing asks the value.
#[derive(Debug)]
pub struct Unjudged;

/// A closure asks the value.
#[derive(Debug)]
pub struct Judged<J>(pub(crate) J);

impl<V: ?Sized> Judge<V> for Unjudged {
    #[inline]
    fn judge(&self, _: &V, _: &mut Terms) {}
}

impl<V: ?Sized, J: Fn(&V, &mut Terms)> Judge<V> for Judged<J> {
    fn judge(&self, value: &V, terms: &mut Terms) {
        (self.0)(value, terms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_decides_over_the_arguments() {
        let mut terms = Terms::default();
        assert_eq!(terms.life(Some(CENTURY)), Some(CENTURY));
        terms.expire(Duration::from_secs(5));
        terms.expire_with(&7_u64, |seconds| Duration::from_secs(*seconds));
        assert_eq!(terms.life(None), Some(Duration::from_secs(7)));
        terms.expire(Duration::MAX);
        assert_eq!(terms.life(None), Some(CENTURY));
    }

    #[test]
    fn what_is_not_wanted_or_does_not_live_is_not_stored() {
        let mut terms = Terms::default();
        assert!(terms.stores());
        terms.expire(Duration::from_micros(999));
        assert!(!terms.stores());
        terms.expire(SHORTEST);
        assert!(terms.stores());
        terms.when(&1, |value| *value > 1);
        assert!(!terms.stores());
    }

    #[test]
    fn a_value_that_is_not_wanted_is_asked_nothing_more() {
        let mut terms = Terms::default();
        terms.when(&1, |_| false);
        terms.expire_with(&1, |_| unreachable!());
        terms.tags_with(&1, |_| -> [&str; 0] { unreachable!() });
    }
}
