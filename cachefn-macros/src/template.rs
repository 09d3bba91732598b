//! The grammar of key and namespace templates: `"{namespace}:{user.org}:page:{page}"`.
//!
//! ```text
//! template    = (text | placeholder)*
//! placeholder = '{' name ('.' (name | index))* '}'
//! ```
//!
//! Text is everything else and holds no braces. The parser knows no function; whether a name exists is for
//! others to say. What it cannot read is a piece of its own, so that the rest is still checked.

use proc_macro2::{Literal, Span};
use quote::ToTokens;
use syn::Ident;
use syn::ext::IdentExt;
use syn::parse::Parser;

#[derive(Debug, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Placeholder(Placeholder),
    Mistake(Mistake),
}

/// `{name.field.0}`
#[derive(Debug, PartialEq)]
pub(crate) struct Placeholder {
    /// The first name, without `r#`.
    pub(crate) name: String,
    /// The fields behind it.
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Field {
    Named(String),
    Index(u32),
}

#[derive(Debug, PartialEq)]
pub(crate) enum Mistake {
    /// `{{` or `}}`
    Doubled(char),
    /// `{` without `}`, or `}` without `{`
    Unpaired(char),
    /// Braces around something that is not a placeholder.
    Malformed(String),
}

impl Field {
    pub(crate) fn tokens(&self, span: Span) -> proc_macro2::TokenStream {
        match self {
            Self::Named(name) => ident(name, span).to_token_stream(),
            Self::Index(index) => {
                let mut literal = Literal::u32_unsuffixed(*index);
                literal.set_span(span);
                literal.to_token_stream()
            }
        }
    }
}

/// Splits a template into its pieces; no two texts are neighbours.
pub(crate) fn parse(template: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let (piece, after) = next(rest);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn next(rest: &str) -> (Piece, &str) {
    match rest.find(['{', '}']) {
        None => (Piece::Text(rest.to_owned()), ""),
        Some(0) => braces(rest),
        Some(at) => (Piece::Text(rest[..at].to_owned()), &rest[at..]),
    }
}

/// Reads from a brace to behind its counterpart.
fn braces(rest: &str) -> (Piece, &str) {
    for doubled in ['{', '}'] {
        let after = rest.strip_prefix(doubled).and_then(|rest| rest.strip_prefix(doubled));
        if let Some(after) = after {
            return (Piece::Mistake(Mistake::Doubled(doubled)), behind_doubled(doubled, after));
        }
    }
    let Some(inside) = rest.strip_prefix('{') else {
        return (Piece::Mistake(Mistake::Unpaired('}')), &rest[1..]);
    };
    match inside.find(['{', '}']) {
        Some(end) if inside[end..].starts_with('}') => {
            let written = &inside[..end];
            let piece = placeholder(written)
                .map_or_else(|| Piece::Mistake(Mistake::Malformed(written.to_owned())), Piece::Placeholder);
            (piece, &inside[end + 1..])
        }
        Some(end) => (Piece::Mistake(Mistake::Unpaired('{')), &inside[end..]),
        None => (Piece::Mistake(Mistake::Unpaired('{')), ""),
    }
}

/// `{{text}}` is one mistake, not two.
fn behind_doubled(doubled: char, after: &str) -> &str {
    let closing = (doubled == '{').then(|| after.find("}}")).flatten();
    closing.map_or(after, |at| &after[at + 2..])
}

fn placeholder(written: &str) -> Option<Placeholder> {
    let mut segments = written.split('.');
    let name = segments.next().filter(|name| is_name(name))?;
    let fields = segments.map(field).collect::<Option<_>>()?;
    Some(Placeholder { name: bare(name).to_owned(), fields })
}

fn field(segment: &str) -> Option<Field> {
    if segment.starts_with(|c: char| c.is_ascii_digit()) {
        let index: u32 = segment.parse().ok()?;
        return Some(Field::Index(index));
    }
    let usable = is_name(segment) && !matches!(bare(segment), "self" | "Self" | "super" | "crate");
    usable.then(|| Field::Named(bare(segment).to_owned()))
}

fn is_name(segment: &str) -> bool {
    // The lexer would skip white space and comments.
    let plain = segment.chars().all(|c| c == '_' || c == '#' || c.is_alphanumeric());
    plain && segment != "_" && Ident::parse_any.parse_str(segment).is_ok()
}

fn bare(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// An identifier that is raw where it has to be.
fn ident(name: &str, span: Span) -> Ident {
    match syn::parse_str::<Ident>(name) {
        Ok(_) => Ident::new(name, span),
        Err(_) => Ident::new_raw(name, span),
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Mistake, Piece, Placeholder, parse};

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    fn value(name: &str, fields: Vec<Field>) -> Piece {
        Piece::Placeholder(Placeholder { name: name.to_owned(), fields })
    }

    fn malformed(written: &str) -> Piece {
        Piece::Mistake(Mistake::Malformed(written.to_owned()))
    }

    #[test]
    fn text_and_placeholders_alternate() {
        assert_eq!(parse("users:list"), [text("users:list")]);
        assert_eq!(parse("{id}:single"), [value("id", vec![]), text(":single")]);
        assert_eq!(parse("a{id}{fn}"), [text("a"), value("id", vec![]), value("fn", vec![])]);
        assert_eq!(parse(""), []);
    }

    #[test]
    fn a_placeholder_reaches_into_fields() {
        let org = || Field::Named("org".to_owned());
        assert_eq!(parse("{user.org}"), [value("user", vec![org()])]);
        assert_eq!(parse("{pair.0.org}"), [value("pair", vec![Field::Index(0), org()])]);
        assert_eq!(parse("{self.org}"), [value("self", vec![org()])]);
        assert_eq!(parse("{r#type.r#org}"), [value("type", vec![org()])]);
    }

    #[test]
    fn anything_else_in_braces_is_malformed() {
        for written in ["", "id:?", "id()", "0", " id", "a b", "a.", ".a", "_", "id.self", "a/**/"] {
            assert_eq!(parse(&format!("{{{written}}}")), [malformed(written)], "{written}");
        }
    }

    #[test]
    fn braces_are_paired_and_single() {
        let doubled = |c| Piece::Mistake(Mistake::Doubled(c));
        let unpaired = |c| Piece::Mistake(Mistake::Unpaired(c));
        assert_eq!(parse("a{{b}}c"), [text("a"), doubled('{'), text("c")]);
        assert_eq!(parse("a}}c"), [text("a"), doubled('}'), text("c")]);
        assert_eq!(parse("{id"), [unpaired('{')]);
        assert_eq!(parse("id}"), [text("id"), unpaired('}')]);
        assert_eq!(parse("{a{b}"), [unpaired('{'), value("b", vec![])]);
    }
}
