//! One annotated function as data, and the calls of one of its instances.
//!
//! The expansion writes a [`Site`] down as a constant; everything it would like to decide is a field
//! here, read by the runtime.

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use cachefn_backends::life::Age;
use cachefn_backends::place::{Group, Lineage, Place, Target};
use xxhash_rust::xxh3::xxh3_64;

use crate::event;
use crate::freshness::Freshness;
use crate::global::{Cache, room};
use crate::identity::{Identity, has_nameless_types};
use crate::key::{Key, KeyError, KeyWriter, group_name};
use crate::layout::Owner;
use crate::observe::Outcome;
use crate::terms::CENTURY;

/// One annotated function.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an argument that is there or not")]
pub struct Site {
    module: &'static str,
    name: &'static str,
    /// Absent where the namespace is a template.
    namespace: Option<&'static str>,
    template: bool,
    expire: Option<Duration>,
    none: Option<Duration>,
    jitter: f64,
    pub(crate) freshness: Freshness,
    version: u64,
    sensitive: bool,
    #[cfg(feature = "axum")]
    private: bool,
    tagged_by_value: bool,
    generic: bool,
    lease: bool,
    /// Whether it is no function: a key may have a value of any type, which is told apart by its type.
    typed: bool,
    /// Hashes of the function as it is written: of its attribute and signature, and of all of it.
    written: (u64, u64),
    identity: OnceLock<Identity>,
}

/// A closure of a function, by which the function's instance is known. What follows from it is not generic, so that
/// it is compiled once and not once per function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closure {
    name: &'static str,
    owner: TypeId,
}

impl Closure {
    #[inline]
    pub(crate) fn of<F>() -> Self {
        Self { name: type_name::<F>(), owner: typeid::of::<F>() }
    }
}

/// Writes the arguments of one call.
pub(crate) type Write<'a> = &'a dyn Fn(&mut KeyWriter);

/// Takes what is found; false if it is of no use.
pub(crate) type Take<'a> = &'a mut dyn FnMut(&dyn Any) -> bool;

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
    name: &'static str,
}

impl Site {
    /// The function `name` in `module`, with every argument absent.
    pub const fn new(module: &'static str, name: &'static str) -> Self {
        Self {
            module,
            name,
            namespace: Some(module),
            template: false,
            expire: None,
            none: None,
            jitter: 0.0,
            freshness: Freshness::NONE,
            version: 0,
            sensitive: false,
            #[cfg(feature = "axum")]
            private: false,
            tagged_by_value: false,
            generic: false,
            lease: false,
            typed: false,
            written: (0, 0),
            identity: OnceLock::new(),
        }
    }

    /// `namespace = "…"`.
    #[must_use]
    pub const fn namespace(mut self, namespace: &'static str) -> Self {
        self.namespace = Some(namespace);
        self
    }

    /// `namespace = "…{argument}…"`: the key's closure writes it.
    #[must_use]
    pub const fn dynamic_namespace(mut self) -> Self {
        self.namespace = None;
        self
    }

    /// `key = "…"`: the key is a template, without the function's name.
    #[must_use]
    pub const fn template(mut self) -> Self {
        self.template = true;
        self
    }

    /// `expire = …`, in milliseconds.
    #[must_use]
    pub const fn expire(mut self, millis: u64) -> Self {
        self.expire = Some(Duration::from_millis(millis));
        self
    }

    /// `none = …`, in milliseconds.
    #[must_use]
    pub const fn none(mut self, millis: u64) -> Self {
        self.none = Some(Duration::from_millis(millis));
        self
    }

    /// `jitter = …`, a part of one.
    #[must_use]
    pub const fn jitter(mut self, part: f64) -> Self {
        self.jitter = part;
        self
    }

    /// `stale = …`, in milliseconds.
    #[must_use]
    pub const fn stale(mut self, millis: u64) -> Self {
        self.freshness.stale = Duration::from_millis(millis);
        self
    }

    /// `stale_if_error = …`, in milliseconds.
    #[must_use]
    pub const fn stale_if_error(mut self, millis: u64) -> Self {
        self.freshness.stale_if_error = Duration::from_millis(millis);
        self
    }

