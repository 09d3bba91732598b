//! One annotated function as data, and who it is.
//!
//! The expansion writes a [`Site`] down as a constant; everything it would like to decide is a field
//! here, read by the runtime. Who the function is, is learnt once, at its first call, from the name
//! of a closure inside it: an attribute on a method never sees the type whose method it is.

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use cachefn_backends::place::{Group, Lineage, Place, Target};
use xxhash_rust::xxh3::xxh3_64;

use crate::event;
use crate::global::Cache;
use crate::key::{Key, KeyError, KeyWriter, group_name};
use crate::latency::Histogram;
use crate::layout::Owner;
use crate::observe::Outcome;
use crate::stats::{Counters, Sharded};
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
    version: u64,
    sensitive: bool,
    tagged_by_value: bool,
    generic: bool,
    /// Hashes of the function as it is written: of its attribute and signature, and of all of it.
    written: (u64, u64),
    identity: OnceLock<Identity>,
    pub(crate) counters: Counters,
}

/// Who a function is.
#[derive(Debug)]
pub(crate) struct Identity {
    /// What logs and keys call it: `get_user`, or `Repo::get` for a method.
    pub(crate) function: String,
    /// Its path: `app::users::Repo::get`.
    pub(crate) path: String,
    /// Whether its instances must be told apart.
    generic: bool,
    namespace: Option<String>,
    /// What every key begins with, where it is the same for all.
    head: Option<Key>,
    pub(crate) hits: Sharded,
    /// How long hits take; of those in memory one in many is measured.
    pub(crate) lookups: Histogram,
    pub(crate) bodies: Histogram,
    /// The lineage of every entry, where it is the same for all.
    lineage: Option<Lineage>,
    /// Whether its path may be that of another function too: functions in blocks have no path of their own.
    shared_path: bool,
    shared_key: Once,
    said_unfit: Once,
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
            version: 0,
            sensitive: false,
            tagged_by_value: false,
            generic: false,
            written: (0, 0),
            identity: OnceLock::new(),
            counters: Counters::new(),
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

    /// `tags_with = …`: the value will name more groups.
    #[must_use]
    pub const fn tagged_by_value(mut self) -> Self {
        self.tagged_by_value = true;
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
        let identity = self.identity.get_or_init(|| {
            crate::stats::register(self);
            Identity::read(self, closure.name)
        });
        Instance { site: self, identity, owner: closure.owner, name: closure.name }
    }

