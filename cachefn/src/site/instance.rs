//! The calls of one instance of a function: their keys, where their values lie, and what strikes them.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use cachefn_backends::place::{Group, Lineage, Place, Target};
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use super::{Site, Write};
use crate::global::Cache;
use crate::identity::{Identity, Trunk, has_nameless_types};
use crate::key::{Key, KeyError, KeyWriter, Levels};
use crate::layout::Owner;

/// Why a call cannot be cached.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// One of its arguments cannot be written into a key.
    Key(KeyError),
    /// The key is to be hidden, and nothing is known to hide it with that other processes know too.
    NoSecret,
}

/// One instance of a function: the function itself, unless it is generic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instance {
    pub(crate) site: &'static Site,
    pub(crate) identity: &'static Identity,
    /// Told apart by type, so that no two share an entry in memory.
    pub(crate) owner: TypeId,
    pub(super) name: &'static str,
}

impl Instance {
    /// Writes what the key of every call begins with.
    #[inline]
    pub(crate) fn begin(&self, key: &mut KeyWriter) {
        match &self.identity.head {
            Some(head) => key.begin(head),
            None => key.keyed_by(self.keyed_by()),
        }
    }

    /// The function's name in its keys; templates have none.
    fn keyed_by(&self) -> Option<&'static str> {
        (!self.site.template).then_some(self.identity.function.as_str())
    }

    /// Ends the key of one call.
    #[inline]
    pub(crate) fn complete(&self, key: &mut KeyWriter, cache: &Cache) -> Result<(), Unusable> {
        if self.site.sensitive {
            key.seal(cache.secret().ok_or(Unusable::NoSecret)?).map_err(Unusable::Key)
        } else {
            key.complete().map_err(Unusable::Key)
        }
    }

    /// The logical key that `write` writes.
    pub(crate) fn key(&self, cache: &Cache, write: Write<'_>) -> Result<Key, Unusable> {
        self.written(cache, write, KeyWriter::new()).map(|key| key.to_key())
    }

    /// The same, with the call in short as it is by the same look at the arguments.
    pub(crate) fn key_and_short(&self, cache: &Cache, write: Write<'_>) -> Result<KeyWriter, Unusable> {
        self.written(cache, write, KeyWriter::with_short())
    }

    fn written(&self, cache: &Cache, write: Write<'_>, mut key: KeyWriter) -> Result<KeyWriter, Unusable> {
        #[cfg(feature = "test-util")]
        if let Some(keys) = cache.strict_keys() {
            return self.written_and_compared(cache, keys, write, key);
        }
        self.begin(&mut key);
        write(&mut key);
        self.complete(&mut key, cache)?;
        Ok(key)
    }

    /// The same where keys are compared.
    #[cfg(feature = "test-util")]
    fn written_and_compared(
        &self,
        cache: &Cache,
        keys: &crate::testing::Keys,
        write: Write<'_>,
        key: KeyWriter,
    ) -> Result<KeyWriter, Unusable> {
        let mut key = key.comparing();
        self.begin(&mut key);
        write(&mut key);
        let loose = key.loose_form();
        self.complete(&mut key, cache)?;
        if let Some(loose) = loose {
            keys.compare(self, &loose, &key.to_key());
        }
        Ok(key)
    }

    /// Where the entry of `key` lives.
    #[cfg(feature = "axum")]
    pub(crate) fn place(&self, key: &Key) -> Place {
        self.place_of(key, self.stored_key(key))
    }

    /// The text under which the entry of `key` is stored.
    pub(crate) fn stored_key(&self, key: &Key) -> Arc<str> {
        if self.identity.generic {
            format!("{:016x}~{}", xxh3_64(self.name.as_bytes()), key.as_str()).into()
        } else {
            key.text()
        }
    }

    /// Where the entry of `key` lives, whose stored key is `text`. Costs a few allocations for each level of the key that
    /// is not the same in all of the function's.
    pub(crate) fn place_of(&self, key: &Key, text: Arc<str>) -> Place {
        let place = Place::new(text, self.lineage(key));
        let place = if self.site.tagged_by_value { place.open() } else { place };
        if self.site.lease { place.alone() } else { place }
    }

    /// The root, the function, each level of the key, and the key itself where there may be other instances. The order
    /// is the same whatever is known of the function.
    fn lineage(&self, key: &Key) -> Lineage {
        let Some((trunk, levels)) = self.trunk_of(key) else {
            let trunk = [Group::root(), Group::function(&self.identity.path)].into_iter().collect();
            return Lineage::below(&Arc::new(trunk), self.own(key, Levels::of(key.as_str())));
        };
        let own = self.own(key, levels);
        if own.is_empty() { Lineage::clone(&trunk.lineage) } else { Lineage::below(&trunk.lineage, own) }
    }

    /// What all lineages of the function have in common, and the levels of the key below that. Nothing if it begins
    /// differently, as a long one may, or if no call was made yet.
    fn trunk_of<'k>(&self, key: &'k Key) -> Option<(&'static Trunk, Levels<'k>)> {
        let trunk = match key.fixed() {
            Some(fixed) => self.identity.trunk.get_or_init(|| self.trunk(key.as_str(), fixed)),
            None => self.identity.trunk.get()?,
        };
        let rest = key.as_str().strip_prefix(&*trunk.beginning)?;
        let from = match trunk.beginning.len() {
            0 => 0,
            length => rest.starts_with(':').then_some(length + 1)?,
        };
        Some((trunk, Levels::below(key.as_str(), from, &trunk.name)))
    }

    fn own(&self, key: &Key, mut levels: Levels<'_>) -> SmallVec<[Group; 4]> {
        let mut own = SmallVec::new();
        while levels.advance() {
            own.push(Group::namespace(levels.name()));
        }
        own.extend(self.instances(key));
        own
    }

    fn instances(&self, key: &Key) -> Option<Group> {
        self.identity.generic.then(|| Group::instances(key.as_str()))
    }

    /// What all lineages have in common, by one of the keys.
    fn trunk(&self, key: &str, fixed: usize) -> Trunk {
        let mut groups = vec![Group::root(), Group::function(&self.identity.path)];
        let (mut beginning, mut name) = ("", String::new());
        let mut levels = Levels::of(key);
        while levels.advance() && levels.end() <= fixed {
            groups.push(Group::namespace(levels.name()));
            (beginning, name) = (&key[..levels.end()], levels.name().to_owned());
        }
        let lineage = Arc::new(groups.into_iter().collect());
        Trunk { beginning: beginning.into(), name: name.into(), lineage }
    }

    /// What the invalidation of `key` strikes: the key, in all instances.
    pub(crate) fn target(&self, key: &Key) -> Target {
        if self.identity.generic {
            Target::Group(Group::instances(key.as_str()))
        } else {
            Target::Key(key.as_str().into())
        }
    }

    /// What the invalidation of the whole function strikes.
    pub(crate) fn all(&self) -> Target {
        Target::Group(Group::function(&self.identity.path))
    }

    /// The number under which its values are stored outside the process; `None` if that side could not tell them from
    /// those of another function or instance.
    ///
    /// A path and the types of an instance name it, and what they name alike is told apart by how it is written. Of that
    /// the signature counts, so that a body can change; where functions have no path of their own, the body too. A type
    /// without a name, that of a closure, makes an instance that nobody else can name.
    pub(crate) fn stored_as(&self) -> Option<u64> {
        let (owner, number) = *self.identity.first_instance.get_or_init(|| (self.owner, self.number()));
        if owner == self.owner { number } else { self.number() }
    }

    fn number(&self) -> Option<u64> {
        /// The numbers in use, and by whom.
        static NUMBERS: Mutex<BTreeMap<u64, TypeId>> = Mutex::new(BTreeMap::new());

        let Identity { path, generic, shared_path, .. } = self.identity;
        let name = if *generic || self.site.typed { self.name } else { "" };
        if has_nameless_types(name) {
            return None;
        }
        let (signature, whole) = self.site.written;
        let written = if *shared_path { whole } else { signature };
        let number = xxh3_64(format!("{path}\n{name}\n{written:x}").as_bytes());
        let mut numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
        (*numbers.entry(number).or_insert(self.owner) == self.owner).then_some(number)
    }

    /// Whose values those of the number `site` are.
    pub(crate) fn owner_of(&self, site: u64) -> Owner {
        Owner { site, version: self.site.version, untried: false }
    }

    /// The same for a value that is to be stored.
    pub(crate) fn writer_of(&self, site: u64) -> Owner {
        let untried = &self.identity.untried;
        let untried = untried.load(Ordering::Relaxed) && untried.swap(false, Ordering::Relaxed);
        Owner { untried, ..self.owner_of(site) }
    }
}
