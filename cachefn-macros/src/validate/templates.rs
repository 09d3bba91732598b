//! Templates with a function to resolve their placeholders in.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Ident, LitStr};

use crate::diagnostics::{Faults, listed};
use crate::item::Function;
use crate::model::Piece;
use crate::template::{self, Mistake, Placeholder};
use crate::used::Used;

/// Which argument a template is the value of.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Within {
    Key,
    Namespace,
    Tag,
}

/// A template with the function whose arguments it names.
pub(crate) struct Template<'a> {
    pub(crate) literal: &'a LitStr,
    pub(crate) function: &'a Function,
    pub(crate) within: Within,
}

impl Template<'_> {
    /// Its pieces, for the writer; `uses` are the arguments in them.
    pub(crate) fn resolve(&self, uses: &mut Used, faults: &mut Faults) -> Vec<Piece> {
        let parsed = template::parse(&self.literal.value());
        if !separated(&parsed) {
            let advice = "put text between them that starts with no letter, digit or `%`, as in `{a}:{b}`";
            faults.at(self.literal, format!("two placeholders without a separator; {advice}"));
        }
        let mut pieces: Vec<Piece> = Vec::new();
        for piece in parsed {
            match (self.piece(piece, uses, faults), pieces.last_mut()) {
                (Some(Piece::Text(text)), Some(Piece::Text(before))) => before.push_str(&text),
                (piece, _) => pieces.extend(piece),
            }
        }
        pieces
    }

    fn piece(&self, piece: template::Piece, uses: &mut Used, faults: &mut Faults) -> Option<Piece> {
        match piece {
            template::Piece::Text(text) => Some(Piece::Text(text)),
            template::Piece::Placeholder(placeholder) => self.placeholder(&placeholder, uses, faults),
            template::Piece::Mistake(mistake) => {
                faults.at(self.literal, explained(&mistake));
                None
            }
        }
    }

    fn placeholder(&self, wanted: &Placeholder, uses: &mut Used, faults: &mut Faults) -> Option<Piece> {
        match (wanted.name.as_str(), wanted.fields.as_slice()) {
            ("fn", []) => return Some(Piece::Text(self.function.name().to_string())),
            ("namespace", []) if self.within == Within::Key => return Some(Piece::Namespace),
            ("namespace", []) => {
                let message = match self.within {
                    Within::Tag => "`{namespace}` cannot be part of a tag; write its text",
                    Within::Key | Within::Namespace => "`{namespace}` cannot be part of the namespace itself",
                };
                faults.at(self.literal, message);
                return None;
            }
            _ => {}
        }
        let span = Span::call_site().located_at(self.literal.span());
        let Some(root) = self.root(&wanted.name, span) else {
            let known = arguments(self.function);
            faults.at(self.literal, format!("there is no argument `{}`; {known}", wanted.name));
            return None;
        };
        uses.insert(wanted.name.clone());
        let fields = wanted.fields.iter().map(|field| field.tokens(span));
        Some(Piece::Value(quote!(#root #(.#fields)*)))
    }

    /// The argument's name, resolved where the function stands but shown at the literal.
    fn root(&self, name: &str, span: Span) -> Option<TokenStream> {
        if name == "self" {
            let mut token = self.function.receiver.as_ref()?.self_token;
            token.span = token.span.located_at(span);
            return Some(token.to_token_stream());
        }
        let mut binding: Ident = self.function.bindings().find(|binding| binding.unraw() == name)?.clone();
        binding.set_span(binding.span().located_at(span));
        Some(binding.to_token_stream())
    }
}

/// Whether values cannot run into each other: `{a}{b}` and `{a}x{b}` make one key of different pairs.
fn separated(pieces: &[template::Piece]) -> bool {
    use template::Piece::{Placeholder, Text};
    pieces.windows(2).all(|pair| !matches!(pair, [Placeholder(_), Placeholder(_)]))
        && pieces.windows(3).all(|three| match three {
            [Placeholder(_), Text(text), Placeholder(_)] => {
                !text.starts_with(|c: char| c.is_alphanumeric() || c == '%')
            }
            _ => true,
        })
}

fn explained(mistake: &Mistake) -> String {
    match mistake {
        Mistake::Doubled(brace) => format!("braces cannot be part of a key; remove `{brace}{brace}`"),
        Mistake::Unpaired('{') => "`{` has no `}`".to_owned(),
        Mistake::Unpaired(_) => "`}` has no `{`".to_owned(),
        Mistake::Malformed(written) => {
            format!("`{{{written}}}` is no placeholder; write `{{name}}` or `{{name.field}}`")
        }
    }
}

/// The function's arguments, as a diagnostic lists them.
pub(super) fn arguments(function: &Function) -> String {
    let names = function.names();
    match names.len() {
        0 => "the function has no arguments".to_owned(),
        1 => format!("its argument is {}", listed(names)),
        _ => format!("its arguments are {}", listed(names)),
    }
}
