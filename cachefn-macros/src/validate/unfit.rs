//! How a return type is spelt, for the words in which it is refused. What is stored of it is decided by the type.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type};

use crate::item::Function;
use crate::model::Spelling;

/// Types of axum that are not values, or are values in a wrapper.
const AXUM: [&str; 5] = ["Html", "Json", "Redirect", "Response", "StatusCode"];

/// What the return type looks like; `axum` is whether cachefn knows the types of that crate.
pub(super) fn spelling(function: &Function, axum: bool) -> Spelling {
    let Some(ty) = function.returned.as_ref().and_then(stored_by) else { return Spelling::Name };
    if !axum && AXUM.iter().any(|name| names(ty).any(|found| found == *name)) {
        return Spelling::WithoutAxum;
    }
    let ty = value_in(ty);
    let is_parameter = || {
        let names: Vec<_> = names(ty).collect();
        function.sig.generics.type_params().any(|param| names.iter().any(|name| param.ident == name))
    };
    let is_name = matches!(ty, Type::Path(path) if path.path.segments.iter().all(|segment| segment.arguments.is_empty()));
    if is_name && !is_parameter() { Spelling::Name } else { Spelling::Composite }
}

/// The part of a return type that is stored, as far as it shows: the first type of a `Result`, also of an alias that is
/// called so. `None` where it does not show.
pub(super) fn stored_by(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Group(group) => stored_by(&group.elem),
        Type::Paren(paren) => stored_by(&paren.elem),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            if !last.ident.to_string().ends_with("Result") {
                return Some(ty);
            }
            first_type(&last.arguments).or_else(|| last.arguments.is_empty().then_some(ty))
        }
        other => Some(other),
    }
}

/// The type in a wrapper that is seen through.
fn value_in(ty: &Type) -> &Type {
    let inside = match ty {
        Type::Group(group) => Some(&*group.elem),
        Type::Paren(paren) => Some(&*paren.elem),
        Type::Path(path) => path.path.segments.last().and_then(|last| {
            let is_seen_through = ["Option", "Arc", "Json"].iter().any(|name| last.ident == name);
            first_type(&last.arguments).filter(|_| is_seen_through)
        }),
        _ => None,
    };
    inside.map_or(ty, value_in)
}

fn first_type(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// All words of a type.
fn names(ty: &Type) -> impl Iterator<Item = String> {
    fn collect(tokens: TokenStream, found: &mut Vec<String>) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => found.push(ident.to_string()),
                TokenTree::Group(group) => collect(group.stream(), found),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    let mut found = Vec::new();
    collect(ty.to_token_stream(), &mut found);
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{Item, read};

    fn of(ty: &str, axum: bool) -> Spelling {
        let source = format!("async fn get<T>(id: u64) -> {ty} {{ find(id) }}");
        match read(source.parse().expect("tokens")) {
            Item::Function(function) => spelling(&function, axum),
            _ => panic!("no function: {source}"),
        }
    }

    #[test]
    fn names_and_what_has_types_inside_are_told_apart() {
        for ty in ["User", "Result<User, Error<T>>", "app::Result<Option<Arc<User>>>", "Json<User>", "(Self)"]
        {
            assert_eq!(of(ty, true), Spelling::Name, "{ty}");
        }
        for ty in
            ["T", "Option<T>", "Vec<User>", "Result<(User, u8), E>", "[User; 2]", "Html<String>", "T::Row"]
        {
            assert_eq!(of(ty, true), Spelling::Composite, "{ty}");
        }
    }

    #[test]
    fn types_of_axum_are_named_where_it_is_not_known() {
        for ty in
            ["Json<User>", "Result<Json<User>, E>", "(StatusCode, Json<User>)", "axum::response::Response"]
        {
            assert_eq!(of(ty, false), Spelling::WithoutAxum, "{ty}");
        }
        for ty in ["User", "Result<User, Json<T>>"] {
            assert_eq!(of(ty, false), Spelling::Name, "{ty}");
        }
    }
}
