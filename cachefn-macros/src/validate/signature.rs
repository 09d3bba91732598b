//! What can be cached at all.

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Attribute, Generics, Safety, Type, TypeImplTrait, TypePath};

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
        faults.at(sig.fn_token, format!("only an async function can {act}; write `async fn {name}`"));
    }
    if let Safety::Unsafe(keyword) = &sig.safety {
        let advice = "put the unsafe part into a block of its body";
        faults.at(keyword, format!("an `unsafe fn` cannot {act}; {advice}"));
    }
    if let Some(abi) = &sig.abi {
        faults.at(abi, format!("an `extern fn` cannot {act}; write `async fn {name}`"));
    }
}

/// Refuses what cannot be stored, as far as it shows.
pub(super) fn returned(function: &Function, plain: bool, faults: &mut Faults) {
    let name = &function.sig.ident;
    let Some(ty) = &function.returned else {
        faults.at(name, format!("`{name}` returns nothing, so there is nothing to cache; write `-> Type`"));
        return;
    };
    if is_nothing(ty) {
        let typed = ty.to_token_stream();
        faults.at(ty, format!("`{typed}` holds nothing to cache; return the value to keep"));
    }
    for opaque in opaque(ty) {
        faults.at(opaque, "a type behind `impl` cannot be stored; write the type's name");
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

fn is_nothing(ty: &Type) -> bool {
    match ty {
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        Type::Never(_) => true,
        Type::Group(group) => is_nothing(&group.elem),
        Type::Paren(paren) => is_nothing(&paren.elem),
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
