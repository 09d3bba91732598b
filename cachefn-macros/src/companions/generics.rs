//! The part of a function's generics that a companion needs.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericParam, Generics, Type, WherePredicate};

use crate::item::Parameter;

/// The generics that the types of `parameters` or the tokens of the key mention, with their bounds.
///
/// What a bound of a mentioned parameter names comes along (`I: IntoIterator<Item = T>` brings `T`): without
/// it the bound could not be written. Other `where` predicates are kept if all that they mention is.
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
        let predicates = clause.predicates.iter().filter(|predicate| {
            let mut mentions = BTreeSet::new();
            collect(predicate.to_token_stream(), &all, &mut mentions);
            !mentions.is_empty() && mentions.is_subset(&kept)
        });
        clause.predicates = predicates.cloned().collect();
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
    for predicate in predicates.filter(|predicate| bounded(predicate).is_some_and(|it| kept.contains(&it))) {
        collect(predicate.to_token_stream(), all, &mut more);
    }
    (more.len() > kept.len()).then_some(more)
}

/// The parameter that a predicate bounds, where it is one and not a type made of some.
fn bounded(predicate: &WherePredicate) -> Option<String> {
    match predicate {
        WherePredicate::Lifetime(predicate) => Some(predicate.lifetime.to_string()),
        WherePredicate::Type(predicate) => match &predicate.bounded_ty {
            Type::Path(path) => path.path.get_ident().map(ToString::to_string),
            _ => None,
        },
        _ => None,
    }
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
