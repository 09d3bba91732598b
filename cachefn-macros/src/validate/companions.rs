//! `companions`: whether there are any, what they take, and by which path they reach the function.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Expr, ExprLit, ExprPath, Lit, Token, Visibility};

use super::given::Given;
use crate::args::Arguments;
use crate::diagnostics::Faults;
use crate::item::Function;
use crate::model::Companions;
use crate::used::Used;

/// What the argument says.
enum Wanted {
    /// Nothing.
    Unsaid,
    Yes,
    No,
    /// The function stands in an `impl`, where it is called through this `Self`.
    Through(Token![Self]),
}

/// Without a word from the user, a method that may be a trait's gets none: nothing can be added there.
pub(super) fn companions(
    given: &Given<'_>,
    arguments: &Arguments,
    function: &Function,
    used: &Used,
    faults: &mut Faults,
) -> Companions {
    let wanted = wanted(given, faults);
    if function.frame.is_some() {
        if matches!(wanted, Wanted::Yes | Wanted::Through(_))
            && let Some(argument) = given.get("companions")
        {
            let advice = "invalidate by `namespace` or `tags`";
            let message = format!("companions cannot stand in the implementation of a trait; {advice}");
            faults.at(&argument.name, message);
        }
        return Companions::None;
    }
    let may_be_a_traits = function.receiver.is_some() && matches!(function.vis, Visibility::Inherited);
    let through = match wanted {
        Wanted::No => return Companions::None,
        Wanted::Unsaid if may_be_a_traits => return Companions::None,
        Wanted::Through(this) => Some(this),
        Wanted::Unsaid | Wanted::Yes => associated(arguments, function).then(<Token![Self]>::default),
    };
    let parameters = function.parameters.iter().enumerate();
    let needed = parameters.filter(|(_, parameter)| parameter.names().any(|name| used.contains(&name)));
    let parameters = needed.map(|(at, _)| at).collect();
    Companions::Beside { receiver: used.contains("self"), parameters, through }
}

fn wanted(given: &Given<'_>, faults: &mut Faults) -> Wanted {
    match given.expr("companions", faults) {
        None => return Wanted::Unsaid,
        Some(Expr::Lit(ExprLit { lit: Lit::Bool(value), .. })) => {
            return if value.value { Wanted::Yes } else { Wanted::No };
        }
        Some(Expr::Path(path)) if path.path.is_ident("Self") => {
            if let Ok(this) = syn::parse2(path.to_token_stream()) {
                return Wanted::Through(this);
            }
        }
        Some(other) => {
            let advice = "write `companions = Self` for a function of a type that takes no `self`";
            faults.at(other, format!("`companions` is `true`, `false` or `Self`; {advice}"));
            // Who names a type is inside of its `impl`.
            if matches!(other, Expr::Path(path) if ends_like_a_type(path)) {
                return Wanted::Through(<Token![Self]>::default());
            }
        }
    }
    Wanted::Unsaid
}

fn ends_like_a_type(path: &ExprPath) -> bool {
    let last = path.path.segments.last().map(|last| last.ident.to_string());
    last.is_some_and(|name| name.starts_with(char::is_uppercase))
}

/// Whether the function certainly stands in an `impl` or a trait.
fn associated(arguments: &Arguments, function: &Function) -> bool {
    let Function { sig, body, receiver, .. } = function;
    let written = &arguments.tokens;
    receiver.is_some() || names_self(quote!(#written #sig)) || body_names_self(body.stream())
}

fn names_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => names_self(group.stream()),
        TokenTree::Ident(word) => word == "Self",
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// Whether `Self` occurs, other than in an item of its own, whose `Self` is another.
fn body_names_self(tokens: TokenStream) -> bool {
    let mut item = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Group(group) if item => item = group.delimiter() != Delimiter::Brace,
            TokenTree::Group(group) if body_names_self(group.stream()) => return true,
            TokenTree::Ident(word) if word == "Self" && !item => return true,
            TokenTree::Ident(word) => item |= begins_item(&word.to_string(), tokens.peek()),
            TokenTree::Punct(punct) if punct.as_char() == ';' => item = false,
            _ => {}
        }
    }
    false
}

/// Whether `word` begins an item that has a `Self`. `union` is a word like any other where no name follows.
fn begins_item(word: &str, next: Option<&TokenTree>) -> bool {
    match word {
        "impl" | "trait" | "struct" | "enum" | "mod" => true,
        "union" => matches!(next, Some(TokenTree::Ident(_))),
        _ => false,
    }
}
