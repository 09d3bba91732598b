//! Who an annotated function is: learnt once, at its first call, from the name of a closure inside it. An attribute on a
//! method never sees the type whose method it is, and that name has it.

use std::any::TypeId;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use cachefn_backends::place::Lineage;

use crate::evidence::Evidence;
#[cfg(feature = "axum")]
use crate::instances::Instances;
use crate::key::Key;
use crate::latency::Histogram;
use crate::log_limit::LogLimits;
use crate::site::Site;
use crate::stats::{Counters, Sharded};

/// What the lineages of a function's entries have in common: the levels of a key that are the same in all.
#[derive(Debug)]
pub(crate) struct Trunk {
    /// Where the keys begin so, up to the `:` that ends the last of these levels.
    pub(crate) beginning: Box<str>,
    /// The name of that level's group.
    pub(crate) name: Box<str>,
    pub(crate) lineage: Arc<Lineage>,
}

/// Who a function is.
#[derive(Debug)]
pub(crate) struct Identity {
    /// What logs and keys call it: `get_user`, or `Repo::get` for a method.
    pub(crate) function: String,
    /// Its path: `app::users::Repo::get`.
    pub(crate) path: String,
    /// Whether its instances must be told apart.
    pub(crate) generic: bool,
    /// Absent where each call has its own.
    pub(crate) namespace: Option<String>,
    namespace_template: Option<&'static str>,
    /// What every key begins with, where it is the same for all.
    pub(crate) head: Option<Key>,
    pub(crate) memory_hits: Sharded,
    pub(crate) counters: Counters,
    /// How long hits take that memory alone has answered; one in many is measured.
    pub(crate) memory_lookups: Histogram,
    /// How long hits take for which Redis was asked.
    pub(crate) redis_lookups: Histogram,
    pub(crate) bodies: Histogram,
    /// What the lineages of all entries have in common.
    pub(crate) trunk: OnceLock<Trunk>,
    /// The instance that was asked for first, and the number under which its values are stored.
    pub(crate) first_instance: OnceLock<(TypeId, Option<u64>)>,
    #[cfg(feature = "axum")]
    pub(crate) instances: Instances,
    /// Whether its path may be that of another function too: functions in blocks have no path of their own.
    pub(crate) shared_path: bool,
    pub(crate) log_limits: LogLimits,
    pub(crate) evidence: Evidence,
    /// A value in key or namespace that is a secret by its name, while nothing hides it.
    pub(crate) exposed: Option<&'static str>,
    /// Whether none of its values was read back yet.
    pub(crate) untried: AtomicBool,
}

impl Identity {
    /// Input: a site and the name of a closure inside it, `app::users::Repo<S>::get::{{closure}}`.
    pub(crate) fn read(site: &Site, closure: &str) -> Self {
        let module = plain(site.module());
        let owner = owner(closure);
        let parent = plain(&owner);
        let function = match parent.rsplit("::").next() {
            Some(last) if parent != module && !last.is_empty() => format!("{last}::{}", site.name()),
            _ => site.name().to_owned(),
        };
        let generic = site.is_generic() || closure.contains('<');
        // Only a type with parameters is certain to be a type: what else a path leads through may be a function.
        let shared_path = (parent != module && !owner.contains('<')) || path_has_no_name(&parent);
        let path = format!("{parent}::{}", site.name());
        let namespace = site
            .written_namespace()
            .map(|written| crate::key::canonical_group(&written.replace("::", ":")).into_owned());
        let named = (!site.is_template()).then_some(function.as_str());
        let head = namespace.as_deref().map(|namespace| Key::head(namespace, named));
        Self {
            function,
            path,
            generic,
            namespace,
            namespace_template: site.written_namespace_template(),
            head,
            memory_hits: Sharded::new(),
            counters: Counters::default(),
            memory_lookups: Histogram::new(),
            redis_lookups: Histogram::new(),
            bodies: Histogram::new(),
            trunk: OnceLock::new(),
            first_instance: OnceLock::new(),
            #[cfg(feature = "axum")]
            instances: Instances::default(),
            shared_path,
            log_limits: LogLimits::new(),
            evidence: Evidence::default(),
            exposed: site.exposed(),
            untried: AtomicBool::new(true),
        }
    }

    /// The namespace for labels: a template as it is in the source, never what an argument holds. `(any)` is that of
    /// [`cache()`](crate::cache), whose keys have none of their own.
    pub(crate) fn namespace_label(&self) -> &str {
        self.namespace.as_deref().or(self.namespace_template).unwrap_or("(any)")
    }
}

/// Whether a path leads through `const _`.
fn path_has_no_name(path: &str) -> bool {
    path.split("::").any(|segment| segment == "_" || segment.starts_with('{'))
}

/// Whether one of the types of an instance is a closure's, which are named alike.
pub(crate) fn has_nameless_types(name: &str) -> bool {
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
    use std::any::type_name;

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
