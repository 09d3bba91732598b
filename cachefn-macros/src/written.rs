//! A function as it is written, in a number: the same in every build of the same source.
//!
//! Outside the process functions are told apart by their paths, and a path is not enough where functions stand in
//! blocks, which have none.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::Generics;

use crate::item::Function;

/// The hashes of its attribute and signature, and of all of it. A method is found by its type, whatever its body.
pub(crate) fn hashes(args: &TokenStream, function: &Function) -> (u64, u64) {
    let mut hash = Fnv::default();
    hash.tokens(args.clone());
    hash.tokens(function.sig.to_token_stream());
    let signature = hash.0;
    if function.receiver.is_none() {
        hash.tokens(function.body.to_token_stream());
    }
    (signature, hash.0)
}

/// Whether a function has instances that its path does not tell apart: by type parameters, or by lifetimes that are
/// known when it is named and not when it is called.
pub(crate) fn has_instances(function: &Function) -> bool {
    let Generics { params, where_clause, .. } = &function.sig.generics;
    let early = |param: &syn::LifetimeParam| {
        let used = contains(function.sig.inputs.to_token_stream(), &param.lifetime.ident.to_string());
        !param.bounds.is_empty() || where_clause.is_some() || !used
    };
    params.iter().any(|param| match param {
        syn::GenericParam::Lifetime(lifetime) => early(lifetime),
        syn::GenericParam::Type(_) | syn::GenericParam::Const(_) => true,
    }) || contains(function.sig.inputs.to_token_stream(), "impl")
}

fn contains(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => contains(group.stream(), word),
        TokenTree::Ident(ident) => ident == word,
        _ => false,
    })
}

/// FNV-1a: Fowler, Noll and Vo.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Token by token: how they are spaced depends on the compiler.
    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => {
                    self.text(&format!("{:?}", group.delimiter()));
                    self.tokens(group.stream());
                    self.text("end");
                }
                other => self.text(&other.to_string()),
            }
        }
    }

    fn text(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{Item, read};

    fn function(source: &str) -> Box<Function> {
        match read(source.parse().expect("tokens")) {
            Item::Function(function) => function,
            _ => panic!("no function: {source}"),
        }
    }

    fn written(source: &str) -> (u64, u64) {
        hashes(&"key = id".parse().expect("tokens"), &function(source))
    }

    #[test]
    fn bodies_count_only_for_functions_without_self() {
        let (one, other) = ("async fn get(id: u64) -> u8 { 1 }", "async fn get(id: u64) -> u8 { 2 }");
        assert_eq!(written(one).0, written(other).0);
        assert_ne!(written(one).1, written(other).1);
        assert_ne!(written(one).0, written("async fn get(id: u32) -> u8 { 1 }").0);
        assert_eq!(written("async fn get(id:u64)->u8{1}"), written(one));
        let (one, other) = ("async fn get(&self) -> u8 { 1 }", "async fn get(&self) -> u8 { 2 }");
        assert_eq!(written(one), written(other));
    }

    #[test]
    fn types_and_early_lifetimes_make_instances() {
        for (source, instances) in [
            ("async fn f(id: u8) {}", false),
            ("async fn f<'a>(id: &'a u8) {}", false),
            ("async fn f<'a>(id: u8) -> X<'a> {}", true),
            ("async fn f<'a: 'a>(id: &'a u8) {}", true),
            ("async fn f<'a>(id: &'a u8) where 'a: 'a {}", true),
            ("async fn f<T>(id: T) {}", true),
            ("async fn f<const N: usize>(id: u8) {}", true),
            ("async fn f(id: u8, db: &impl Db) {}", true),
        ] {
            assert_eq!(has_instances(&function(source)), instances, "{source}");
        }
    }
}