    /// `refresh_ahead = …`, a part of one.
    #[must_use]
    pub const fn refresh_ahead(mut self, part: f64) -> Self {
        self.freshness.refresh_ahead = Some(part);
        self
    }

    /// `timeout = …`, in milliseconds.
    #[must_use]
    pub const fn timeout(mut self, millis: u64) -> Self {
        self.freshness.timeout = Some(Duration::from_millis(millis));
        self
    }

    /// `version = …`.
    #[must_use]
    pub const fn version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    /// `sensitive`.
    #[must_use]
    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// `response = private`.
    #[cfg(feature = "axum")]
    #[must_use]
    pub const fn private_response(mut self) -> Self {
        self.private = true;
        self
    }

    /// `tags_with = …`: the value will name more groups.
    #[must_use]
    pub const fn tagged_by_value(mut self) -> Self {
        self.tagged_by_value = true;
        self
    }

    /// `lease = true`: one fill of a key at a time, in all processes.
    #[must_use]
    pub const fn lease(mut self) -> Self {
        self.lease = true;
        self
    }

    /// It is no function: a key may have a value of any type.
    #[must_use]
    pub(crate) const fn typed(mut self) -> Self {
        self.typed = true;
        self
    }

    /// The function has type parameters of its own: its companions need not have them.
    #[must_use]
    pub const fn generic(mut self) -> Self {
        self.generic = true;
        self
    }

    /// Hashes of the function as it is written: of its attribute and signature, and of all of it.
    #[must_use]
    pub const fn written(mut self, signature: u64, whole: u64) -> Self {
        self.written = (signature, whole);
        self
    }

