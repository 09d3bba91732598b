//! Reads what `#[invalidates(…)]` names. Nothing is judged but the form.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, ExprPath, Ident, Lit, LitStr, Token};

use crate::args::ungrouped;

/// What was written between the attribute's parentheses.
#[derive(Default)]
pub(super) struct Arguments {
    pub(super) targets: Vec<Target>,
    pub(super) krate: Option<LitStr>,
    pub(super) mistakes: Vec<syn::Error>,
}

/// What is to be invalidated.
pub(super) enum Target {
    /// `get_user(user.id)`
    Call(ExprPath, Group),
    /// `list_users(*)`
    All(ExprPath),
    /// `tag("org:{org}")`
    Tag(LitStr),
    /// `tag(TAG)`
    TagOf(Group),
    /// `namespace("users")`
    Namespace(LitStr),
    /// `namespace(&name)`
    NamespaceOf(Group),
}

const ADVICE: &str = "write `get_user(id)`, `list_users(*)`, `tag(\"org:{org}\")` or `namespace(\"users\")`";

/// Reads all of it; behind a mistake it goes on with the next.
pub(super) fn read(tokens: TokenStream) -> Arguments {
    let mut read = Arguments::default();
    for element in elements(tokens) {
        let parsed = (|input: ParseStream<'_>| one(input, &mut read.krate)).parse2(element);
        match parsed {
            Ok(target) => read.targets.extend(target),
            Err(mistake) => read.mistakes.push(mistake),
        }
    }
    read
}

/// What stands between the commas. Those of turbofishes are told by the path's own parser: an element that ends
/// inside of one is joined with the next.
fn elements(tokens: TokenStream) -> Vec<TokenStream> {
    let (mut all, mut element, mut depth) = (Vec::new(), Vec::new(), 0_usize);
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '<' => depth += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' => depth = depth.saturating_sub(1),
            TokenTree::Punct(punct) if punct.as_char() == ',' && depth == 0 => {
                all.push(std::mem::take(&mut element));
                continue;
            }
            _ => {}
        }
        element.push(token);
    }
    all.push(element);
    all.into_iter()
        .filter(|element| !element.is_empty())
        .map(|element| element.into_iter().collect())
        .collect()
}

fn one(input: ParseStream<'_>, krate: &mut Option<LitStr>) -> syn::Result<Option<Target>> {
    if input.peek(Token![crate]) && input.peek2(Token![=]) {
        let name = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        if krate.replace(input.parse()?).is_some() {
            return Err(syn::Error::new_spanned(name, "`crate` is given twice; remove one"));
        }
        return end(input).map(|()| None);
    }
    if input.peek(LitStr) {
        let literal: LitStr = input.parse()?;
        let text = literal.value();
        let advice = format!("write `tag(\"{text}\")` or `namespace(\"{text}\")`");
        return Err(syn::Error::new_spanned(literal, format!("text alone names nothing; {advice}")));
    }
    let whole: TokenStream = input.fork().parse()?;
    let nothing = || syn::Error::new_spanned(&whole, format!("this names nothing to invalidate; {ADVICE}"));
    let path: ExprPath = input.parse().map_err(|_| nothing())?;
    let name = path.path.get_ident().map(ToString::to_string);
    if input.peek(Token![=]) {
        let name = name.unwrap_or_default();
        let message = format!("`{name}` takes its value in parentheses; {ADVICE}");
        return Err(syn::Error::new_spanned(&whole, message));
    }
    if input.is_empty() {
        let written = quote::quote!(#path).to_string().replace(' ', "");
        let message = format!(
            "of which call? write `{written}(…)` with its arguments, or `{written}(*)` for all of them"
        );
        return Err(syn::Error::new_spanned(&path, message));
    }
    if let Some(function) = function_of_companion(&path) {
        let message = format!("the companion is called by itself; name the function: write `{function}`");
        return Err(syn::Error::new_spanned(&path, message));
    }
    let Ok(TokenTree::Group(list)) = input.parse::<TokenTree>() else { return Err(nothing()) };
    if list.delimiter() != Delimiter::Parenthesis || !input.is_empty() {
        return Err(nothing());
    }
    Ok(Some(match name.as_deref() {
        Some(name @ ("tag" | "namespace")) => group(name, list)?,
        Some("tags") if is_text(&list) => return Err(meant("tag", &path)),
        Some("ns" | "namespaces") if is_text(&list) => return Err(meant("namespace", &path)),
        _ if is_star(&list) => Target::All(path),
        _ => Target::Call(path, list),
    }))
}

/// Input: `users::invalidate_get_user`. Output: `users::get_user(…)`.
fn function_of_companion(path: &ExprPath) -> Option<String> {
    let last = path.path.segments.last()?.ident.to_string();
    let (function, arguments) = match last.strip_prefix("invalidate_all_") {
        Some(function) => (function, "(*)"),
        None => (last.strip_prefix("invalidate_")?, "(…)"),
    };
    let mut named = path.clone();
    named.path.segments.last_mut()?.ident = Ident::parse_any.parse_str(function).ok()?;
    Some(quote::quote!(#named).to_string().replace(' ', "") + arguments)
}

/// `tag(…)` or `namespace(…)`, of one text.
fn group(name: &str, list: Group) -> syn::Result<Target> {
    let form = if name == "tag" { "tag(\"org:{org}\")" } else { "namespace(\"users\")" };
    if list.stream().is_empty() {
        return Err(syn::Error::new_spanned(list, format!("this `{name}` has no name; write `{form}`")));
    }
    if is_star(&list) {
        let message = format!("`*` stands for all calls of a function, not for a {name}; write `{form}`");
        return Err(syn::Error::new_spanned(list.stream(), message));
    }
    // What cannot be read is left to the compiler.
    let texts = texts(&list).unwrap_or_default();
    if let Some(second) = texts.iter().nth(1) {
        let message = format!("`{name}` takes one text; write one `{form}` for each");
        return Err(syn::Error::new_spanned(second, message));
    }
    Ok(match (name, texts.first().and_then(literal).cloned()) {
        ("tag", Some(literal)) => Target::Tag(literal),
        ("tag", None) => Target::TagOf(list),
        (_, Some(literal)) => Target::Namespace(literal),
        (_, None) => Target::NamespaceOf(list),
    })
}

fn texts(list: &Group) -> Option<Punctuated<Expr, Token![,]>> {
    Punctuated::parse_terminated.parse2(list.stream()).ok()
}

fn literal(expr: &Expr) -> Option<&LitStr> {
    match ungrouped(expr) {
        Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => Some(literal),
        _ => None,
    }
}

fn is_text(list: &Group) -> bool {
    texts(list).is_some_and(|texts| !texts.is_empty() && texts.iter().all(|text| literal(text).is_some()))
}

fn meant(name: &str, path: &ExprPath) -> syn::Error {
    let typed = quote::quote!(#path);
    let function = format!("a function of that name is written `self::{typed}(…)`");
    let message = format!("`{typed}` is no group; did you mean `{name}`? {function}");
    syn::Error::new_spanned(path, message)
}

fn is_star(list: &Group) -> bool {
    let tokens: Vec<_> = list.stream().into_iter().collect();
    matches!(tokens.as_slice(), [TokenTree::Punct(punct)] if punct.as_char() == '*')
}

fn end(input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() { Ok(()) } else { Err(input.error("expected `,`")) }
}
