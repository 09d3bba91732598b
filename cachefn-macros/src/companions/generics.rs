//! The part of a function's generics that a companion needs.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{GenericParam, Generics, TypeParamBound, WherePredicate};

use crate::item::Parameter;

/// The generics that the types of `parameters` or the tokens of the key mention, with their bounds.
///
/// What a bound of a mentioned parameter names comes along (`I: IntoIterator<Item = T>` brings `T`), and so does that
/// of a type made of one (`T::Id: Into<U>` brings `U`): without it the bound could not be written. What is said of
/// other types, such as those of the surrounding `impl`, is kept as far as all that it mentions is. A bound too few
/// would not be an error: the key would be written by a trait that writes nothing.
pub(crate) fn mentioned(generics: &Generics, parameters: &[&Parameter], key: TokenStream) -> Generics {
    let all: BTreeSet<String> = generics.params.iter().map(name).collect();
    let mut kept = BTreeSet::new();
    collect(key, &all, &mut kept);
    for parameter in parameters {
        collect(parameter.ty.to_token_stream(), &all, &mut kept);
    }
    while let Some(more) = bounds_of(generics, &all, &kept) {
        kept = more;
    }
    let mut part = generics.clone();
    part.params = generics.params.iter().filter(|param| kept.contains(&name(param))).cloned().collect();
    if let Some(clause) = &mut part.where_clause {
        let predicates = clause.predicates.iter().cloned();
        clause.predicates = predicates.filter_map(|predicate| within(predicate, &all, &kept)).collect();
    }
    part.where_clause = part.where_clause.filter(|clause| !clause.predicates.is_empty());
    part
}

/// `kept` and what its bounds mention, if that is more.
fn bounds_of(
    generics: &Generics,
    all: &BTreeSet<String>,
    kept: &BTreeSet<String>,
) -> Option<BTreeSet<String>> {
    let mut more = kept.clone();
    for param in generics.params.iter().filter(|param| kept.contains(&name(param))) {
        collect(param.to_token_stream(), all, &mut more);
    }
    let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    for predicate in predicates.filter(|predicate| !mentions(bounded(predicate), all).is_disjoint(kept)) {
        collect(predicate.to_token_stream(), all, &mut more);
    }
    (more.len() > kept.len()).then_some(more)
}

/// What a predicate speaks about: what stands before its colon.
fn bounded(predicate: &WherePredicate) -> TokenStream {
    match predicate {
        WherePredicate::Lifetime(predicate) => predicate.lifetime.to_token_stream(),
        WherePredicate::Type(predicate) => predicate.bounded_ty.to_token_stream(),
        _ => TokenStream::new(),
    }
}

/// The predicate, with those of its bounds that can be written with the generics that are `kept`.
fn within(
    mut predicate: WherePredicate,
    all: &BTreeSet<String>,
    kept: &BTreeSet<String>,
) -> Option<WherePredicate> {
    if let WherePredicate::Type(of) = &mut predicate {
        let bounds = of.bounds.iter().filter(|bound| mentions(bound, all).is_subset(kept)).cloned();
        let bounds: Punctuated<TypeParamBound, _> = bounds.collect();
        if bounds.is_empty() {
            return None;
        }
        of.bounds = bounds;
    }
    mentions(&predicate, all).is_subset(kept).then_some(predicate)
}

fn mentions(tokens: impl ToTokens, all: &BTreeSet<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(tokens.to_token_stream(), all, &mut found);
    found
}

fn name(param: &GenericParam) -> String {
    match param {
        GenericParam::Lifetime(param) => param.lifetime.to_string(),
        GenericParam::Type(param) => param.ident.to_string(),
        GenericParam::Const(param) => param.ident.to_string(),
    }
}

fn collect(tokens: TokenStream, all: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    let mut quoted = false;
    for token in tokens {
        match &token {
            TokenTree::Group(group) => collect(group.stream(), all, found),
            TokenTree::Ident(ident) => {
                let name = if quoted { format!("'{ident}") } else { ident.to_string() };
                if all.contains(&name) {
                    found.insert(name);
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        quoted = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
    }
}
