//! What can be cached at all.

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{AssocType, Attribute, Generics, Meta, Safety, Type, TypeImplTrait, TypePath};

use super::borrowed;
use super::response::response_bound;
use super::unfit::stored_by;

use crate::diagnostics::Faults;
use crate::item::{Function, Item};

/// Why an item that is no function cannot carry the attribute; the function otherwise.
pub(crate) fn refusal(attribute: &str, item: Item) -> Result<Box<Function>, Faults> {
    let mut faults = Faults::default();
    match item {
        Item::Function(function) => return Ok(function),
        Item::Declaration(name) => {
            let message = format!("`{name}` has no body; annotate it in each `impl` of the trait");
            faults.at(&name, message);
        }
        Item::Other(first) => faults.at(&first, misplaced(attribute, &first)),
        Item::Unreadable(error) => faults.push(error),
    }
    Err(faults)
}

fn misplaced(attribute: &str, first: &TokenTree) -> String {
    let first = first.to_string();
    let advice = match first.as_str() {
        "impl" | "trait" | "mod" => "annotate the async functions inside it",
        "struct" | "enum" | "union" => "annotate the async functions inside its `impl`",
        _ => "annotate an `async fn`",
    };
    format!("`#[{attribute}]` goes on an async function, not on `{first}`; {advice}")
}

/// Where the attribute stands again below: what is to be said. The last of them makes the companions, the last but one
/// speaks.
pub(crate) fn repeated(function: &Function) -> Option<Faults> {
    let is_cached =
        |attr: &&Attribute| attr.path().segments.last().is_some_and(|last| last.ident == "cached");
    let again: Vec<_> = function.attrs.iter().filter(is_cached).collect();
    let mut faults = Faults::default();
    if let [last] = again.as_slice() {
        faults.at(last.path(), "`#[cached]` stands on this function twice; remove one");
    }
    (!again.is_empty()).then_some(faults)
}

/// Refuses a route attribute below: it makes a type of the function, which the companions could not call.
pub(crate) fn routed(function: &Function, faults: &mut Faults) -> bool {
    let Some(route) = function.attrs.iter().find(|attr| is_route(attr)) else { return false };
    let name = route.path().segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
    let advice = format!("write `#[cached]` below `#[{name}]`, directly above the function");
    faults.at(route, format!("`#[{name}]` makes a type of the function, which cannot be called; {advice}"));
    true
}

/// Those of actix and Rocket, which are given a path, and of poem and Salvo.
fn is_route(attr: &Attribute) -> bool {
    const ROUTES: [&str; 10] =
        ["connect", "delete", "get", "head", "options", "patch", "post", "put", "route", "trace"];

    let Some(last) = attr.path().segments.last() else { return false };
    let begins_with_text = |list: &syn::MetaList| {
        let first = list.tokens.clone().into_iter().next();
        first
            .is_some_and(|first| matches!(first, TokenTree::Literal(text) if text.to_string().ends_with('"')))
    };
    match &attr.meta {
        Meta::List(list) => ROUTES.iter().any(|route| last.ident == route) && begins_with_text(list),
        _ => last.ident == "handler",
    }
}

/// Refuses functions that cannot be cached.
pub(super) fn check(function: &Function, faults: &mut Faults) {
    qualifiers(function, "be cached", faults);
}

/// Refuses functions that cannot invalidate.
pub(crate) fn writer(function: &Function, faults: &mut Faults) {
    qualifiers(function, "invalidate", faults);
}

fn qualifiers(function: &Function, act: &str, faults: &mut Faults) {
    let (sig, name) = (&function.sig, &function.sig.ident);
    if let Some(keyword) = &sig.constness {
        faults.at(keyword, format!("a `const fn` cannot {act}; write `async fn {name}`"));
    } else if !function.is_async() {
        let output = function.returned.as_ref().and_then(output_of_future);
        let advice = match output {
            Some(output) => format!("write `async fn {name}`, which returns `{output}`"),
            None => format!("write `async fn {name}`"),
        };
        faults.at(sig.fn_token, format!("only an async function can {act}; {advice}"));
    }
    if let Safety::Unsafe(keyword) = &sig.safety {
        let advice = "put the unsafe part into a block of its body";
        faults.at(keyword, format!("an `unsafe fn` cannot {act}; {advice}"));
    }
    if let Some(abi) = &sig.abi {
        faults.at(abi, format!("an `extern fn` cannot {act}; write `async fn {name}`"));
    }
}

