//! The names of things in Redis. They are put together here and nowhere else.
//!
//! ```text
//! <prefix>@<run>:v:<key>      the value: an envelope
//! <prefix>@<run>:l:<key>      the lease: fills of the key that are under way
//! <prefix>@<run>:g:<group>    the generation of a group: 8 random bytes
//! <prefix>@<run>:t            the log of invalidated tags
//! <prefix>@<run>:s            the check value of the secret
//! ```
//!
//! `run` is the beginning of the server's `run_id`, which changes whenever the process behind the
//! address does: one restarted from its snapshot or a promoted replica, which may hold entries that
//! were invalidated since, is a cold cache. Nothing ever follows the key or the group's name, so no
//! character in them is special.
//!
//! In a cluster every name begins with its bucket, `{0}` to `{63}`, which decides its slot; `run` is empty, for names move
//! between servers. A key is in the bucket of its hash, and has the generations it hangs on beside it: each group has a
//! generation in every bucket.

use xxhash_rust::xxh3::xxh3_64;

use super::log::Strike;
use crate::place::{Group, Place, Target};

const RUN: usize = 8;

/// How many slots of a cluster are used.
#[cfg(feature = "cluster")]
pub(super) const BUCKETS: usize = 64;

/// The names under one prefix in one incarnation of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    stem: String,
    of_bucket: bool,
}

impl Keys {
    /// The names under `prefix`. Without a run id they are the same in every incarnation.
    pub(super) fn new(prefix: &str, run: Option<&str>) -> Self {
        Self { stem: format!("{prefix}@{}", run.unwrap_or_default()), of_bucket: false }
    }

    /// The names under `prefix` in each bucket of a cluster. Nothing of anybody's stands before the braces, so that they are
    /// the first.
    #[cfg(feature = "cluster")]
    pub(super) fn of_buckets(prefix: &str) -> Vec<Self> {
        let stems = (0..BUCKETS).map(|bucket| format!("{{{bucket}}}{prefix}@"));
        stems.map(|stem| Self { stem, of_bucket: true }).collect()
    }

    /// Whether they are those of one bucket of a cluster.
    pub(super) fn of_bucket(&self) -> bool {
        self.of_bucket
    }

    /// What a lookup reads: the value and the generations.
    pub(super) fn read(&self, place: &Place) -> Vec<String> {
        let groups = place.lineage.groups().iter().map(|group| self.group(group.name()));
        [self.value(&place.key)].into_iter().chain(groups).collect()
    }

    /// What a script works on: the value, the lease, the generations of the lineage, and of `more`.
    pub(super) fn script<'a>(&self, place: &Place, more: impl IntoIterator<Item = &'a Group>) -> Vec<String> {
        let mut names = self.read(place);
        names.insert(1, self.lease(&place.key));
        names.extend(self.generations(more));
        names
    }

    /// The generations of `groups`.
    pub(super) fn generations<'a>(&self, groups: impl IntoIterator<Item = &'a Group>) -> Vec<String> {
        groups.into_iter().map(|group| self.group(group.name())).collect()
    }

    /// What has to be done for `targets` to be invalid. Without its lease, and with its tag in the log, a fill that is under
    /// way is refused, so what it would store cannot come back behind a value or tag that has gone: they come first.
    pub(super) fn strike<'a>(&self, targets: impl IntoIterator<Item = &'a Target>) -> Strike {
        let (mut names, mut tags) = (Vec::new(), Vec::new());
        for target in targets {
            match target {
                Target::Key(key) => names.extend([self.lease(key), self.value(key)]),
                Target::Group(group) => {
                    tags.extend(group.is_tag().then(|| group.tag_hash()));
                    names.push(self.group(group.name()));
                }
            }
        }
        Strike { log: (!tags.is_empty()).then(|| (self.log(), tags)), names }
    }

    /// A name that nothing is ever stored under.
    pub(super) fn nobodys(&self) -> String {
        format!("{}:x", self.stem)
    }

    /// What a name stands for, if it is one of ours that values depend on.
    pub(super) fn target(&self, name: &str) -> Option<Target> {
        let rest = name.strip_prefix(&self.stem)?;
        if let Some(key) = rest.strip_prefix(":v:") {
            return Some(Target::Key(key.into()));
        }
        rest.strip_prefix(":g:").map(|group| Target::Group(Group::of_name(group)))
    }

    /// The value of a key.
    pub(super) fn value(&self, key: &str) -> String {
        self.value_in_parts(key).concat()
    }

    /// The same, in parts that follow each other.
    pub(super) fn value_in_parts<'a>(&'a self, key: &'a str) -> [&'a str; 3] {
        [&self.stem, ":v:", key]
    }

    /// The key that a name is about, if it is that of a value or of a lease.
    pub(super) fn key<'a>(&self, name: &'a str) -> Option<&'a str> {
        let rest = name.strip_prefix(&self.stem)?;
        rest.strip_prefix(":v:").or_else(|| rest.strip_prefix(":l:"))
    }

    /// What the names of values look like to `SCAN`: in all buckets, if there is more than one.
    pub(super) fn pattern(&self) -> String {
        let (bucket, stem) = match self.stem.split_once('}') {
            Some((_, stem)) if self.of_bucket => ("{*}", stem),
            _ => ("", self.stem.as_str()),
        };
        let mut pattern = bucket.to_owned();
        for c in stem.chars() {
            if matches!(c, '*' | '?' | '[' | ']' | '^' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern + ":v:*"
    }

    /// The key of a value by its name.
    pub(super) fn key_of_value<'a>(&self, name: &'a str) -> Option<&'a str> {
        name.strip_prefix(&self.stem)?.strip_prefix(":v:")
    }

    /// The lease of a key.
    pub(super) fn lease(&self, key: &str) -> String {
        [&self.stem, ":l:", key].concat()
    }

    /// The log of invalidated tags.
    pub(super) fn log(&self) -> String {
        format!("{}:t", self.stem)
    }

    /// The check value of the secret.
    pub(super) fn secret(&self) -> String {
        format!("{}:s", self.stem)
    }

    /// The generation of a group, in parts that follow each other.
    pub(super) fn group_in_parts<'a>(&'a self, name: &'a str) -> [&'a str; 3] {
        [&self.stem, ":g:", name]
    }

    fn group(&self, name: &str) -> String {
        self.group_in_parts(name).concat()
    }
}

