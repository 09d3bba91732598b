//! Which of the function's arguments an expression uses.
//!
//! A macro cannot resolve names, so the rule is about tokens. An argument is used where its name occurs, at
//! any depth, closures and macro calls included:
//!
//! - as an identifier that does not follow `.` or `::` and does not precede `::`, or
//! - as `{name` inside a string literal, which `format!` captures.
//!
//! Shadowing is not tracked: a name too many costs a companion one argument, a name too few would not
//! compile. `r#type` and `type` are the same name.

use std::collections::BTreeSet;

use proc_macro2::{Spacing, TokenStream, TokenTree};
use syn::ext::IdentExt;

/// The names, without `r#`, that the function's companions must be given.
pub(crate) type Used = BTreeSet<String>;

/// Those of `names` that occur in `tokens`.
pub(crate) fn used(tokens: TokenStream, names: &[String]) -> Used {
    places(tokens, names).into_iter().map(|(name, _)| name).collect()
}

/// The same, each time, with the token.
pub(crate) fn places(tokens: TokenStream, names: &[String]) -> Vec<(String, TokenTree)> {
    let mut found = Vec::new();
    visit(tokens, names, &mut found);
    found
}

fn visit(tokens: TokenStream, names: &[String], found: &mut Vec<(String, TokenTree)>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => visit(group.stream(), names, found),
            TokenTree::Ident(ident) => {
                let name = ident.unraw().to_string();
                if names.contains(&name) && stands_alone(&tokens[..at], &tokens[at + 1..]) {
                    found.push((name, token.clone()));
                }
            }
            TokenTree::Literal(literal) => {
                let captured = captured(&literal.to_string(), names);
                found.extend(captured.into_iter().map(|name| (name, token.clone())));
            }
            TokenTree::Punct(_) => {}
        }
    }
}

fn stands_alone(before: &[TokenTree], after: &[TokenTree]) -> bool {
    let member = match before {
        [.., first, last] if joint(first, '.') && punct(last, '.') => false,
        [.., first, last] if joint(first, ':') && punct(last, ':') => true,
        [.., last] => punct(last, '.') || punct(last, '\''),
        [] => false,
    };
    let qualifies = matches!(after, [first, second, ..] if joint(first, ':') && punct(second, ':'));
    !member && !qualifies
}

fn punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == c)
}

fn joint(token: &TokenTree, c: char) -> bool {
    punct(token, c) && matches!(token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint)
}

fn captured(literal: &str, names: &[String]) -> Used {
    let mut found = Used::new();
    if !literal.starts_with(['"', 'r']) {
        return found;
    }
    for (at, _) in literal.match_indices('{') {
        let rest = &literal[at + 1..];
        let end = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
        let inside = rest.split('}').next().unwrap_or(rest);
        let given = inside.split('$').rev().skip(1).map(last_name).chain([&rest[..end]]);
        found.extend(given.filter(|found| names.iter().any(|name| name == found)).map(str::to_owned));
    }
    found
}

/// The name at the end of `text`: that of a width or precision, as in `{:width$}`.
fn last_name(text: &str) -> &str {
    let before = text.rfind(|c: char| !(c == '_' || c.is_alphanumeric()));
    before.map_or(text, |at| text[at..].trim_start_matches(|c: char| !(c == '_' || c.is_alphanumeric())))
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;

    use super::used;

    fn found(expression: &str) -> Vec<String> {
        let names = ["id", "user", "db", "type", "self"].map(str::to_owned);
        let tokens: TokenStream = expression.parse().expect("the test's expression is made of tokens");
        used(tokens, &names).into_iter().collect()
    }

    #[test]
    fn identifiers_are_found_at_any_depth() {
        assert_eq!(found("id"), ["id"]);
        assert_eq!(found("(user.org, [id; 2])"), ["id", "user"]);
        assert_eq!(found("ids.iter().map(|x| x + id)"), ["id"]);
        assert_eq!(found("format!(\"{}\", id)"), ["id"]);
        assert_eq!(found("self.region"), ["self"]);
    }

    #[test]
    fn fields_methods_and_paths_are_not_arguments() {
        assert!(found("x.id").is_empty());
        assert!(found("x.id()").is_empty());
        assert!(found("keys::id").is_empty());
        assert!(found("id::MAX").is_empty());
        assert!(found("self::REGION").is_empty());
        assert!(found("x.0.id").is_empty());
        assert!(found("'id: loop { break 'id }").is_empty());
    }

    #[test]
    fn the_end_of_a_range_is_an_argument() {
        assert_eq!(found("0..id"), ["id"]);
        assert_eq!(found("Page { id: 1, ..user }"), ["id", "user"]);
    }

    #[test]
    fn a_raw_identifier_is_its_name() {
        assert_eq!(found("r#type"), ["type"]);
        assert_eq!(found("format!(\"{type}\")"), ["type"]);
    }

    #[test]
    fn format_strings_capture() {
        assert_eq!(found("format!(\"{id}-{user:?}\")"), ["id", "user"]);
        assert_eq!(found("format!(r#\"{id:>8}\"#)"), ["id"]);
        assert_eq!(found("format!(\"{:id$.user$}\", 1)"), ["id", "user"]);
        assert_eq!(found("format!(\"{0:>db$} {1} $id\", 1, 2)"), ["db"]);
        assert!(found("format!(\"{idx} id\")").is_empty());
        assert!(found("b\"{id}\"").is_empty());
    }

    #[test]
    fn shadowing_is_not_tracked() {
        assert_eq!(found("ids.iter().map(|id| id + 1)"), ["id"]);
    }
}
