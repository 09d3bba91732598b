//! The attribute macros of cachefn. Use them through the `cachefn` crate, which carries what their expansions
//! call.

mod args;
mod companions;
mod diagnostics;
mod expand;
mod invalidates;
mod item;
mod model;
mod paths;
mod pipeline;
mod site;
mod spelling;
mod template;
mod used;
mod validate;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Caches what an async function returns.
///
/// ```text
/// #[cached(expire = 300, namespace = "users", key = id)]
/// async fn get_user(id: u64, db: &Db) -> Result<User, DbError> { … }
/// ```
///
/// The function keeps its signature, its return type and its body; callers do not change. Of a `Result` only
/// `Ok` is stored, and nothing is asked of the error type. While caching is off, the body just runs.
///
/// | argument | form | absent |
/// |---|---|---|
/// | `expire` | `300`, `"5m"` | the default of the configuration |
/// | `namespace` | `"users"`, `"products:{id}"` | the function's module path |
/// | `key` | `id`, `(org, page)`, `"{id}:single"` | all arguments that are not skipped |
/// | `skip` | `skip(db, page)`, `skip(self)` | nothing is skipped |
/// | `companions` | `true`, `false` | `true`, except for methods that may be a trait's |
/// | `crate` | `"path::to::cachefn"` | found in `Cargo.toml`, also under another name |
///
/// # How long
///
/// `expire` is a number of seconds, or a string with units: `"250ms"`, `"5m"`, `"1h 30m"`. Nothing is kept for
/// ever, and a time below one millisecond is an error.
///
/// # Which key
///
/// Two calls share an entry if their keys are equal, so the key must hold everything that the result depends
/// on. There are three ways to say it.
///
/// *Not at all.* Every argument takes part, each name that a pattern binds (`Path(id): Path<u64>` gives `id`).
/// Handles that do not change the result are left out with `skip`:
///
/// ```text
/// #[cached(expire = 300, skip(db))]
/// async fn page(org: u32, page: u32, db: &Db) -> Result<Page, DbError> { … }
/// ```
///
/// *As an expression* over the arguments: `key = id`, `key = user.org`, `key = name.to_lowercase()`. The
/// elements of a tuple, as in `key = (org, page)`, are separate parts. What the expression does not use takes no
/// part, so beside `key` there is nothing to skip.
///
/// *As a template*, a string that is the key exactly as written:
///
/// ```text
/// #[cached(namespace = "users", key = "{namespace}:{user.id}:{fn}")]
/// ```
///
/// | in a template | stands for |
/// |---|---|
/// | `{name}`, `{name.field}`, `{name.0}` | an argument or a part of it |
/// | `{fn}` | the function's name |
/// | `{namespace}` | the namespace; only in `key` |
///
/// Between two placeholders stands text that starts with no letter, digit or `%`: `{a}{b}` and `{a}x{b}` would
/// give different arguments one key. Braces themselves cannot be part of a key.
///
/// # Which group
///
/// `namespace` names the group that the entries can be invalidated with, together with everything below it:
/// `users` covers `users:7` and `users:7:keys`. As a template it depends on the arguments:
/// `namespace = "products:{id}"`. No level between colons is empty.
///
/// # What is generated beside it
///
/// | companion | takes | does |
/// |---|---|---|
/// | `invalidate_f` | the arguments that key and namespace use | invalidates that entry |
/// | `invalidate_all_f` | nothing | invalidates all entries of the function |
/// | `refresh_f` | all arguments | runs the body now and stores what it returns |
///
/// They have the function's visibility. An argument is used by a key or namespace if its name occurs in it, at
/// any depth, also in closures, in macro calls and as `{name}` in a format string; shadowing is not tracked.
/// `invalidate_f` takes these in the function's order with their types and patterns, `&self` if `self` occurs, and
/// only the generics that these types or the key mention.
///
/// # Methods
///
/// `self`, `&self`, `&mut self` and `self: Arc<Self>` all work. `self` cannot be part of the default key: write
/// `key = (self.region, id)`, or `skip(self)` where the result does not depend on it.
///
/// A method that takes `self` and has no visibility of its own may be a trait's, where nothing can be added, and
/// gets no companions; write `pub(self)` or `companions = true` for a private inherent one. An associated
/// function of a trait implementation without `self` needs `companions = false`. An inherent one without `self`
/// writes `Self` somewhere in its signature or body, or `companions = false`: without either it looks like a free
/// function, and `refresh_f` does not find it.
///
/// # What is refused, and why
///
/// - functions that are not `async`: nothing in them can wait for a cache;
/// - `const`, `unsafe` and `extern` functions: their promises do not survive being run from elsewhere;
/// - `-> impl Trait`: what is stored needs a type with a name;
/// - functions that return nothing: there is nothing to store;
/// - functions without a body, in traits: annotate the implementations;
/// - `impl` blocks, modules and other items: annotate the functions inside.
///
/// Every mistake is one error at the token that is wrong. The function and its companions stay, so their callers
/// have no errors of their own.
#[proc_macro_attribute]
pub fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::cached(args.into(), &item.into(), cfg!(feature = "enabled")).into()
}

/// Invalidates what cached functions hold, after the annotated writer has succeeded.
#[proc_macro_attribute]
pub fn invalidates(args: TokenStream, item: TokenStream) -> TokenStream {
    invalidates::invalidates(args.into(), &item.into(), cfg!(feature = "enabled")).into()
}
