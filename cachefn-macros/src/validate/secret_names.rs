//! Which value in a key is a secret by its name: what is said of it, at run time, is advice and no error.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::ext::IdentExt;

use crate::model::{Key, Namespace, Piece, Plan};

/// The last word of a name that is a secret's.
const SECRET_WORDS: [&str; 10] = [
    "token",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "credential",
    "credentials",
    "apikey",
    "jwt",
    "bearer",
];

/// What stands before `token` in names of positions in a list.
const CURSOR_WORDS: [&str; 6] = ["page", "next", "previous", "prev", "continuation", "cursor"];

/// Methods that give the value itself in another form.
const SAME_VALUE: [&str; 7] = ["as_str", "as_ref", "as_deref", "as_bytes", "clone", "to_owned", "to_string"];

/// The name of the first such value, unless the key is hidden.
pub(super) fn exposed(plan: &Plan) -> Option<String> {
    if plan.site.sensitive {
        return None;
    }
    let namespace = match &plan.namespace {
        Namespace::Template { pieces, .. } => pieces.as_slice(),
        Namespace::Module | Namespace::Literal(_) => &[],
    };
    let (template, parts) = match &plan.key {
        Key::Template(pieces) => (pieces.as_slice(), &[][..]),
        Key::Parts(parts) => (&[][..], parts.as_slice()),
    };
    let values = namespace.iter().chain(template).filter_map(Piece::value);
    values.chain(parts.iter().map(|part| &part.value)).find_map(|value| name(value.clone()))
}

/// The name of a value that is written as a path of fields; what a call makes of it is not looked into.
fn name(value: TokenStream) -> Option<String> {
    let mut last = None;
    let mut tokens = value.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if "&*.".contains(punct.as_char()) => {}
            TokenTree::Ident(ident) => {
                let is_called = matches!(tokens.peek(), Some(TokenTree::Group(_)));
                let word = ident.unraw().to_string();
                if !is_called {
                    last = Some(word);
                } else if SAME_VALUE.contains(&word.as_str()) {
                    tokens.next();
                } else {
                    return None;
                }
            }
            TokenTree::Group(group) if group.delimiter() != Delimiter::Brace => return name(group.stream()),
            TokenTree::Literal(_) => {}
            TokenTree::Punct(_) | TokenTree::Group(_) => return None,
        }
    }
    last.filter(|name| is_secret(name))
}

fn is_secret(name: &str) -> bool {
    let lower = name.to_lowercase();
    let mut words = lower.split('_').rev();
    let last = words.next().unwrap_or_default();
    let before = words.next().unwrap_or_default();
    match last {
        "token" => !CURSOR_WORDS.contains(&before),
        "key" => before == "api",
        _ => SECRET_WORDS.contains(&last),
    }
}

#[cfg(test)]
mod tests {
    fn name(value: &str) -> Option<String> {
        super::name(value.parse().expect("the test's value is made of tokens"))
    }

    #[test]
    fn a_secret_is_known_by_the_last_word_of_its_name() {
        for value in
            ["token", "&token", "user.password", "access_token", "api_key", "r#secret", "jwt.as_str()"]
        {
            assert!(name(value).is_some(), "{value}");
        }
        assert_eq!(name("(*session_token).clone()"), Some("session_token".to_owned()));
        for value in ["id", "page_token", "next_token", "token_count", "key", "secretary", "user.id"] {
            assert_eq!(name(value), None, "{value}");
        }
    }

    #[test]
    fn what_a_call_makes_of_a_secret_is_none() {
        for value in ["token.id()", "digest(token)", "hash!(password)", "token.len()", "a + token.len()"] {
            assert_eq!(name(value), None, "{value}");
        }
    }
}
