//! Where an entry lives: its key, and the groups it hangs on.
//!
//! ```text
//! cachefn:users:7:get_user:42          logical key (prefix:namespace:function:arguments)
//!         └ root · f:app::users::get_user · n:users · n:users:7 · n:users:7:get_user      its lineage
//! ```
//!
//! Every group has one *generation*. An entry remembers the generations it was filled under and
//! dies with the first of them that changes, so invalidating a group costs the same with one entry
//! or a million.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

/// A set of entries that are invalidated together, by its canonical name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group(Arc<str>);

impl Group {
    /// Everything under the prefix.
    pub fn root() -> Self {
        Self("r".into())
    }

    /// One level of a key, in its namespace or behind it; it covers every level below.
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

    /// Whether it is that of a tag.
    pub fn is_tag(&self) -> bool {
        self.0.starts_with("t:")
    }

    /// A short form of a tag's name, as the logs of invalidated tags have it: [`xxh3_64`] without the first bit. Two tags
    /// that share one refuse each other's fills, nothing worse.
    pub(crate) fn tag_hash(&self) -> [u8; 8] {
        (xxh3_64(self.0.as_bytes()) >> 1).to_be_bytes()
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
///
/// Entries of one function mostly differ in few groups: what they have in common is the trunk of their lineages.
#[derive(Clone, Debug)]
pub struct Lineage {
    groups: Arc<[Group]>,
    hash: u64,
    /// What it is below.
    trunk: Option<Arc<Lineage>>,
    /// How many groups follow the trunk as the entry's own. More may follow them.
    own: usize,
}

impl PartialEq for Lineage {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.groups, &other.groups) || (self.hash == other.hash && self.groups == other.groups)
    }
}

impl Eq for Lineage {}

impl Hash for Lineage {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl FromIterator<Group> for Lineage {
    fn from_iter<I: IntoIterator<Item = Group>>(groups: I) -> Self {
        let groups: Arc<[Group]> = groups.into_iter().collect();
        let hash = mix(0, &groups);
        Self { groups, hash, trunk: None, own: 0 }
    }
}

fn mix(hash: u64, groups: &[Group]) -> u64 {
    let mix = |hash: u64, group: &Group| hash.rotate_left(7) ^ xxh3_64(group.name().as_bytes());
    groups.iter().fold(hash, mix)
}

impl Lineage {
    /// The lineage of an entry of `function` in `namespace`: root, the function, each level of the namespace, and
    /// whatever `more` it hangs on.
    pub fn new(namespace: &str, function: &str, more: impl IntoIterator<Item = Group>) -> Self {
        let levels = namespace.match_indices(':').map(|(end, _)| &namespace[..end]).chain([namespace]);
        let groups = [Group::root(), Group::function(function)].into_iter();
        groups.chain(levels.map(Group::namespace)).chain(more).collect()
    }

    /// The lineage of an entry that hangs on all of `trunk` and on its `own` groups.
    pub fn below(trunk: &Arc<Self>, own: impl IntoIterator<Item = Group>) -> Self {
        let groups: Arc<[Group]> = trunk.groups.iter().cloned().chain(own).collect();
        let own = groups.len() - trunk.groups.len();
        let hash = mix(trunk.hash, &groups[trunk.groups.len()..]);
        Self { groups, hash, trunk: Some(Arc::clone(trunk)), own }
    }

    /// The same with `more` groups.
    #[must_use]
    pub fn with(&self, more: impl IntoIterator<Item = Group>) -> Self {
        let groups: Arc<[Group]> = self.groups.iter().cloned().chain(more).collect();
        let hash = mix(self.hash, &groups[self.groups.len()..]);
        Self { groups, hash, trunk: self.trunk.clone(), own: self.own }
    }

    /// Whether it is a clone of the other.
    #[cfg(feature = "redis")]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.groups, &other.groups)
    }

    /// The groups, root first.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// What it is below, if that is known.
    pub(crate) fn trunk(&self) -> Option<&Lineage> {
        self.trunk.as_deref()
    }

    /// Which of the groups are the entry's own, or shared with few: they need not be kept for longer than what is below
    /// them.
    #[cfg(feature = "redis")]
    pub(crate) fn narrow(&self) -> std::ops::Range<usize> {
        let from = self.trunk.as_ref().map_or(self.groups.len(), |trunk| trunk.groups.len());
        from..from + self.own
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
    /// Groups that its value will name, as far as they are known before there is one; no group twice.
    pub tags: Vec<Group>,
    /// Whether one fill of it at a time is enough for all processes.
    pub alone: bool,
}

impl Place {
    /// The place of `key` in `lineage`.
    pub fn new(key: impl Into<Arc<str>>, lineage: Lineage) -> Self {
        Self { key: key.into(), lineage, open: false, tags: Vec::new(), alone: false }
    }

    /// The same, of an entry whose value names more groups.
    #[must_use]
    pub fn open(self) -> Self {
        Self { open: true, ..self }
    }

    /// The same, of an entry whose value will name `tags` and no other groups. They are captured with the lineage when a
    /// fill begins; who looks the entry up need not know them.
    #[must_use]
    pub fn tagged(self, tags: impl IntoIterator<Item = Group>) -> Self {
        let mut known = Vec::new();
        for tag in tags {
            if !known.contains(&tag) {
                known.push(tag);
            }
        }
        Self { open: false, tags: known, ..self }
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
            Self::Group(group) => place.lineage.groups().contains(group) || place.tags.contains(group),
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
        assert_eq!(names, ["r", "f:app::f", "n:users", "n:users:7", "n:users:7:keys", "k:k"]);
    }

    #[test]
    fn a_lineage_is_the_same_however_it_was_put_together() {
        let [a, b, c] = ["a", "b", "c"].map(Group::tag);
        let whole = Lineage::new("users", "app::f", [a.clone(), b.clone(), c.clone()]);
        let trunk = Arc::new(Lineage::new("users", "app::f", []));
        let below = Lineage::below(&trunk, [a, b]);
        assert_eq!(below.trunk(), Some(&*trunk));
        let with = below.with([c]);
        assert_eq!((&with, with.hash), (&whole, whole.hash));
        #[cfg(feature = "redis")]
        assert_eq!((with.narrow(), below.narrow(), trunk.narrow()), (3..5, 3..5, 3..3));
    }

    #[test]
    fn a_tag_has_a_short_form_whose_first_bit_is_free() {
        let hashes: std::collections::HashSet<_> =
            (0..1000).map(|org| Group::tag(&format!("org:{org}")).tag_hash()).collect();
        assert_eq!(hashes.len(), 1000);
        assert!(hashes.iter().all(|hash| hash[0] < 0x80));
        assert!(Group::tag("org:7").is_tag() && !Group::namespace("org:7").is_tag());
    }

    #[test]
    fn tags_that_are_known_before_the_value_are_kept_once_and_strike_its_place() {
        let tags = ["a", "b", "a"].map(Group::tag);
        let place = Place::new("k", Lineage::new("users", "f", [])).open().tagged(tags);
        assert_eq!((place.open, place.tags.len()), (false, 2));
        assert!(Target::Group(Group::tag("b")).strikes(&place));
        assert!(!Target::Group(Group::tag("c")).strikes(&place));
    }
}
