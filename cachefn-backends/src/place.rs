//! Where an entry lives: its key, and the groups it hangs on.
//!
//! ```text
//! cachefn:users:7:get_user:42          logical key (prefix:namespace:function:arguments)
//!         └ root · n:users · n:users:7 · f:app::users::get_user      its lineage
//! ```
//!
//! Every group has one *generation*. An entry remembers the generations it was filled under and
//! dies with the first of them that changes, so invalidating a group costs the same with one entry
//! or a million.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

/// The groups that stand for all tags.
const SHARDS: u64 = 16;

/// A set of entries that are invalidated together, by its canonical name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group(Arc<str>);

impl Group {
    /// Everything under the prefix.
    pub fn root() -> Self {
        Self("r".into())
    }

    /// One level of a namespace; it covers every level below.
    pub fn namespace(level: &str) -> Self {
        Self(format!("n:{level}").into())
    }

    /// All entries of one function.
    pub fn function(path: &str) -> Self {
        Self(format!("f:{path}").into())
    }

    /// One key of a generic function, in all its instances. Nothing but the key is in its name, so that who has only that
    /// can strike it.
    pub fn instances(key: &str) -> Self {
        Self(format!("k:{key}").into())
    }

    /// All entries with one tag.
    pub fn tag(tag: &str) -> Self {
        Self(format!("t:{tag}").into())
    }

    /// What is struck with a tag, so that a fill whose tags are not known yet can capture all of them: one of 16
    /// groups. Other groups have none.
    pub fn shard(&self) -> Option<Self> {
        self.0.starts_with("t:").then(|| Self::shard_number(xxh3_64(self.0.as_bytes()) % SHARDS))
    }

    /// All that tags can be struck with.
    pub fn shards() -> impl Iterator<Item = Self> {
        (0..SHARDS).map(Self::shard_number)
    }

    fn shard_number(number: u64) -> Self {
        Self(format!("s:{number}").into())
    }

    /// The group of a canonical name, if it is that of a tag.
    pub(crate) fn named(name: &str) -> Option<Self> {
        name.starts_with("t:").then(|| Self(name.into()))
    }

    /// The group of any canonical name.
    #[cfg(feature = "redis")]
    pub(crate) fn of_name(name: &str) -> Self {
        Self(name.into())
    }

    /// The canonical name: a kind, a colon, the group's own name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// The groups of an entry, root first, with a hash of all their names. Cheap to clone, to hash and, for clones, to compare.
#[derive(Clone, Debug)]
pub struct Lineage(Arc<[Group]>, u64);

impl PartialEq for Lineage {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.1 == other.1 && self.0 == other.0)
    }
}

impl Eq for Lineage {}

impl Hash for Lineage {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.1);
    }
}

impl FromIterator<Group> for Lineage {
    fn from_iter<I: IntoIterator<Item = Group>>(groups: I) -> Self {
        let groups: Arc<[Group]> = groups.into_iter().collect();
        let mix = |hash: u64, group: &Group| hash.rotate_left(7) ^ xxh3_64(group.name().as_bytes());
        let hash = groups.iter().fold(0, mix);
        Self(groups, hash)
    }
}

impl Lineage {
    /// The lineage of an entry of `function` in `namespace`: root, each level of the namespace, the
    /// function, and whatever `more` it hangs on.
    pub fn new(namespace: &str, function: &str, more: impl IntoIterator<Item = Group>) -> Self {
        let levels = namespace.match_indices(':').map(|(end, _)| &namespace[..end]).chain([namespace]);
        let groups = [Group::root()].into_iter().chain(levels.map(Group::namespace));
        groups.chain([Group::function(function)]).chain(more).collect()
    }

    /// The same with `more` groups.
    #[must_use]
    pub fn with(&self, more: impl IntoIterator<Item = Group>) -> Self {
        self.0.iter().cloned().chain(more).collect()
    }

    /// Whether it is a clone of the other.
    #[cfg(feature = "redis")]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The groups, root first.
    pub fn groups(&self) -> &[Group] {
        &self.0
    }
}

/// The place of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The logical key without the deployment's prefix.
    pub key: Arc<str>,
    /// The groups the entry hangs on.
    pub lineage: Lineage,
    /// Whether its value names more groups, when there is one.
    pub open: bool,
    /// Whether one fill of it at a time is enough for all processes.
    pub alone: bool,
}

impl Place {
    /// The place of `key` in `lineage`.
    pub fn new(key: impl Into<Arc<str>>, lineage: Lineage) -> Self {
        Self { key: key.into(), lineage, open: false, alone: false }
    }

    /// The same, of an entry whose value names more groups.
    #[must_use]
    pub fn open(self) -> Self {
        Self { open: true, ..self }
    }

    /// The same, of an entry that one process at a time is to fill.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { alone: true, ..self }
    }
}

/// What an invalidation strikes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The entry of one key.
    Key(Arc<str>),
    /// All entries of a group.
    Group(Group),
}

impl Target {
    /// Whether the entry of `place` is among what it strikes.
    pub fn strikes(&self, place: &Place) -> bool {
        match self {
            Self::Key(key) => **key == *place.key,
            Self::Group(group) => place.lineage.groups().contains(group),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lineage_holds_every_level_of_the_namespace() {
        let lineage = Lineage::new("users:7:keys", "app::f", [Group::instances("k")]);
        let names: Vec<_> = lineage.groups().iter().map(Group::name).collect();
        assert_eq!(names, ["r", "n:users", "n:users:7", "n:users:7:keys", "f:app::f", "k:k"]);
    }

    #[test]
    fn a_tag_is_struck_with_one_of_the_shards() {
        let shard = Group::tag("org:7").shard().expect("a tag has a shard");
        assert!(Group::shards().any(|one| one == shard));
        assert_eq!(Group::shards().count(), 16);
        assert_eq!(Group::namespace("org:7").shard(), None);
        let all = (0..1000).filter_map(|org| Group::tag(&format!("org:{org}")).shard());
        assert_eq!(all.collect::<std::collections::HashSet<_>>().len(), 16);
    }
}