    pub(crate) fn module(&self) -> &'static str {
        self.module
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The namespace as it is written, unless it is a template.
    pub(crate) fn written_namespace(&self) -> Option<&'static str> {
        self.namespace
    }

    pub(crate) fn is_template(&self) -> bool {
        self.template
    }

    pub(crate) fn is_generic(&self) -> bool {
        self.generic
    }

    #[cfg(feature = "axum")]
    pub(crate) fn is_tagged_by_value(&self) -> bool {
        self.tagged_by_value
    }

    /// Whether the key of its responses names the user.
    #[cfg(feature = "axum")]
    pub(crate) fn is_private(&self) -> bool {
        self.private
    }

    pub(crate) fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    #[cfg(feature = "axum")]
    pub(crate) fn is_leased(&self) -> bool {
        self.lease
    }

    #[cfg(feature = "axum")]
    pub(crate) fn written_version(&self) -> u64 {
        self.version
    }

    #[cfg(feature = "axum")]
    pub(crate) fn written_jitter(&self) -> Option<f64> {
        (self.jitter > 0.0).then_some(self.jitter)
    }

    pub(crate) fn ttl(&self) -> Option<Duration> {
        self.expire
    }

    /// How long a `None` lives, if it is stored.
    pub(crate) fn life_of_none(&self) -> Option<Duration> {
        self.none
    }

    /// Shortens a life by a random part of it, up to `jitter`.
    pub(crate) fn jittered(&self, life: Duration) -> Duration {
        if self.jitter > 0.0 { life.min(CENTURY).mul_f64(1.0 - self.jitter * fastrand::f64()) } else { life }
    }

    /// The instance that a closure stands in.
    #[inline]
    pub(crate) fn instance(&'static self, closure: Closure) -> Instance {
        let identity = match room::identity(self, || self.read(closure)) {
            Ok(own) => own,
            Err(()) => self.identity.get_or_init(|| {
                crate::stats::register(self);
                self.read(closure)
            }),
        };
        Instance { site: self, identity, owner: closure.owner, name: closure.name }
    }

    fn read(&self, closure: Closure) -> Identity {
        if self.typed {
            return Identity::read(self, &format!("{}::{}", self.module, self.name));
        }
        Identity::read(self, closure.name)
    }

    /// Who it is, if it was called.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.identity.get()
    }
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
        self.begin(&mut key);
        write(&mut key);
        self.complete(&mut key, cache)?;
        Ok(key)
    }

    /// Says that a call was none of the cache's business.
    pub(crate) fn says_bypassed(&self, cache: &Cache, write: Write<'_>, began: Option<Instant>) {
        if began.is_some()
            && let Ok(key) = self.key(cache, write)
        {
            event::outcome(Outcome::Bypassed, self, &cache.prefix, key.as_str(), None, began);
        }
    }

    /// Counts a call that cannot be cached, and says why.
    pub(crate) fn says_unusable(&self, why: &Unusable) {
        self.identity.counters.unfit.count();
        match why {
            Unusable::Key(error) => event::no_key(&self.identity.function, error),
            Unusable::NoSecret => {
                self.identity.said_unfit.call_once(|| event::no_secret(&self.identity.function));
            }
        }
    }

    /// Says once that a response is asked for and no layer tells for which request.
    #[cfg(feature = "axum")]
    pub(crate) fn says_no_request(&self) {
        self.identity.counters.unfit.count();
        self.identity.said_unfit.call_once(|| event::no_request(&self.identity.function));
    }

    /// Counts a value that names too many tags, and says so once.
    pub(crate) fn says_too_many_tags(&self) {
        self.identity.counters.unfit.count();
        self.identity.said_unfit.call_once(|| event::too_many_tags(&self.identity.function));
    }

    /// Says once that nothing is stored: the value is a `Result` or `Option` behind a type parameter.
    pub(crate) fn says_hidden(&self) {
        self.identity.counters.unfit.count();
        self.identity.said_unfit.call_once(|| event::hidden_result(&self.identity.function));
    }

    /// Counts a call that was answered from the cache.
    #[inline]
    pub(crate) fn counts_hit(&self, age: Age, timed: Option<Instant>) {
        self.identity.hits.count();
        if age != Age::Fresh {
            self.identity.counters.stale.count();
        }
        if let Some(timed) = timed {
            self.identity.lookups.add(timed.elapsed());
        }
    }

    /// Counts a call that has missed, and is answered with what was at hand.
    pub(crate) fn makes_do(&self, remaining: Option<Duration>) -> Outcome {
        if remaining.is_some() {
            return Outcome::Hit;
        }
        self.identity.counters.stale.count();
        Outcome::Stale
    }

    /// Says what was found; the key is written only for that.
    #[cold]
    pub(crate) fn says_hit(
        &self,
        cache: &Cache,
        write: Write<'_>,
        age: Age,
        remaining: Option<Duration>,
        began: Option<Instant>,
    ) {
        if let Ok(key) = self.key(cache, write) {
            self.says(cache, age, key.as_str(), remaining.unwrap_or_default(), began);
        }
    }

    /// Says what was found.
    pub(crate) fn says(
        &self,
        cache: &Cache,
        age: Age,
        key: &str,
        remaining: Duration,
        began: Option<Instant>,
    ) {
        let (outcome, remaining) = match age {
            Age::Fresh => (Outcome::Hit, Some(remaining)),
            Age::Stale | Age::Spent => (Outcome::Stale, None),
        };
        event::outcome(outcome, self, &cache.prefix, key, remaining, began);
    }

    /// Where the entry of `key` lives.
    pub(crate) fn place(&self, key: &Key) -> Place {
        let text: Arc<str> = if self.identity.generic {
            format!("{:016x}~{}", xxh3_64(self.name.as_bytes()), key.as_str()).into()
        } else {
            key.text()
        };
        let place = Place::new(text, self.lineage(key));
        let place = if self.site.tagged_by_value { place.open() } else { place };
        if self.site.lease { place.alone() } else { place }
    }

    fn lineage(&self, key: &Key) -> Lineage {
        self.identity.lineage.clone().unwrap_or_else(|| {
            let instances =
                self.identity.generic.then(|| Group::instances(&self.identity.path, key.as_str()));
            Lineage::new(&group_name(key.namespace()), &self.identity.path, instances)
        })
    }

    /// Says once that another function stores under the same key.
    pub(crate) fn says_shared_key(&self, key: &str) {
        self.identity.shared_key.call_once(|| event::shared_key(&self.identity.function, key));
    }

    /// What the invalidation of `key` strikes: the key, in all instances.
    pub(crate) fn target(&self, key: &Key) -> Target {
        if self.identity.generic {
            Target::Group(Group::instances(&self.identity.path, key.as_str()))
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
}

impl Instance {
    /// Whose values those of the number `site` are.
    pub(crate) fn owner_of(&self, site: u64) -> Owner {
        Owner { site, version: self.site.version }
    }
}
