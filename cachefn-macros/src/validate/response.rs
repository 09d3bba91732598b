//! `response`: the finished response is what is stored.

use quote::ToTokens;
use syn::{Expr, ExprLit, GenericArgument, Lit, Path, PathArguments, Type, TypeImplTrait, TypeParamBound};

use super::given::{Given, form};
use super::signature::opaque;
use crate::args::Value;
use crate::diagnostics::Faults;
use crate::item::Function;
use crate::model::Response;

/// What to write in the place of a return type that is none of a handler.
const RETURNS: &str = "write `Response`, `impl IntoResponse`, or a `Result` of either";

/// Whose the responses are, if they are what is stored.
pub(super) fn response(given: &Given<'_>, faults: &mut Faults) -> Option<Response> {
    let argument = given.get("response")?;
    if !cfg!(any(feature = "axum", test)) {
        faults.at(&argument.name, "`response` needs the feature `axum` of cachefn");
    }
    if let Some(result) = given.get("result") {
        faults.at(&result.name, "`response` says what is stored of the result; remove one");
    }
    if matches!(argument.value, Value::Absent) {
        return Some(Response::Anybodys);
    }
    let expr = given.expr("response", faults)?;
    if !matches!(expr, Expr::Path(path) if path.path.is_ident("private")) {
        let typed = expr.to_token_stream();
        let advice = "write `response`, or `response = private` where the key names the user";
        faults.at(expr, format!("responses are anybody's or `private`, not `{typed}`; {advice}"));
    } else if given.get("key").is_none() && given.whole {
        let advice = "write it, as in `key = \"{user.id}\"`";
        faults.at(expr, format!("`private` responses need a `key` that names the user; {advice}"));
    }
    Some(Response::Ones)
}

/// `client`: what clients may keep of the response, in the words of `Cache-Control`.
pub(super) fn client(given: &Given<'_>, faults: &mut Faults) -> Option<String> {
    let argument = given.get("client")?;
    if given.get("response").is_none() && given.whole {
        let advice = "add `response`, or give the whole `CacheLayer` a `ClientCache`";
        faults.at(&argument.name, format!("`client` is for stored responses; {advice}"));
    }
    let expr = given.expr("client", faults)?;
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = expr else {
        faults.at(expr, format!("`client` takes the text of `Cache-Control`; write `{}`", form("client")));
        return None;
    };
    match refusal(&text.value()) {
        None => Some(text.value()),
        Some(message) => {
            faults.at(text, message);
            None
        }
    }
}

/// What is wrong with the directives that clients are to be sent.
fn refusal(text: &str) -> Option<String> {
    let mut seen: Vec<String> = Vec::new();
    for directive in text.split(',').map(str::trim) {
        let (name, value) =
            directive.split_once('=').map_or((directive, None), |(name, value)| (name, Some(value)));
        let name = name.to_ascii_lowercase();
        let is_number = value.is_some_and(|value| value.parse::<u32>().is_ok());
        match name.as_str() {
            "max-age" | "s-maxage" | "stale-while-revalidate" if !is_number => {
                return Some(format!("`{name}` takes whole seconds; write `{name}=60`"));
            }
            "public" | "private" | "no-cache" | "must-revalidate" | "immutable" if value.is_some() => {
                return Some(format!("`{name}` takes no value; write `{name}`"));
            }
            "max-age"
            | "s-maxage"
            | "stale-while-revalidate"
            | "public"
            | "private"
            | "no-cache"
            | "must-revalidate"
            | "immutable" => {}
            "no-store" => {
                return Some(
                    "clients are told `no-store` without `client` already; remove `client`".to_owned(),
                );
            }
            _ => {
                let known = "`public`, `private`, `no-cache`, `max-age`, `s-maxage`, `must-revalidate`, \
                             `stale-while-revalidate` and `immutable`";
                return Some(format!("`{directive}` is not one of {known}"));
            }
        }
        if seen.contains(&name) {
            return Some(format!("`{name}` is given twice; remove one"));
        }
        seen.push(name);
    }
    let has = |name: &str| seen.iter().any(|seen| seen == name);
    if has("public") == has("private") {
        Some("say for whom, with either `public` or `private`".to_owned())
    } else if has("no-cache") == has("max-age") {
        Some("say for how long, with either `max-age=60` or `no-cache`".to_owned())
    } else if has("private") && has("s-maxage") {
        Some("`s-maxage` is for shared caches, which keep nothing `private`; remove one".to_owned())
    } else if has("public") && has("no-cache") {
        Some(
            "what is asked for each time is kept by the user's own client; write `private, no-cache`"
                .to_owned(),
        )
    } else {
        None
    }
}

/// Refuses what cannot become a response, as far as it shows.
pub(super) fn returned(function: &Function, faults: &mut Faults) {
    let name = &function.sig.ident;
    let Some(ty) = &function.returned else {
        faults.at(name, format!("`{name}` returns no response; {RETURNS}"));
        return;
    };
    let shown = hidden_response(ty);
    for hidden in opaque(ty) {
        if !shown.is_some_and(|shown| std::ptr::eq(shown, hidden)) || response_bound(hidden).is_none() {
            faults.at(hidden, format!("this is no response; {RETURNS}"));
        }
    }
}

/// The part of a type that becomes a response: `Html<String>` of `Result<Html<String>, E>`, as far as it shows.
///
/// A name that may be an alias of a response, or of a `Result` of one, is left as it is.
pub(crate) fn finished(ty: &Type) -> Option<&Type> {
    const FINISHED: [&str; 5] = ["Bytes", "Html", "Json", "String", "Vec"];

    match ty {
        Type::Group(group) => finished(&group.elem),
        Type::Paren(paren) => finished(&paren.elem),
        Type::Tuple(tuple) if !tuple.elems.is_empty() => Some(ty),
        Type::Reference(reference)
            if reference.lifetime.as_ref().is_some_and(|name| name.ident == "static") =>
        {
            Some(ty)
        }
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            if FINISHED.iter().any(|name| last.ident == name) {
                return Some(ty);
            }
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            match arguments.args.first()? {
                GenericArgument::Type(first) if last.ident.to_string().ends_with("Result") => finished(first),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The `impl IntoResponse` that is the type, or the first argument of it.
pub(crate) fn hidden_response(ty: &Type) -> Option<&TypeImplTrait> {
    match ty {
        Type::ImplTrait(hidden) => Some(hidden),
        Type::Group(group) => hidden_response(&group.elem),
        Type::Paren(paren) => hidden_response(&paren.elem),
        Type::Path(path) => {
            let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
                return None;
            };
            match arguments.args.first()? {
                GenericArgument::Type(Type::ImplTrait(hidden)) => Some(hidden),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `IntoResponse`, by whatever path it is reached.
pub(crate) fn response_bound(hidden: &TypeImplTrait) -> Option<&Path> {
    hidden.bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            bound.path.segments.last().filter(|last| last.ident == "IntoResponse").map(|_| &bound.path)
        }
        _ => None,
    })
}
