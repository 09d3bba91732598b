//! The names that `#[async_trait]` takes away.
//!
//! Where an argument is a pattern, it calls the argument `__arg1` and puts the pattern into the body:
//!
//! ```text
//! async fn get(&self, Path(id): Path<u64>)    fn get(&self, __arg1: Path<u64>) … {
//!                                                 let Path(id) = { let __arg1 = __arg1; __arg1 };
//! async fn get(&self, _: &Db)                 fn get(&self, __arg1: &Db) … {
//!                                                 let __arg1 = __arg1;
//! ```
//!
//! An attribute inside sees the right side, where nothing of the pattern is in reach of a key.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::{Ident, Pat, Type};

use crate::item::{Function, Parameter, bindings};

/// A name that the user has written and that is not there.
pub(crate) struct Hidden {
    /// Without `r#`.
    pub(crate) name: String,
    /// The type of the argument, where it is short to write.
    pub(crate) ty: Option<String>,
}

/// The names in the patterns of the function.
pub(crate) fn hidden(function: &Function) -> Vec<Hidden> {
    let mut all = Vec::new();
    for (argument, pat) in patterns(function) {
        let parameter = function.parameters.iter().find(|parameter| parameter.bindings == [argument.clone()]);
        let ty = parameter.and_then(|parameter| written(&parameter.ty));
        let names = bindings(&pat).into_iter().map(|name| name.unraw().to_string());
        all.extend(names.map(|name| Hidden { name, ty: ty.clone() }));
    }
    all
}

/// Whether the user has called the argument `_`.
pub(crate) fn is_nameless(parameter: &Parameter, function: &Function) -> bool {
    let [name] = parameter.bindings.as_slice() else { return matches!(parameter.pat, Pat::Wild(_)) };
    is_made_up(name, function) && patterns(function).all(|(argument, _)| argument != *name)
}

/// Whether the argument's name is `#[async_trait]`'s, not the user's.
pub(crate) fn is_made_up(name: &Ident, function: &Function) -> bool {
    let name = name.to_string();
    let digits = name.strip_prefix("__arg").unwrap_or_default();
    function.frame.is_some() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The argument's pattern as the user has written it.
pub(crate) fn pattern_of(parameter: &Parameter, function: &Function) -> Pat {
    if is_nameless(parameter, function) {
        return syn::parse_quote!(_);
    }
    let moved = patterns(function).find(|(argument, _)| parameter.bindings == [argument.clone()]);
    moved.map_or_else(|| parameter.pat.clone(), |(_, pat)| pat)
}

/// The made up name and the pattern that it stands for.
fn patterns(function: &Function) -> impl Iterator<Item = (Ident, Pat)> {
    let body = function.frame.as_ref().map(|_| function.body.stream());
    let tokens: Vec<_> = body.into_iter().flatten().collect();
    let is_end = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    let found: Vec<_> = tokens.split(is_end).filter_map(|statement| pattern(statement, function)).collect();
    found.into_iter()
}

/// Input: `let Path(id) = { let __arg1 = __arg1; __arg1 }`
fn pattern(statement: &[TokenTree], function: &Function) -> Option<(Ident, Pat)> {
    let (TokenTree::Group(block), rest) = statement.split_last()? else { return None };
    let argument = last_word(block).filter(|word| is_made_up(word, function))?;
    let keyword = rest.iter().position(|token| matches!(token, TokenTree::Ident(word) if word == "let"))?;
    let (_equals, pat) = rest.get(keyword + 1..)?.split_last()?;
    let pat: TokenStream = pat.iter().cloned().collect();
    Some((argument, Pat::parse_single.parse2(pat).ok()?))
}

fn last_word(block: &Group) -> Option<Ident> {
    match block.stream().into_iter().last()? {
        TokenTree::Ident(word) => Some(word),
        _ => None,
    }
}

/// A type as one writes it, if it is a plain path.
pub(crate) fn written(ty: &Type) -> Option<String> {
    let text = ty.to_token_stream().to_string();
    let odd = ["'", "dyn ", "impl ", "mut ", "fn ", " as "].iter().any(|word| text.contains(word));
    (matches!(ty, Type::Path(_)) && !odd).then(|| text.replace(' ', "").replace(',', ", "))
}