/// Input: `impl Future<Output = u64>`, also boxed. Output: `u64`.
fn output_of_future(ty: &Type) -> Option<String> {
    struct Output(Option<String>);

    impl<'ast> Visit<'ast> for Output {
        fn visit_assoc_type(&mut self, assoc: &'ast AssocType) {
            if assoc.ident == "Output" && self.0.is_none() {
                self.0 = Some(spelt(&assoc.ty));
            }
        }
    }

    let mut found = Output(None);
    found.visit_type(ty);
    found.0
}

/// A type as one writes it.
fn spelt(ty: &Type) -> String {
    let text = ty.to_token_stream().to_string();
    [(" :: ", "::"), (" < ", "<"), ("< ", "<"), (" >", ">"), (" <", "<"), (" ,", ","), ("& ", "&")]
        .iter()
        .fold(text, |text, (from, to)| text.replace(from, to))
}

/// Refuses what cannot be stored, as far as it shows. A function that returns nothing is run once in a lifetime.
pub(super) fn returned(function: &Function, plain: bool, faults: &mut Faults) {
    // A future that is not an `async fn`'s is refused as a whole.
    let Some(ty) = function.returned.as_ref().filter(|_| function.is_async()) else { return };
    if is_never(ty) {
        faults.at(ty, "a function that never returns has nothing to cache");
    }
    for opaque in opaque(ty) {
        let advice = match response_bound(opaque) {
            Some(_) => "write `response`, which stores the finished response, or the type's name",
            None => "write the type's name",
        };
        faults.at(opaque, format!("a type behind `impl` cannot be stored; {advice}"));
    }
    if let Some(lent) = stored_by(ty).and_then(borrowed::part) {
        let advice = match borrowed::owned_part(lent) {
            Some(owned) => format!("return an owned type, as in `{owned}`"),
            None => "return an owned type".to_owned(),
        };
        faults.at(lent, format!("what is stored outlives the call, and this is borrowed; {advice}"));
    }
    if !plain && is_parameter(ty, &function.sig.generics) {
        let typed = ty.to_token_stream();
        let advice = "write `result = plain` if it is none, or return a `Result` of it";
        faults.at(ty, format!("`{typed}` may be a `Result`, whose errors are not to be stored; {advice}"));
    }
}

/// Whether the whole type is a type parameter of the function, or an associated type of one.
fn is_parameter(ty: &Type, generics: &Generics) -> bool {
    let TypePath { qself, path, .. } = match ty {
        Type::Path(path) => path,
        Type::Group(group) => return is_parameter(&group.elem, generics),
        Type::Paren(paren) => return is_parameter(&paren.elem, generics),
        _ => return false,
    };
    let root = match qself {
        Some(qself) => return is_parameter(&qself.ty, generics),
        None => path.segments.first().map(|segment| &segment.ident),
    };
    path.leading_colon.is_none() && generics.type_params().any(|param| Some(&param.ident) == root)
}

fn is_never(ty: &Type) -> bool {
    match ty {
        Type::Never(_) => true,
        Type::Group(group) => is_never(&group.elem),
        Type::Paren(paren) => is_never(&paren.elem),
        _ => false,
    }
}

/// The outermost `impl Trait`s in a type.
pub(crate) fn opaque(ty: &Type) -> Vec<&TypeImplTrait> {
    struct Opaque<'ast>(Vec<&'ast TypeImplTrait>);

    impl<'ast> Visit<'ast> for Opaque<'ast> {
        fn visit_type_impl_trait(&mut self, ty: &'ast TypeImplTrait) {
            self.0.push(ty);
        }
    }

    let mut found = Opaque(Vec::new());
    visit::visit_type(&mut found, ty);
    found.0
}