/// Which of `count` buckets a key is in.
pub(super) fn bucket(key: &str, count: usize) -> usize {
    match count {
        1 => 0,
        count => usize::try_from(xxh3_64(key.as_bytes()) % count as u64).expect("it is less than `count`"),
    }
}

/// What has to be done in each bucket for `targets` to be invalid: of a key in its own, of a group in all.
pub(super) fn strikes(buckets: &[Keys], targets: &[Target]) -> Vec<Strike> {
    let own = targets.iter().map(|target| match target {
        Target::Key(key) => Some(bucket(key, buckets.len())),
        Target::Group(_) => None,
    });
    let targets: Vec<_> = own.zip(targets).collect();
    let within = |number| {
        let fits = move |own: Option<usize>| own.is_none_or(|own| own == number);
        targets.iter().filter(move |(own, _)| fits(*own)).map(|(_, target)| *target)
    };
    buckets.iter().enumerate().map(|(number, keys)| keys.strike(within(number))).collect()
}

/// The part of the server's `run_id` that stands in names, from its answer to `INFO server`.
pub(super) fn run(info: &str) -> Option<&str> {
    let id = info.lines().find_map(|line| line.strip_prefix("run_id:"))?;
    let run = id.get(..RUN)?;
    run.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(run)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Lineage;

    #[test]
    fn names_are_prefix_run_kind_and_then_the_key_as_it_is() {
        let keys = Keys::new("app", run("# Server\r\nrun_id:0123456789abcdef\r\nos:x\r\n"));
        let place = Place::new("users:{7}*\n", Lineage::new("users", "a::f", []));
        assert_eq!(
            keys.script(&place, []),
            [
                "app@01234567:v:users:{7}*\n",
                "app@01234567:l:users:{7}*\n",
                "app@01234567:g:r",
                "app@01234567:g:f:a::f",
                "app@01234567:g:n:users",
            ]
        );
        assert_eq!(keys.read(&place)[1], "app@01234567:g:r");
        let strike = keys.strike(&[Target::Key("k".into()), Target::Group(Group::root())]);
        assert_eq!(strike.names, ["app@01234567:l:k", "app@01234567:v:k", "app@01234567:g:r"]);
        assert_eq!(strike.log, None);
        let tag = Group::tag("org:7");
        let strike = keys.strike(&[Target::Group(tag.clone())]);
        assert_eq!(strike.names, ["app@01234567:g:t:org:7"]);
        assert_eq!(strike.log, Some(("app@01234567:t".to_owned(), vec![tag.tag_hash()])));
        for name in [keys.log(), keys.secret()] {
            assert_eq!((keys.target(&name), keys.key(&name)), (None, None), "{name}");
        }
    }

    #[test]
    fn a_pattern_is_that_of_values_whatever_the_prefix() {
        let keys = Keys::new("a*b[c", Some("01234567"));
        assert_eq!(keys.pattern(), r"a\*b\[c@01234567:v:*");
        assert_eq!(keys.key_of_value("a*b[c@01234567:v:users:{7}*"), Some("users:{7}*"));
        assert_eq!(keys.key_of_value("a*b[c@01234567:l:users"), None);
        #[cfg(feature = "cluster")]
        assert_eq!(Keys::of_buckets("}{app")[5].pattern(), "{*}}{app@:v:*");
    }

    #[cfg(feature = "cluster")]
    #[test]
    fn in_a_cluster_everything_about_a_key_begins_with_its_bucket_whatever_the_names() {
        let buckets = Keys::of_buckets("}{app");
        let place = Place::new("{evil}", Lineage::new("users", "a::f", []));
        let own = bucket(&place.key, BUCKETS);
        for name in buckets[own].script(&place, &[Group::tag("{x}")]) {
            assert!(name.starts_with(&format!("{{{own}}}}}{{app@:")), "{name}");
        }
        let struck = strikes(&buckets, &[Target::Key(place.key), Target::Group(Group::root())]);
        let struck: Vec<_> = struck.into_iter().map(|strike| strike.names).collect();
        let counts: Vec<_> = struck.iter().map(Vec::len).collect();
        assert_eq!((counts.len(), counts.iter().sum::<usize>(), counts[own]), (64, 66, 3));
        assert_eq!(struck[own][0], format!("{{{own}}}}}{{app@:l:{{evil}}"));
    }

    #[test]
    fn a_run_id_is_eight_hexadecimal_digits_or_none() {
        for info in ["", "run_id:", "run_id:0123", "run_id:häßlich!", "run_id:0123456x", "os:run_id:01234567"]
        {
            assert_eq!(run(info), None, "{info}");
        }
    }
}
