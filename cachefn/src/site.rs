//! One annotated function as data.
//!
//! The expansion writes a [`Site`] down as a constant; everything it would like to decide is a field
//! here, read by the runtime.

mod instance;
mod says;

use std::any::{Any, TypeId, type_name};
use std::sync::OnceLock;
use std::time::Duration;

pub(crate) use self::instance::{Instance, Unusable};
use crate::freshness::Freshness;
use crate::global::room;
use crate::identity::Identity;
use crate::key::KeyWriter;
use crate::terms::CENTURY;
use crate::variant::{Fit, Hop, Vetted};

/// One annotated function.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an argument that is there or not")]
pub struct Site {
    module: &'static str,
    name: &'static str,
    /// Absent where the namespace is a template.
    namespace: Option<&'static str>,
    /// The template of the namespace in the source.
    namespace_template: Option<&'static str>,
    /// A value in key or namespace that is a secret by its name.
    exposed: Option<&'static str>,
    template: bool,
    expire: Option<Duration>,
    none: Option<Duration>,
    jitter: f64,
    pub(crate) freshness: Freshness,
    version: u64,
    sensitive: bool,
    #[cfg(feature = "axum")]
    private: bool,
    #[cfg(feature = "axum")]
    pub(crate) client: Option<&'static str>,
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

/// Takes what is found; false if it is of no use. Under the key itself it is asked whether it is the call's own.
pub(crate) type Take<'a> = &'a mut dyn FnMut(&dyn Any, Vetted) -> bool;

/// What a value is to a call that has come by a hop, or has found it under the key itself.
pub(crate) type FitOf = fn(&dyn Any, Option<Hop>) -> Fit;

impl Site {
    /// The function `name` in `module`, with every argument absent.
    pub const fn new(module: &'static str, name: &'static str) -> Self {
        Self {
            module,
            name,
            namespace: Some(module),
            namespace_template: None,
            exposed: None,
            template: false,
            expire: None,
            none: None,
            jitter: 0.0,
            freshness: Freshness::NONE,
            version: 0,
            sensitive: false,
            #[cfg(feature = "axum")]
            private: false,
            #[cfg(feature = "axum")]
            client: None,
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
    pub const fn namespace_template(mut self, template: &'static str) -> Self {
        self.namespace_template = Some(template);
        self.dynamic_namespace()
    }

    /// The key's closure writes the namespace.
    #[must_use]
    pub(crate) const fn dynamic_namespace(mut self) -> Self {
        self.namespace = None;
        self
    }

    /// An argument in key or namespace that is a secret by its name, while nothing hides it.
    #[must_use]
    pub const fn exposes(mut self, name: &'static str) -> Self {
        self.exposed = Some(name);
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

    /// `client = …`: what clients may keep of a response.
    #[cfg(feature = "axum")]
    #[must_use]
    pub const fn client(mut self, client: &'static str) -> Self {
        self.client = Some(client);
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

    /// The template of the namespace in the source.
    pub(crate) fn written_namespace_template(&self) -> Option<&'static str> {
        self.namespace_template
    }

    /// A value in key or namespace that is a secret by its name, while nothing hides it.
    pub(crate) fn exposed(&self) -> Option<&'static str> {
        self.exposed
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
