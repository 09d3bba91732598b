//! What can be cached at all.

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{ReturnType, Safety, Type, TypeImplTrait};

use crate::diagnostics::Faults;
use crate::item::{Function, Item};

/// Why an item that is no function cannot carry the attribute; the function otherwise.
pub(crate) fn refusal(item: Item) -> Result<Box<Function>, Faults> {
    let mut faults = Faults::default();
    match item {
        Item::Function(function) => return Ok(function),
        Item::Declaration(name) => {
            let message = format!("`{name}` has no body to cache; annotate it in each `impl` of the trait");
            faults.at(&name, message);
        }
        Item::Other(first) => faults.at(&first, misplaced(&first)),
        Item::Unreadable(error) => faults.push(error),
    }
    Err(faults)
}

fn misplaced(first: &TokenTree) -> String {
    let first = first.to_string();
    let advice = match first.as_str() {
        "impl" | "trait" | "mod" => "annotate the async functions inside it",
        "struct" | "enum" | "union" => "annotate the async functions inside its `impl`",
        _ => "annotate an `async fn`",
    };
    format!("`#[cached]` goes on an async function, not on `{first}`; {advice}")
}

/// Refuses functions that cannot be cached.
pub(super) fn check(function: &Function, faults: &mut Faults) {
    qualifiers(function, faults);
    returned(function, faults);
}

fn qualifiers(function: &Function, faults: &mut Faults) {
    let (sig, name) = (&function.sig, &function.sig.ident);
    if let Some(keyword) = &sig.constness {
        faults.at(keyword, format!("a `const fn` cannot be cached; write `async fn {name}`"));
    } else if sig.asyncness.is_none() {
        faults.at(sig.fn_token, format!("only an async function can be cached; write `async fn {name}`"));
    }
    if let Safety::Unsafe(keyword) = &sig.safety {
        let advice = "put the unsafe part into a block of its body";
        faults.at(keyword, format!("an `unsafe fn` cannot be cached; {advice}"));
    }
    if let Some(abi) = &sig.abi {
        faults.at(abi, format!("an `extern fn` cannot be cached; write `async fn {name}`"));
    }
}

fn returned(function: &Function, faults: &mut Faults) {
    let name = &function.sig.ident;
    let ReturnType::Type(_, ty) = &function.sig.output else {
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
fn opaque(ty: &Type) -> Vec<&TypeImplTrait> {
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
