//! Arguments that a body which outlives its call cannot have: those that are borrowed.
//!
//! What a type shows is said here. What an alias or a type without its `'_` hides is left to the compiler.

use syn::visit::{self, Visit};
use syn::{
    BoundLifetimes, Expr, GenericArgument, GenericParam, Lifetime, ParenthesizedGenericArguments, Pat,
    PathArguments, Receiver, ReceiverKind, TraitBound, Type, TypeFnPtr, TypeReference,
};

use crate::diagnostics::{Faults, listed};
use crate::hidden::{pattern_of, written};
use crate::item::{Function, Parameter, bindings};

/// One argument, as a sentence names it.
struct Lent {
    names: Vec<String>,
    /// How to write it instead.
    owned: Option<String>,
}

/// Refuses borrowed arguments, all of them at the first.
pub(super) fn refuse(function: &Function, faults: &mut Faults) {
    let receiver = function.receiver.as_ref().filter(|receiver| lends(receiver));
    // Whether an argument behind a `#[cfg]` is there is not known yet.
    let borrowed = |parameter: &&Parameter| parameter.cfgs.is_empty() && is_borrowed(&parameter.ty);
    let parameters: Vec<_> = function.parameters.iter().filter(borrowed).collect();

    let own = receiver.map(|_| Lent::receiver());
    let all = own.into_iter().chain(parameters.iter().map(|parameter| Lent::parameter(parameter, function)));
    let message = message(&all.collect::<Vec<_>>());
    match (receiver, parameters.first()) {
        (Some(receiver), _) => faults.at(receiver, message),
        (None, Some(parameter)) => faults.at(&parameter.ty, message),
        (None, None) => {}
    }
}

impl Lent {
    fn receiver() -> Self {
        Self { names: vec!["self".to_owned()], owned: Some("self: Arc<Self>".to_owned()) }
    }

    fn parameter(parameter: &Parameter, function: &Function) -> Self {
        let pat = pattern_of(parameter, function);
        let names: Vec<_> = bindings(&pat).iter().map(ToString::to_string).collect();
        if let ([name], Pat::Ident(_)) = (names.as_slice(), &pat) {
            let owned = owned(&parameter.ty).map(|ty| format!("{name}: {ty}"));
            return Self { names, owned };
        }
        Self { names: if names.is_empty() { vec!["_".to_owned()] } else { names }, owned: None }
    }
}

fn message(all: &[Lent]) -> String {
    let names: Vec<_> = all.iter().flat_map(|lent| &lent.names).collect();
    let (are, them) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
    let names = listed(names);
    let as_in = match listed(all.iter().filter_map(|lent| lent.owned.as_ref())) {
        owned if owned.is_empty() => owned,
        owned => format!(", as in {owned}"),
    };
    let advice = format!("take {them} owned{as_in}, or write `refresh = caller`");
    format!("a refresh in the background outlives the call, and {names} {are} borrowed; {advice}")
}

fn lends(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(..) => true,
        ReceiverKind::Typed(_, ty) => is_borrowed(ty),
        _ => false,
    }
}

/// Whether a type shows that it is not `'static`.
fn is_borrowed(ty: &Type) -> bool {
    let mut borrows = Borrows::default();
    borrows.visit_type(ty);
    borrows.found
}

/// The type to take in the place of a reference, where it is short to write.
fn owned(ty: &Type) -> Option<String> {
    match ty {
        Type::Group(group) => owned(&group.elem),
        Type::Paren(paren) => owned(&paren.elem),
        Type::Reference(reference) if !is_borrowed(&reference.elem) => owned_of(&reference.elem),
        _ => None,
    }
}

fn owned_of(ty: &Type) -> Option<String> {
    /// Nothing is gained by sharing these.
    const OWNED: [&str; 19] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64",
        "u128", "usize", "String", "Vec", "Arc",
    ];

    match ty {
        Type::Group(group) => owned_of(&group.elem),
        Type::Paren(paren) => owned_of(&paren.elem),
        Type::Slice(slice) => Some(format!("Vec<{}>", written(&slice.elem)?)),
        Type::Path(path) if path.path.is_ident("str") => Some("String".to_owned()),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let ty = written(ty)?;
            let is_owned = OWNED.iter().any(|name| last.ident == name);
            Some(if is_owned { ty } else { format!("Arc<{ty}>") })
        }
        _ => None,
    }
}

/// The smallest part of a type that shows that it is borrowed: `&str` of `Vec<&str>`, `Row<'a>` of `Option<Row<'a>>`.
pub(super) fn part(ty: &Type) -> Option<&Type> {
    struct Parts<'ast>(Option<&'ast Type>);

    impl<'ast> Visit<'ast> for Parts<'ast> {
        fn visit_type(&mut self, ty: &'ast Type) {
            // That of `impl Iterator<Item = &str>` has an error of its own.
            if self.0.is_none() && !matches!(ty, Type::ImplTrait(_)) && is_borrowed(ty) {
                visit::visit_type(self, ty);
                self.0 = self.0.or(Some(ty));
            }
        }
    }

    let mut found = Parts(None);
    found.visit_type(ty);
    found.0
}

/// The type to return in the place of a part that is borrowed, where it is short to write.
pub(super) fn owned_part(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => {
            let last = path.path.segments.last().filter(|last| last.ident == "Cow")?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => owned_of(ty),
                _ => None,
            })
        }
        other => owned(other),
    }
}

/// Looks for what is borrowed. The lifetimes of a closure's or function's own arguments are not: those of `fn(&str)`.
#[derive(Default)]
struct Borrows {
    found: bool,
    /// Lifetimes that some `for<'a>` around declares.
    declared: Vec<Lifetime>,
    /// Whether a lifetime that is not written belongs to a function pointer's arguments.
    inside: bool,
}

impl Borrows {
    /// Goes on inside of what declares lifetimes of its own.
    fn within(&mut self, lifetimes: Option<&BoundLifetimes>, inside: bool, go_on: impl FnOnce(&mut Self)) {
        let (declared, was_inside) = (self.declared.len(), self.inside);
        for param in lifetimes.iter().flat_map(|lifetimes| &lifetimes.lifetimes) {
            if let GenericParam::Lifetime(param) = param {
                self.declared.push(param.lifetime.clone());
            }
        }
        self.inside |= inside;
        go_on(self);
        self.declared.truncate(declared);
        self.inside = was_inside;
    }
}

impl<'ast> Visit<'ast> for Borrows {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        self.found |= reference.lifetime.is_none() && !self.inside;
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        let free = match lifetime.ident.to_string().as_str() {
            "static" => false,
            "_" => !self.inside,
            _ => !self.declared.contains(lifetime),
        };
        self.found |= free;
    }

    fn visit_bound_lifetimes(&mut self, _: &'ast BoundLifetimes) {}

    fn visit_type_fn_ptr(&mut self, ty: &'ast TypeFnPtr) {
        self.within(ty.lifetimes.as_ref(), true, |this| visit::visit_type_fn_ptr(this, ty));
    }

    fn visit_trait_bound(&mut self, bound: &'ast TraitBound) {
        self.within(bound.lifetimes.as_ref(), false, |this| visit::visit_trait_bound(this, bound));
    }

    fn visit_parenthesized_generic_arguments(&mut self, arguments: &'ast ParenthesizedGenericArguments) {
        self.within(None, true, |this| visit::visit_parenthesized_generic_arguments(this, arguments));
    }

    /// The length of an array is no type.
    fn visit_expr(&mut self, _: &'ast Expr) {}
}