    /// Who it is, if it was called.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.identity.get()
    }

    /// The namespace as it is written, for labels.
    pub(crate) fn namespace_label(&self) -> &str {
        self.identity().and_then(|identity| identity.namespace.as_deref()).unwrap_or("(template)")
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

    /// Counts a call that cannot be cached, and says why.
    pub(crate) fn says_unusable(&self, why: &Unusable) {
        self.site.counters.unfit.count();
        match why {
            Unusable::Key(error) => event::no_key(&self.identity.function, error),
            Unusable::NoSecret => {
                self.identity.said_unfit.call_once(|| event::no_secret(&self.identity.function));
            }
        }
    }

    /// Counts a value that names too many tags, and says so once.
    pub(crate) fn says_too_many_tags(&self) {
        self.site.counters.unfit.count();
        self.identity.said_unfit.call_once(|| event::too_many_tags(&self.identity.function));
    }

    /// Says once that nothing is stored: the value is a `Result` or `Option` behind a type parameter.
    pub(crate) fn says_hidden(&self) {
        self.site.counters.unfit.count();
        self.identity.said_unfit.call_once(|| event::hidden_result(&self.identity.function));
    }

    /// Says what was found; the key is written only for that.
    #[cold]
    pub(crate) fn says_hit(
        &self,
        cache: &Cache,
        write: Write<'_>,
        remaining: Option<Duration>,
        began: Option<Instant>,
    ) {
        if let Ok(key) = self.key(cache, write) {
            event::outcome(Outcome::Hit, self, &cache.prefix, key.as_str(), remaining, began);
        }
    }

    /// Where the entry of `key` lives.
    pub(crate) fn place(&self, key: &Key) -> Place {
        let text: Arc<str> = if self.identity.generic {
            format!("{:016x}~{}", xxh3_64(self.name.as_bytes()), key.as_str()).into()
        } else {
            key.text()
        };
        let place = Place::new(text, self.lineage(key));
        if self.site.tagged_by_value { place.open() } else { place }
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
        /// The numbers in use, and by whom.
        static NUMBERS: Mutex<BTreeMap<u64, TypeId>> = Mutex::new(BTreeMap::new());

        let Identity { path, generic, shared_path, .. } = self.identity;
        let name = if *generic { self.name } else { "" };
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

impl Identity {
    /// Input: a site and the name of a closure inside it, `app::users::Repo<S>::get::{{closure}}`.
    fn read(site: &Site, closure: &str) -> Self {
        let module = plain(site.module);
        let owner = owner(closure);
        let parent = plain(&owner);
        let function = match parent.rsplit("::").next() {
            Some(last) if parent != module && !last.is_empty() => format!("{last}::{}", site.name),
            _ => site.name.to_owned(),
        };
        let generic = site.generic || closure.contains('<');
        // Only a type with parameters is certain to be a type: what else a path leads through may be a function.
        let shared_path = (parent != module && !owner.contains('<')) || path_has_no_name(&parent);
        let path = format!("{parent}::{}", site.name);
        let namespace = site
            .namespace
            .map(|written| crate::key::canonical_group(&written.replace("::", ":")).into_owned());
        let named = (!site.template).then_some(function.as_str());
        let head = namespace.as_deref().map(|namespace| Key::head(namespace, named));
        let fixed = namespace.as_deref().filter(|_| !generic);
        let lineage = fixed.map(|namespace| Lineage::new(&group_name(namespace), &path, []));
        Self {
            function,
            path,
            generic,
            namespace,
            head,
            hits: Sharded::new(),
            lookups: Histogram::new(),
            bodies: Histogram::new(),
            lineage,
            shared_path,
            shared_key: Once::new(),
            said_unfit: Once::new(),
        }
    }
}

/// Whether a path leads through `const _`.
fn path_has_no_name(path: &str) -> bool {
    path.split("::").any(|segment| segment == "_" || segment.starts_with('{'))
}

/// Whether one of the types of an instance is a closure's, which are named alike.
fn has_nameless_types(name: &str) -> bool {
    let Some(types) = name.find('<').zip(name.rfind('>')).map(|(from, to)| &name[from..to]) else {
        return false;
    };
    // Types that are declared in an async function stand in its closure and have a name of their own behind it.
    types.split("{{closure}}").skip(1).any(|behind| !behind.starts_with("::"))
}

/// The path that a function stands in: the closure's without the closures and the function itself,
/// which may be a companion.
fn owner(closure: &str) -> String {
    let mut path = closure;
    while let Some(outer) = path.strip_suffix("::{{closure}}") {
        path = outer;
    }
    let mut depth = 0_usize;
    let end = path.char_indices().rev().find(|(at, c)| {
        match c {
            '>' if !path[..*at].ends_with('-') => depth += 1,
            '<' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && path[*at..].starts_with("::")
    });
    path[..end.map_or(0, |(at, _)| at)].to_owned()
}

/// A path without generic arguments; of `<T as Trait>` and `<impl T>` the type `T`.
fn plain(path: &str) -> String {
    if let Some(start) = path.rfind("<impl ").map(|at| at + "<impl ".len()) {
        return plain(path[start..].trim_end_matches('>'));
    }
    if let Some(inner) = path.strip_prefix('<') {
        return plain(inner.split(" as ").next().unwrap_or(inner));
    }
    let (mut depth, mut out) = (0_usize, String::new());
    for (at, c) in path.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if !path[..at].ends_with('-') => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    // Functions inside of async functions stand in closures without a name.
    out.replace("::{{closure}}", "").trim_end_matches("::").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(closure: &str) -> (String, String, bool) {
        let identity = Identity::read(&Site::new("app::users", "get"), closure);
        (identity.function, identity.path, identity.generic)
    }

    #[test]
    fn a_function_is_known_by_its_name_and_a_method_by_its_type() {
        let cases = [
            ("app::users::get::{{closure}}::{{closure}}", "get", "app::users::get", false),
            ("app::users::invalidate_get::{{closure}}", "get", "app::users::get", false),
            ("app::users::Repo::get::{{closure}}::{{closure}}", "Repo::get", "app::users::Repo::get", false),
            ("app::users::Repo<&str>::get::{{closure}}", "Repo::get", "app::users::Repo::get", true),
            ("app::users::get<alloc::string::String>::{{closure}}", "get", "app::users::get", true),
            (
                "<app::users::Repo as app::Get<u8>>::get::{{closure}}",
                "Repo::get",
                "app::users::Repo::get",
                true,
            ),
            (
                "app::users::<impl app::model::Repo<fn() -> u8>>::get::{{closure}}",
                "Repo::get",
                "app::model::Repo::get",
                true,
            ),
            ("app::users::main::get::{{closure}}", "main::get", "app::users::main::get", false),
            ("app::users::main::{{closure}}::get::{{closure}}", "main::get", "app::users::main::get", false),
        ];
        for (closure, function, path, generic) in cases {
            assert_eq!(read(closure), (function.to_owned(), path.to_owned(), generic), "{closure}");
        }
    }

    #[test]
    fn a_closure_is_really_named_like_that() {
        fn inner<T>(_: T) -> &'static str {
            fn name<F>(_: F) -> &'static str {
                type_name::<F>()
            }
            name(|| ())
        }
        let module = module_path!();
        assert_eq!(plain(&owner(inner(7_u8))), format!("{module}::a_closure_is_really_named_like_that"));
        assert!(inner("").contains("<&str>"), "{}", inner(""));
    }

    #[test]
    fn a_closure_for_a_type_is_no_name() {
        for (name, nameless) in [
            ("app::memo<app::main::{{closure}}>::{{closure}}", true),
            ("app::memo<alloc::vec::Vec<app::main::{{closure}}::{{closure}}>, u8>::{{closure}}", true),
            ("app::memo<app::main::{{closure}}::Row>::{{closure}}::{{closure}}", false),
            ("app::memo::{{closure}}", false),
        ] {
            assert_eq!(has_nameless_types(name), nameless, "{name}");
        }
    }

    #[test]
    fn the_module_is_a_hierarchical_namespace() {
        let identity = Identity::read(&Site::new("app::users", "get"), "app::users::get::{{closure}}");
        assert_eq!(identity.namespace.as_deref(), Some("app:users"));
    }
}
