//! Whose a key is: which functions, of those that were called, could have it.
//!
//! Output: for `users:get_user:7` the function `get_user` in `users`, with the place that its entry has.

use std::cmp::Reverse;
use std::time::Duration;

use cachefn_backends::place::{Group, Place, Target};
use serde_json::value::RawValue;

use crate::global::Cache;
use crate::instances::Known;
use crate::key::Key;
use crate::stats;

use super::reply::Refusal;

/// A key of a template in a namespace that is one too could be cut in many ways; so many are looked at.
const MOST: usize = 16;

/// A function that could have the key.
pub(super) struct Candidate {
    pub(super) known: Known,
    pub(super) key: Key,
    pub(super) place: Place,
    fit: Fit,
}

/// How sure it is, the least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The namespace is a guess, and so is all that follows it.
    Guess,
    /// The namespace is the template's.
    Template,
    /// The function's name stands in the key, behind some namespace.
    Named,
    /// The key begins as those of the function do, with so many bytes.
    Exact(usize),
}

/// A key as it is written in a path, without the prefix.
pub(super) fn unprefixed<'k>(cache: &Cache, key: &'k str) -> Result<&'k str, Refusal> {
    let rest = key.strip_prefix(&cache.prefix).and_then(|rest| rest.strip_prefix(':'));
    rest.filter(|rest| !rest.is_empty())
        .ok_or_else(|| Refusal::absent(format!("keys begin with `{}:` here", cache.prefix)))
}

/// The functions that could have the key `text`, the likeliest first.
pub(super) fn candidates(text: &str) -> Vec<Candidate> {
    let mut found: Vec<_> = known().flat_map(|known| fits(known, text)).collect();
    found.sort_by_key(|candidate| Reverse(candidate.fit));
    found
}

/// What the invalidation of a key strikes, whosever it is: the key itself, and that of a generic function in all its
/// instances.
pub(super) fn targets(text: &str) -> Vec<Target> {
    vec![Target::Key(text.into()), Target::Group(Group::instances(text))]
}

/// All instances of functions that were called.
pub(super) fn known() -> impl Iterator<Item = Known> {
    stats::identities().into_iter().flat_map(|identity| identity.instances.all())
}

impl Candidate {
    /// Whether nothing but its key is needed to store in its place: the groups that it hangs on follow from it.
    pub(super) fn is_told_by_key(&self) -> Result<(), &'static str> {
        let site = self.known.instance.site;
        if self.known.tagged || site.is_tagged_by_value() {
            Err("its entries have tags, which do not follow from the key")
        } else if site.written_namespace().is_none() {
            Err("its namespace has arguments, which do not follow from the key")
        } else if self.is_open() {
            Err("its keys end in a digest of the arguments")
        } else {
            Ok(())
        }
    }

    pub(super) fn path(&self) -> &'static str {
        &self.known.instance.identity.path
    }

    /// Whether the key shows what the function hides: nothing ever stands there, and it is not to be spread.
    pub(super) fn is_open(&self) -> bool {
        self.known.instance.site.is_sensitive() && !is_sealed(self.key.as_str())
    }

    /// Whether its keys begin like that, and no other function's do.
    pub(super) fn is_exact(&self) -> bool {
        matches!(self.fit, Fit::Exact(_))
    }

    /// Whether the function's name stands in the key.
    pub(super) fn is_named(&self) -> bool {
        self.fit >= Fit::Named
    }

    /// Whether its function has instances that may not be known here.
    pub(super) fn is_generic(&self) -> bool {
        self.known.instance.identity.generic
    }

    /// Whether it is as likely as the other.
    pub(super) fn rivals(&self, other: &Self) -> bool {
        self.fit == other.fit && self.known.instance.owner != other.known.instance.owner
    }
}

fn fits(known: Known, text: &str) -> Vec<Candidate> {
    let (identity, site) = (known.instance.identity, known.instance.site);
    let candidate = |namespace: usize, fit: Fit| {
        let key = Key::of_text(text, namespace);
        Candidate { known, place: known.instance.place(&key), key, fit }
    };
    if let Some(head) = &identity.head {
        let fit = text.strip_prefix(head.as_str()).and_then(|rest| {
            if site.is_template() {
                (!rest.is_empty()).then_some(Fit::Template)
            } else {
                (rest.is_empty() || rest.starts_with(':')).then_some(Fit::Exact(head.as_str().len()))
            }
        });
        return fit.into_iter().map(|fit| candidate(head.namespace().len(), fit)).collect();
    }
    let named = |at: &usize| {
        let rest = text[at + 1..].strip_prefix(&identity.function);
        site.is_template() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    let fit = if site.is_template() { Fit::Guess } else { Fit::Named };
    let colons = text.match_indices(':').map(|(at, _)| at);
    colons.filter(named).take(MOST).map(|at| candidate(at, fit)).collect()
}

/// Whether it ends as the keys of sensitive functions do.
fn is_sealed(key: &str) -> bool {
    let digest = key.rsplit(':').next().and_then(|last| last.strip_prefix("%x"));
    digest.is_some_and(|digest| digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What stands in memory or Redis, of instances told apart, as a key: `0123456789abcdef~users:get:7` is `users:get:7`.
pub(super) fn logical(stored: &str) -> &str {
    match stored.split_at_checked(17) {
        Some((instance, key))
            if instance.ends_with('~') && instance[..16].bytes().all(|b| b.is_ascii_hexdigit()) =>
        {
            key
        }
        _ => stored,
    }
}

/// A value as JSON, or why it is none.
pub(super) fn json(shown: Result<String, impl ToString>) -> (Box<RawValue>, Option<String>) {
    let null = || RawValue::NULL.to_owned();
    match shown.map_err(|error| error.to_string()) {
        Ok(json) => match RawValue::from_string(json) {
            Ok(value) => (value, None),
            Err(error) => (null(), Some(error.to_string())),
        },
        Err(why) => (null(), Some(why)),
    }
}

/// In seconds, to the millisecond.
pub(super) fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_have_one_key() {
        assert_eq!(logical("0123456789abcdef~users:get:7"), "users:get:7");
        for plain in ["users:get:7", "0123456789abcdef:users", "0123456789abcdeg~u", "äääääääääääää~x", ""]
        {
            assert_eq!(logical(plain), plain);
        }
    }

    #[test]
    fn a_digest_is_told_from_an_argument() {
        assert!(is_sealed("users:get:%x0123456789abcdef0123456789abcdef"));
        for open in ["users:get:7", "users:get:%x0123", "users:get:%h0123456789abcdef0123456789abcdef"] {
            assert!(!is_sealed(open), "{open}");
        }
    }
}
