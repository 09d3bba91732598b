//! Templates with a function to resolve their placeholders in.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Ident, LitStr};

use crate::diagnostics::{Faults, listed};
use crate::hidden::{hidden, is_made_up};
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
        if !self.separated(&parsed) {
            let advice = "put text between them that starts with ASCII other than a letter, a digit or `%`";
            let message = format!("two placeholders without a separator; {advice}, as in `{{a}}:{{b}}`");
            faults.at(self.literal, message);
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

    /// Whether values cannot run into each other: `{a}{b}` and `{a}x{b}` make one key of different pairs.
    fn separated(&self, pieces: &[template::Piece]) -> bool {
        use template::Piece::{Placeholder, Text};
        let separates = |text: &str| text.starts_with(|c: char| self.separates(c));
        let adjacent = |pair: &[template::Piece]| matches!(pair, [Placeholder(_), Placeholder(_)]);
        !pieces.windows(2).any(adjacent)
            && pieces.windows(3).all(|three| match three {
                [Placeholder(_), Text(text), Placeholder(_)] => separates(text),
                _ => true,
            })
    }

    /// Whether the value before `c` escapes it: of what is not ASCII, only white space and control characters are.
    /// A tag is as `format!` writes it, and escapes nothing.
    fn separates(&self, c: char) -> bool {
        let escaped = c.is_ascii() || c.is_whitespace() || c.is_control() || self.within == Within::Tag;
        escaped && !c.is_alphanumeric() && c != '%'
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
            faults.at(self.literal, unknown(&wanted.name, "", self.function));
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

/// The argument whose name `literal` is: its braces have been forgotten.
pub(super) fn without_braces<'a>(literal: &LitStr, function: &'a Function) -> Option<&'a Ident> {
    let name = literal.value();
    function.bindings().find(|binding| binding.unraw() == name)
}

/// Refuses a level of a namespace that has no name.
pub(crate) fn levels(literal: &LitStr, faults: &mut Faults) {
    let value = literal.value();
    if !value.is_empty() && value.split(':').any(str::is_empty) {
        faults.at(literal, "a level of the namespace is empty; put text on both sides of each `:`");
    }
}

/// That there is no argument `name` (`act`: to do what), and what there is.
pub(crate) fn unknown(name: &str, act: &str, function: &Function) -> String {
    let hidden = hidden(function);
    let patterns = "under `#[async_trait]` a pattern has no names here";
    if let Some(hidden) = hidden.iter().find(|hidden| hidden.name == name) {
        let ty = hidden.ty.as_deref().unwrap_or("Type");
        return format!("there is no argument `{name}`{act}: {patterns}; write `{name}: {ty}`");
    }
    let known = arguments(function);
    let patterns = if hidden.is_empty() { String::new() } else { format!("; {patterns}") };
    format!("there is no argument `{name}`{act}; {known}{patterns}")
}

/// The function's arguments, as a diagnostic lists them.
fn arguments(function: &Function) -> String {
    let bindings = function.bindings().filter(|name| !is_made_up(name, function));
    let receiver = function.receiver.iter().map(|_| "self".to_owned());
    let names: Vec<_> = receiver.chain(bindings.map(|name| name.unraw().to_string())).collect();
    match names.len() {
        0 if function.parameters.is_empty() => "the function has no arguments".to_owned(),
        0 => "its arguments have no names".to_owned(),
        1 => format!("its argument is {}", listed(names)),
        _ => format!("its arguments are {}", listed(names)),
    }
}
