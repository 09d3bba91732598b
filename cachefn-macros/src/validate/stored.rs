//! What is stored and how: `tags`, the closures over the value, `lease`, `version`, `sensitive`, `codec`, `result`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Expr, ExprArray, ExprLit, ExprUnary, Ident, Lit, LitStr, UnOp};

use super::evaluated;
use super::given::{Given, form};
use super::templates::{Template, Within, without_braces};
use crate::args::ungrouped;
use crate::diagnostics::Faults;
use crate::item::Function;
use crate::model::{Judgement, Piece};
use crate::paths::CratePath;
use crate::used::Used;

/// More groups than this are a mistake: every lookup asks for all of them.
const MAX_TAGS: usize = 32;

/// `tags`, each a template; `uses` are the arguments in them.
pub(super) fn tags(
    given: &Given<'_>,
    function: &Function,
    uses: &mut Used,
    faults: &mut Faults,
) -> Vec<Vec<Piece>> {
    let Some(expr) = given.expr("tags", faults) else { return Vec::new() };
    let Expr::Array(array) = expr else {
        faults.at(expr, format!("`tags` is a list of strings; write `{}`", form("tags")));
        return Vec::new();
    };
    if array.elems.is_empty() {
        faults.at(array, format!("`tags` names no tag; write `{}`", form("tags")));
    }
    if array.elems.len() > MAX_TAGS {
        faults.at(array, format!("a function has at most {MAX_TAGS} tags"));
    }
    repeated(array, faults);
    array.elems.iter().filter_map(|elem| tag(elem, function, uses, faults)).collect()
}

fn repeated(array: &ExprArray, faults: &mut Faults) {
    let tags: Vec<_> = array.elems.iter().filter_map(text).collect();
    for (at, tag) in tags.iter().enumerate() {
        if tags[..at].iter().any(|before| before.value() == tag.value()) {
            faults.at(tag, format!("the tag `{}` is given twice; remove one", tag.value()));
        }
    }
}

fn text(expr: &Expr) -> Option<&LitStr> {
    match ungrouped(expr) {
        Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => Some(literal),
        _ => None,
    }
}

fn tag(expr: &Expr, function: &Function, uses: &mut Used, faults: &mut Faults) -> Option<Vec<Piece>> {
    let Some(literal) = text(expr) else {
        faults.at(
            expr,
            "a tag is written as a string, as in `\"org:{org}\"`; `tags_with` takes it from the value",
        );
        return None;
    };
    if literal.value().is_empty() {
        faults.at(literal, "the tag is empty; name it");
    }
    if let Some(name) = without_braces(literal, function) {
        let name = name.unraw();
        faults.at(literal, format!("this is text, the same for every call; write `\"{name}:{{{name}}}\"`"));
    }
    Some(Template { literal, function, within: Within::Tag }.resolve(uses, faults))
}

/// The closures over the value.
pub(super) fn judgement(given: &Given<'_>, faults: &mut Faults) -> Judgement {
    Judgement {
        when: given.judge("when", faults),
        expire_with: given.judge("expire_with", faults),
        tags_with: given.judge("tags_with", faults),
    }
}

/// `lease`, yes or no.
pub(super) fn lease(given: &Given<'_>, faults: &mut Faults) -> bool {
    match given.expr("lease", faults) {
        None => false,
        Some(Expr::Lit(ExprLit { lit: Lit::Bool(value), .. })) => value.value,
        Some(other) => {
            faults.at(other, "`lease` is `true` or `false`; write `lease = true`");
            false
        }
    }
}

/// `version`, a number.
pub(super) fn version(given: &Given<'_>, faults: &mut Faults) -> Option<u64> {
    let expr = given.expr("version", faults)?;
    let version = match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.suffix().is_empty() => {
            number.base10_parse().ok()
        }
        _ => None,
    };
    if version.is_none() {
        faults.at(expr, "a version is a whole number; write `version = 2`");
    }
    version
}

/// `sensitive`: what hides the key must not show its arguments elsewhere.
pub(super) fn sensitive(
    given: &Given<'_>,
    key: &Used,
    shown: [(&str, &Used); 2],
    faults: &mut Faults,
) -> bool {
    let sensitive = given.flag("sensitive", faults);
    for (name, uses) in shown.into_iter().filter(|_| sensitive) {
        let Some(argument) = given.get(name) else { continue };
        if let Some(both) = uses.intersection(key).next() {
            let message =
                format!("`sensitive` hides `{both}` in the key, and `{name}` would show it; remove one");
            faults.at(&argument.name, message);
        }
    }
    sensitive
}

/// `sensitive` where the key has no arguments.
pub(super) fn hides_nothing(given: &Given<'_>, faults: &mut Faults) {
    if let Some(argument) = given.get("sensitive") {
        let message = "`sensitive` hides the arguments in the key, and this key uses none; remove it";
        faults.at(&argument.name, message);
    }
}

/// `codec`: one of ours by its name, or a path to the user's own.
pub(super) fn codec(given: &Given<'_>, krate: &CratePath, faults: &mut Faults) -> Option<TokenStream> {
    let expr = given.expr("codec", faults)?;
    let Expr::Path(path) = expr else {
        let advice = "write `Json`, `Postcard`, `MessagePack`, or the path of a type that implements `Codec`";
        faults.at(expr, format!("`{}` names no codec; {advice}", expr.to_token_stream()));
        return None;
    };
    let ours = path.path.get_ident().filter(|name| is_ours(name));
    Some(ours.map_or_else(|| path.to_token_stream(), |name| krate.codec(name)))
}

fn is_ours(name: &Ident) -> bool {
    ["Json", "Postcard", "MessagePack"].iter().any(|ours| name == ours)
}

/// `result = plain`.
pub(super) fn plain(given: &Given<'_>, faults: &mut Faults) -> bool {
    let Some(expr) = given.expr("result", faults) else { return false };
    if matches!(expr, Expr::Path(path) if path.path.is_ident("plain")) {
        return true;
    }
    faults.at(expr, "`result` is `plain` or absent; write `result = plain` where the type shows no shape");
    false
}

/// `bypass`, an expression over the arguments.
pub(super) fn bypass(given: &Given<'_>, function: &Function, faults: &mut Faults) -> Option<TokenStream> {
    let expr = given.expr("bypass", faults)?;
    match expr {
        Expr::Closure(closure) => {
            faults.at(closure, format!("`bypass` is a condition, not a closure; write `{}`", form("bypass")));
            None
        }
        constant if is_constant(constant) => {
            let advice = "remove `bypass`, or the attribute";
            faults.at(expr, format!("`bypass` is a condition over the arguments; {advice}"));
            None
        }
        other => {
            evaluated::check("bypass", other, function, faults);
            Some(quote!(#other))
        }
    }
}

/// `true`, `false`, and what they become by `!`.
fn is_constant(expr: &Expr) -> bool {
    match ungrouped(expr) {
        Expr::Lit(ExprLit { lit: Lit::Bool(_), .. }) => true,
        Expr::Unary(ExprUnary { op: UnOp::Not(_), expr, .. }) => is_constant(expr),
        _ => false,
    }
}
